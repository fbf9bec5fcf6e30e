import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { Access } from "../../src/serve/access/access.ts";
import { createApp } from "../../src/serve/app.ts";
import { LatestAnswers } from "../../src/serve/messages/latest_bytes.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;

function serve(access?: Access) {
  const market = new FakeMarket();
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  market.tick(START_SEC);
  const hub = new StreamHub(market, clock);
  const app = createApp({ ports: market, hub, clock, log: silentLogger, ...(access ? { access } : {}) });
  const get = async (path = "/latest", headers: Record<string, string> = {}, method = "GET") =>
    await app.request(path, { headers, method });
  return { market, clock, get };
}

describe("/latest asked again", () => {
  it("is a 304 without a body as long as the forecast is the same, and the next one after the tick", async () => {
    const { market, get } = serve();
    const first = await get();
    const etag = first.headers.get("etag")!;
    const modified = first.headers.get("last-modified")!;
    expect(Date.parse(modified)).toBe(START_SEC * 1_000);
    for (const headers of [
      { "if-none-match": etag },
      { "if-none-match": `"other", W/${etag}` },
      { "if-none-match": "*" },
      { "if-modified-since": modified },
    ] as Record<string, string>[]) {
      const again = await get("/latest", headers);
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    }
    for (const headers of [
      { "if-none-match": '"other"' },
      // A tag goes before a time, and a time that cannot be read is none.
      { "if-none-match": '"other"', "if-modified-since": modified },
      { "if-modified-since": "yesterday" },
      { "if-modified-since": new Date((START_SEC - 1) * 1_000).toUTCString() },
    ] as Record<string, string>[]) {
      expect((await get("/latest", headers)).status).toBe(200);
    }
    market.tick(START_SEC + 1);
    const next = await get("/latest", { "if-none-match": etag, "if-modified-since": modified });
    expect(next.status).toBe(200);
    expect(await next.json()).toMatchObject({ ts_sec: START_SEC + 1 });
  });

  it("is an answer of its own for each series, symbol and version", async () => {
    const { market, get } = serve();
    market.predict(START_SEC, { ...market.recent()[0]!, role: "shadow", horizon_s: 60 });
    const tags = await Promise.all(
      ["/latest", "/latest?role=shadow"].map(async (path) => (await get(path)).headers.get("etag")!),
    );
    expect(new Set(tags).size).toBe(2);
    expect((await get("/latest?role=shadow", { "if-none-match": tags[0]! })).status).toBe(200);
  });

  it("may be kept until the next tick, by nobody but its caller where that gave a key", async () => {
    const credential = {
      ...{ fits: () => true, any: async () => true },
      identify: async () => ({ actor: "desk", role: "viewer" as const, id: "desk" }),
    };
    const { market, clock, get } = serve(new Access({ public_read: true, credentials: [credential] }));
    const kept = async (headers = {}) => (await get("/latest", headers)).headers.get("cache-control");
    expect(await kept()).toBe("max-age=0");
    market.interval_ms = 5_000;
    expect(await kept()).toBe("max-age=4");
    expect(await kept({ "x-api-key": "k" })).toBe("private, max-age=4");
    clock.advance(3_000);
    expect(await kept()).toBe("max-age=1");
    clock.advance(60_000);
    expect(await kept()).toBe("max-age=0");
    market.unavailable = { reason: "The feed has stopped." };
    expect(await kept()).toBe("no-store");
  });

  it("is encoded once a tick however often it is asked for, and what is kept is bounded", () => {
    const market = new FakeMarket();
    const answers = new LatestAnswers();
    const first = market.tick(START_SEC);
    expect(answers.of(first)).toBe(answers.of(first));
    expect(answers.made).toBe(1);
    for (let sec = START_SEC + 1; sec < START_SEC + 500; sec++) answers.of(market.tick(sec));
    expect(answers.made).toBe(500);
    answers.of(first);
    expect(answers.made).toBe(501);
  });
});

describe("HEAD", () => {
  it("answers wherever GET does, with the same headers and without a body", async () => {
    const { get } = serve();
    for (const path of ["/latest", "/predictions", "/health/live", "/metrics", "/", "/openapi.json"]) {
      const [whole, head] = [await get(path), await get(path, {}, "HEAD")];
      expect([head.status, await head.text()]).toEqual([whole.status, ""]);
      for (const name of ["content-type", "etag", "cache-control"]) {
        expect(head.headers.get(name)).toBe(whole.headers.get(name));
      }
    }
  });
});

describe("gzip", () => {
  it("is given of what is large, to who takes it, under a tag of its own", async () => {
    const { get } = serve();
    for (const path of ["/openapi.json", "/page/docs/docs.ts"]) {
      const plain = await get(path);
      const small = await get(path, { "accept-encoding": "br, gzip;q=0.8" });
      expect(plain.headers.get("content-encoding")).toBeNull();
      expect(small.headers.get("content-encoding")).toBe("gzip");
      expect(small.headers.get("etag")).not.toBe(plain.headers.get("etag"));
      const [text, bytes] = [await plain.text(), new Uint8Array(await small.arrayBuffer())];
      expect(bytes.length).toBeLessThan(text.length / 2);
      expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(text);
      const again = { "accept-encoding": "gzip", "if-none-match": small.headers.get("etag")! };
      expect((await get(path, again)).status).toBe(304);
      expect((await get(path, { "accept-encoding": "gzip;q=0" })).headers.get("content-encoding")).toBeNull();
    }
  });

  it("is not given of /latest, which is smaller than a packet", async () => {
    const { get } = serve();
    const answer = await get("/latest", { "accept-encoding": "gzip" });
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect((await answer.arrayBuffer()).byteLength).toBeLessThan(1_400);
  });
});
