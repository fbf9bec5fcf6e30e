/** How often and how much a caller may ask, and whose address counts. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Access, type Credentials } from "../../../src/serve/access/access.ts";
import { networkOf, TrustedProxies } from "../../../src/serve/access/addresses.ts";
import { Rates } from "../../../src/serve/access/rates.ts";
import { createApp } from "../../../src/serve/app.ts";
import { StreamHub } from "../../../src/serve/stream/hub.ts";
import { FakeMarket } from "../fake_market.ts";

const anyone: Credentials = {
  fits: () => true,
  identify: async (id) => (id === "bad" ? "it is bad" : { actor: id, role: "viewer", id }),
  any: async () => true,
};

function serve(per_s = 2, proxies: string[] = []) {
  const market = new FakeMarket();
  market.tick(1_732_180_000);
  const clock = new ManualClock(1_732_180_001 * 1e6);
  const rates = {
    by_address: new Rates(clock, "address", per_s),
    by_key: new Rates(clock, "key", 5 * per_s),
    proxies: new TrustedProxies(proxies),
  };
  const access = new Access({ public_read: true, credentials: [anyone], rates });
  const hub = new StreamHub(market, clock);
  const app = createApp({ ports: market, hub, clock, log: silentLogger, access });
  const get = (path: string, from: string, headers: Record<string, string> = {}) =>
    app.request(path, { headers }, { requestIP: () => ({ address: from }) });
  const count = async (from: string, headers?: Record<string, string>, path = "/latest"): Promise<number> => {
    for (let n = 0; n < 1_000; n++) if ((await get(path, from, headers)).status === 429) return n;
    return Number.POSITIVE_INFINITY;
  };
  return { clock, get, count };
}

describe("the rate of a caller", () => {
  it("is that of its address, and says what is left and when to come back", async () => {
    const { get, count, clock } = serve();
    const first = await get("/latest", "192.0.2.1");
    expect(first.headers.get("ratelimit-policy")).toBe('"address";q=4;w=2');
    expect(first.headers.get("ratelimit")).toBe('"address";r=3;t=1');
    expect(await count("192.0.2.1")).toBe(3);
    const refused = await get("/latest", "192.0.2.1");
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ code: "RATE_LIMITED", status: 429 });
    expect((await get("/latest", "192.0.2.2")).status).toBe(200);
    expect((await get("/health/live", "192.0.2.1")).status).toBe(200);
    clock.advance(500);
    expect(await count("192.0.2.1")).toBe(1);
  });

  it("is that of its key where it has one, from wherever; guessing keys is counted to the address", async () => {
    const { count, get } = serve();
    expect(await count("192.0.2.1", { "x-api-key": "anna" })).toBe(20);
    expect((await get("/latest", "198.51.100.9", { "x-api-key": "anna" })).status).toBe(429);
    expect((await get("/latest", "192.0.2.1", { "x-api-key": "bob" })).status).toBe(200);
    const guessed = await Promise.all(
      Array.from({ length: 6 }, () => get("/latest", "203.0.113.5", { "x-api-key": "bad" })),
    );
    expect(guessed.map(({ status }) => status)).toEqual([401, 401, 401, 401, 429, 429]);
  });

  it("is not counted on this machine itself, but behind a proxy on it", async () => {
    expect(await serve().count("127.0.0.1")).toBe(Number.POSITIVE_INFINITY);
    expect(await serve().count("127.0.0.1", { "x-forwarded-for": "192.0.2.1" })).toBe(4);
  });

  it("does not believe X-Forwarded-For of a stranger", async () => {
    const { get } = serve(1, ["10.0.0.0/8"]);
    const from = async (connected: string, said: string) =>
      (await get("/latest", connected, { "x-forwarded-for": said })).status;
    expect([await from("192.0.2.1", "1.1.1.1"), await from("192.0.2.1", "1.1.1.2")]).toEqual([200, 200]);
    expect(await from("192.0.2.1", "1.1.1.3")).toBe(429);
    expect([await from("10.0.0.1", "1.1.1.1"), await from("10.0.0.2", "1.1.1.1")]).toEqual([200, 200]);
    expect(await from("10.0.0.1", "1.1.1.1")).toBe(429);
    expect(await from("10.0.0.1", "1.1.1.2")).toBe(200);
  });

  it("is kept for so many callers and no more", () => {
    const rates = new Rates(new ManualClock(0), "address", 1);
    for (let n = 0; n < LIMITS.rate_buckets_max + 100; n++) rates.take(String(n));
    expect(rates.size).toBe(LIMITS.rate_buckets_max);
  });
});

describe("a caller's address", () => {
  it("is the last one that no trusted proxy stands for", () => {
    const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
    expect(proxies.callerOf("10.1.1.1", "1.2.3.4, 5.6.7.8, 192.0.2.7")).toBe("5.6.7.8");
    expect(proxies.callerOf("::ffff:10.1.1.1", "5.6.7.8")).toBe("5.6.7.8");
    expect(proxies.callerOf("fd00::1", "2001:db8::1")).toBe("2001:db8::1");
    expect(proxies.callerOf("10.1.1.1", "nonsense")).toBe("10.1.1.1");
    expect(proxies.callerOf("10.1.1.1", "10.2.2.2")).toBe("10.2.2.2");
    expect(proxies.callerOf("8.8.8.8", "5.6.7.8")).toBe("8.8.8.8");
  });

  it("of IPv6 counts as its network", () => {
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(networkOf("2001:db8::6")).toBe("2001:db8:0:0");
    expect(networkOf("::1")).toBe("0:0:0:0");
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
  });

  it("of a proxy is refused at the start where it is none", () => {
    expect(readConfig({ TRUSTED_PROXIES: "10.0.0.1, fd00::/8" }).trusted_proxies).toEqual([
      "10.0.0.1",
      "fd00::/8",
    ]);
    for (const bad of ["10.0.0.0/33", "proxy.example", "10.0.0.1,"]) {
      expect(() => readConfig({ TRUSTED_PROXIES: bad })).toThrow(
        "TRUSTED_PROXIES: expected addresses or networks",
      );
    }
  });
});
