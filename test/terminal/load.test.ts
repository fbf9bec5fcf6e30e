/** `bun run load`: counts what real clients of a real server got, and holds it to k6's thresholds. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, it } from "vitest";
import { load } from "../../scripts/load/run.ts";
import { percentile, verdictsOf } from "../../scripts/load/thresholds.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { met } from "../met.ts";
import { FakeMarket } from "../serve/fake_market.ts";

const FOLDER = join(resolve(import.meta.dirname, "../.."), "ops/load");
const THRESHOLDS = JSON.parse(readFileSync(join(FOLDER, "thresholds.json"), "utf8"));
const running: RunningServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function loaded(market: FakeMarket) {
  const clock = systemClock;
  const server = await startServer({
    ports: market,
    port: 0,
    hostname: "127.0.0.1",
    log: silentLogger,
    clock,
  });
  running.push(server);
  const options = {
    url: server.url,
    symbol: "BTCUSDT",
    rate_per_s: 20,
    listeners: 3,
    seconds: 1,
    key: undefined,
  };
  const now_s = Math.floor(clock.now() / 1e6);
  market.tick(now_s - 1);
  const measuring = load({ ...options, clock });
  await met("the listeners", () => market.listeners > 0);
  for (let second = 0; second < 3; second++) market.tick(now_s + second);
  return measuring;
}

it("asks as often as it is told to, and hears what every listener hears", async () => {
  const { rates, trends } = await loaded(new FakeMarket());
  expect(rates.http_req_failed).toEqual([0, 20]);
  // Each request is a check, and each listener two: that it was let in, and that it heard.
  expect(rates.checks![1]).toBe(26);
  expect(rates.checks![0]).toBeGreaterThanOrEqual(23);
  expect(trends.http_req_duration).toHaveLength(20);
  const verdicts = verdictsOf(THRESHOLDS, { rates, trends });
  expect(verdicts.map(({ metric, expected }) => `${metric} ${expected}`)).toEqual([
    "http_req_failed rate<0.01",
    "http_req_duration p(95)<150",
    "http_req_duration p(99)<400",
    "forecast_behind_ms p(95)<1500",
    "checks rate>0.99",
  ]);
  expect(verdicts[0]!.holds).toBe(true);
});

it("counts what is refused as failed: the thresholds do not hold", async () => {
  const market = new FakeMarket();
  market.unavailable = { reason: "none yet", retry_after_s: 1 } as never;
  const measured = await loaded(market);
  expect(measured.rates.http_req_failed).toEqual([20, 20]);
  expect(verdictsOf(THRESHOLDS, measured)[0]).toMatchObject({ was: 1, holds: false });
});

it("reads k6's expressions, and refuses those it cannot hold", () => {
  expect(percentile([4, 1, 3, 2], 50)).toBe(2);
  expect(percentile([], 95)).toBeNaN();
  const none = { rates: { a: [0, 0] }, trends: { b: [] } } as const;
  expect(verdictsOf({ a: ["rate<0.01"], b: ["p(95)<1"] }, none).map(({ holds }) => holds)).toEqual([
    false,
    false,
  ]);
  expect(() => verdictsOf({ b: ["avg<1"] }, none)).toThrow(/threshold avg<1 of b/);
  expect(() => verdictsOf({ c: ["rate<1"] }, none)).toThrow(/of c expected/);
  expect(readFileSync(join(FOLDER, "k6.js"), "utf8")).toContain('open("./thresholds.json")');
});
