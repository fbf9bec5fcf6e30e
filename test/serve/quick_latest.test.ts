import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { Access } from "../../src/serve/access/access.ts";
import { TrustedProxies } from "../../src/serve/access/addresses.ts";
import { Rates } from "../../src/serve/access/rates.ts";
import { Sites } from "../../src/serve/access/sites.ts";
import { createApp } from "../../src/serve/app.ts";
import { quickLatest } from "../../src/serve/quick_latest.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;

function serve(accessOf: (clock: ManualClock) => Access, sites = new Sites()) {
  const market = new FakeMarket();
  market.tick(START_SEC);
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  const hub = new StreamHub(market, clock);
  const app = createApp({ ports: market, hub, clock, log: silentLogger, access: accessOf(clock), sites });
  // Each with buckets of its own, so that what one takes is not missing at the other.
  const quick = quickLatest(market, clock, accessOf(clock), sites);
  const server = { requestIP: () => ({ address: "203.0.113.7" }) };
  const both = async (path: string, init: RequestInit = {}) => {
    const [routed, direct] = [0, 1].map(() => new Request(`http://localhost:8080${path}`, init));
    return { routed: await app.fetch(routed!, server), direct: quick(direct!, server) };
  };
  return { market, both };
}

const open = () => new Access({ public_read: true, credentials: [] });
const limited = (clock: ManualClock) =>
  new Access({
    ...{ public_read: true, credentials: [] },
    rates: { by_address: new Rates(clock, "address", 1), proxies: new TrustedProxies([]) },
  });

it("answers as the router does, status, headers and bytes", async () => {
  for (const access of [open, limited]) {
    const { market, both } = serve(access);
    const etag = (await both("/latest")).direct!.headers.get("etag")!;
    for (const [path, headers] of [
      ["/latest", { "x-request-id": "mine" }],
      ["/latest?symbol=BTCUSDT", { "x-request-id": "mine", "if-none-match": etag }],
    ] as [string, Record<string, string>][]) {
      if (access === limited && headers["if-none-match"]) continue;
      const { routed, direct } = await both(path, { headers });
      expect(direct!.status).toBe(routed.status);
      expect([...direct!.headers].sort()).toEqual([...routed.headers].sort());
      expect(await direct!.text()).toBe(await routed.text());
    }
    const said = await market.metrics.text();
    expect(said).toContain('foretick_http_request_seconds_count{route="/latest",status="200"} ');
  }
});

it("answers as the router does where sites are named, and leaves a page's request to it", async () => {
  const { both } = serve(open, new Sites(["https://app.example.com"]));
  const { routed, direct } = await both("/latest", { headers: { "x-request-id": "mine" } });
  expect([...direct!.headers].sort()).toEqual([...routed.headers].sort());
  expect((await both("/latest", { headers: { origin: "https://app.example.com" } })).direct).toBeUndefined();
});

it("leaves to the router what is asked otherwise, by somebody who is known, too often, or in vain", async () => {
  const { market, both } = serve(limited);
  for (const [path, init] of [
    ["/latest", { method: "HEAD" }],
    ["/latest", { method: "POST" }],
    ["/latest?wait=5", {}],
    ["/latest?role=shadow", {}],
    ["/latest?symbol=NOSUCH", {}],
    ["/latest/", {}],
    ["/health", {}],
    ["/latest", { headers: { "x-api-key": "k" } }],
    ["/latest", { headers: { authorization: "Bearer k" } }],
    ["/latest", { headers: { "x-client-id": "desk" } }],
  ] as [string, RequestInit][]) {
    const quick = quickLatest(market, new ManualClock(0), open(), new Sites());
    expect(quick(new Request(`http://localhost:8080${path}`, init), {})).toBeUndefined();
  }
  const closed = quickLatest(
    market,
    new ManualClock(0),
    new Access({ public_read: false, credentials: [] }),
    new Sites(),
  );
  expect(closed(new Request("http://localhost:8080/latest"), {})).toBeUndefined();
  // Two at once are in the bucket.
  const answers = [await both("/latest"), await both("/latest"), await both("/latest")];
  expect(answers.map(({ routed, direct }) => [routed.status, direct?.status])).toEqual([
    [200, 200],
    [200, 200],
    [429, undefined],
  ]);
  market.unavailable = { reason: "The feed has stopped." };
  expect((await both("/latest")).direct).toBeUndefined();
});
