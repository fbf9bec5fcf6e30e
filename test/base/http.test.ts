/** Bounds of HTTP clients, against a real server. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { keepLoopbackFromProxy, readText, redirectOf, retryAfterSeconds } from "../../src/base/http.ts";
import { refusal } from "./rejection.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

function serve(answer: (request: Request) => Response): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  cleanups.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

describe("a body", () => {
  it("is read to its end below the bound, and left where it is beyond, announced or not", async () => {
    let sent = 0;
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 1 << 16;
            controller.enqueue(new Uint8Array(1 << 16));
          },
        }),
      );
    const url = serve(({ url }) => {
      const path = new URL(url).pathname;
      if (path === "/endless") return endless();
      return new Response(path === "/large" ? "x".repeat(2_000) : "€ small");
    });
    expect(await readText(await fetch(`${url}/small`), 1_000, "REST_BODY")).toBe("€ small");
    for (const path of ["large", "endless"]) {
      const error = await refusal(readText(await fetch(`${url}/${path}?key=secret`), 1_000, "REST_BODY"));
      expect(error).toMatchObject({
        code: "REST_BODY",
        message: expect.stringMatching(
          new RegExp(`^the body of ${url}/${path} expected at most 1000 bytes, was \\d+`),
        ),
      });
    }
    expect(sent).toBeLessThan(150_000_000);
  });
});

describe("an answer", () => {
  it("that points elsewhere is named by the other's origin", async () => {
    const url = serve(() => Response.redirect("https://example.com/a?b=c", 307));
    const response = await fetch(url, { redirect: "manual" });
    expect(redirectOf(response, url)).toBe("https://example.com");
    expect(redirectOf(new Response("", { status: 200 }), url)).toBeUndefined();
    expect(redirectOf(new Response("", { status: 302, headers: { location: "/x" } }), url)).toBe(url);
    expect(redirectOf(new Response("", { status: 302 }), url)).toBe(url);
  });

  it("asks to wait in seconds or until a date, and is obeyed up to a bound", () => {
    const wait = (value?: string) =>
      retryAfterSeconds(
        new Headers(value === undefined ? {} : { "retry-after": value }),
        1_000_000_000_000,
        86_400,
      );
    expect([wait("7"), wait("0"), wait("2592000"), wait("-5"), wait("soon"), wait()]).toEqual([
      7,
      0,
      86_400,
      undefined,
      undefined,
      undefined,
    ]);
    expect(wait(new Date(1_000_000_030_000).toUTCString())).toBe(30);
    expect(wait(new Date(999_999_000_000).toUTCString())).toBe(0);
  });
});

describe("a proxy", () => {
  it("is not asked for this machine, and keeps what was excepted before", async () => {
    const asked: string[] = [];
    const proxy = serve(({ url }) => {
      asked.push(url);
      return new Response("from the proxy");
    });
    const own = serve(() => new Response("from this machine"));
    const before = { ...process.env };
    cleanups.push(() => {
      for (const name of ["HTTP_PROXY", "NO_PROXY", "no_proxy"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });
    process.env.HTTP_PROXY = proxy;
    process.env.NO_PROXY = "intern.example";
    expect(await (await fetch(own)).text()).not.toBe("from this machine");
    keepLoopbackFromProxy();
    expect(await (await fetch(own)).text()).toBe("from this machine");
    expect(await (await fetch(own.replace("127.0.0.1", "localhost"))).text()).toBe("from this machine");
    expect(process.env.NO_PROXY!.split(",")).toContain("intern.example");
  });

  it("that is not set changes nothing", () => {
    const environment = {};
    keepLoopbackFromProxy(environment);
    expect(environment).toEqual({});
  });
});

describe("the system's clock", () => {
  it("does not fire at once for a wait that is longer than a timer can count", async () => {
    let fired = 0;
    const timers = [2_592_000_000, 2 ** 31, Number.POSITIVE_INFINITY].map((ms) =>
      systemClock.after(ms, () => fired++),
    );
    const soon = Promise.withResolvers<void>();
    timers.push(systemClock.after(20, soon.resolve));
    await soon.promise;
    expect(fired).toBe(0);
    for (const timer of timers) timer.cancel();
  });
});
