import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectProblem, serve } from "../asked_app.ts";

describe("every path", () => {
  const PATHS = ["/latest", "/features/latest", "/predictions", "/health", "/stream"];

  it("answers GET and HEAD alone", async () => {
    const { app, get } = serve(undefined, 1);
    for (const path of [...PATHS, "/metrics", "/"]) {
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const answer = await get(path, { method });
        expectProblem(answer, 405, "METHOD_NOT_ALLOWED");
        expect(answer.headers.get("allow")).toBe("GET, HEAD");
      }
    }
    const head = await app.request("/latest", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
  });

  it("has a problem for a path that is not there, and for a stream asked without an upgrade", async () => {
    const { get } = serve();
    expectProblem(await get("/nope"), 404, "NOT_FOUND");
    expectProblem(await get("/%E0%A4%A"), 404, "NOT_FOUND");
    expectProblem(await get("/page/../server.ts"), 404, "NOT_FOUND");
    const plain = await get("/stream");
    expectProblem(plain, 426, "UPGRADE_REQUIRED");
    expect(plain.headers.get("upgrade")).toBe("websocket");
    const kinds = await get("/stream?kinds=prediction,gossip");
    expectProblem(kinds, 400, "REQUEST_INVALID");
    expect(kinds.body.field).toBe("kinds");
  });

  it("keeps what went wrong inside to itself: code and request id, no more", async () => {
    const { market, get } = serve(undefined, 1);
    market.latest = () => {
      throw new TypeError("secret: postgres://user:password@host");
    };
    const answer = await get("/latest", { headers: { "x-request-id": "trace-7" } });
    expectProblem(answer, 500, "INTERNAL");
    expect(answer.headers.get("x-request-id")).toBe("trace-7");
    expect(Object.keys(answer.body).sort()).toEqual(["code", "request_id", "status", "title", "type"]);
    expect(JSON.stringify(answer.body)).not.toContain("secret");
  });

  it("does not echo a request id that could break a log line", async () => {
    const answer = await serve().get("/health", { headers: { "x-request-id": "a b{}" } });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers any query string with 200 or a 4xx problem, never with a fault of its own", async () => {
    const { get } = serve(undefined, 2);
    const name = fc.oneof(
      fc.constantFrom("symbol", "from", "to", "limit", "kinds", "__proto__", "constructor", "%", "%zz", ""),
      fc.string(),
    );
    const value = fc.oneof(
      fc.constantFrom("BTCUSDT", "1732180000", "99999999999", "%", "%00", "%ff", "NaN", "1e9", "null", "+"),
      fc.string({ unit: "binary", maxLength: 60 }).map(encodeURIComponentSafely),
      fc.string(),
    );
    const query = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) =>
      pairs
        .map(([left, right]) => `${left}=${right}`)
        .join("&")
        .replaceAll("#", "%23"),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), query, async (path, text) => {
        const answer = await get(`${path}?${text}`);
        if (answer.status === 200) return;
        expect(answer.status).toBeGreaterThanOrEqual(400);
        // The fake has no vector, so a sound request for one is told so; nothing else may be a 5xx.
        if (path === "/features/latest" && answer.status === 503) return;
        expect(answer.status).toBeLessThan(500);
        expectProblem(answer, answer.status, String(answer.body.code));
      }),
      { numRuns: 600 },
    );
  });
});

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

describe("the page's files", () => {
  it("are safe for a browser, without anything inline or from elsewhere", async () => {
    const { get } = serve();
    const { headers, body } = await get("/");
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(body.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:/);
  });

  it("come as JavaScript the browser can read, and are not sent twice", async () => {
    const { get } = serve();
    const script = await get("/page/main.ts");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(script.body.text).not.toContain("import type");
    const etag = script.headers.get("etag")!;
    expect((await get("/page/main.ts", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await get("/page/main.ts", { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    expect((await get("/page/tsconfig.json")).status).toBe(404);
  });
});
