import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { START_US } from "../markets.ts";
import { exchangeAt } from "./rest_client.ts";

describe("the paper exchange's weights", () => {
  it("are counted on every answer as Binance counts them, and start from zero each minute", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, get } = await exchangeAt(clock);
    let used = 0;
    const weights: readonly (readonly [path: string, weight: number])[] = [
      ["ping", 1],
      ["depth?symbol=BTCUSDT", 5],
      ["depth?symbol=BTCUSDT&limit=101", 25],
      ["depth?symbol=BTCUSDT&limit=1000", 50],
      ["depth?symbol=BTCUSDT&limit=5000", 250],
      ["trades?symbol=BTCUSDT", 25],
      ["historicalTrades?symbol=BTCUSDT", 25],
      ["aggTrades?symbol=BTCUSDT", 4],
      ["klines?symbol=BTCUSDT&interval=1m", 2],
      ["ticker/24hr?symbol=BTCUSDT", 2],
      ["ticker/24hr", 80],
      ["ticker/price", 4],
      ["ticker/bookTicker?symbol=BTCUSDT", 2],
      ["exchangeInfo", 20],
    ];
    for (const [path, weight] of weights) {
      used += weight;
      expect((await get(path)).headers.get("X-MBX-USED-WEIGHT-1M"), path).toBe(String(used));
    }
    clock.advance(60_000);
    expect((await get("ping")).headers.get("X-MBX-USED-WEIGHT-1M")).toBe("1");
    await exchange.close();
  });

  it("beyond the limit give 429 until the minute is over, and 418 to a client that does not stop", async () => {
    const clock = new ManualClock(START_US + 15_000_000);
    const { exchange, get } = await exchangeAt(clock, { weight_per_minute: 50, refusals_before_ban: 3 });
    expect((await get("trades?symbol=BTCUSDT")).status).toBe(200);
    expect((await get("trades?symbol=BTCUSDT")).status).toBe(200);
    const limited = await get("trades?symbol=BTCUSDT");
    expect(limited.status).toBe(429);
    expect(limited.headers.get("Retry-After")).toBe("45");
    expect(limited.body.code).toBe(-1003);
    expect(limited.body.msg).toContain("current limit is 50 request weight per 1 MINUTE");
    clock.advance(45_000);
    expect((await get("ping")).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await get("trades?symbol=BTCUSDT")).status);
    expect(statuses).toEqual([200, 429, 429, 429, 418, 418]);
    const banned = await get("ping");
    expect(banned.headers.get("Retry-After")).toBe("120");
    expect(banned.body.msg).toContain(`IP banned until ${clock.now() / 1_000 + 120_000}`);
    clock.advance(120_000);
    expect((await get("ping")).status).toBe(200);
    await exchange.close();
  });

  it("can be made to give 429 for a stated time", async () => {
    const clock = new ManualClock(START_US);
    const { exchange, get } = await exchangeAt(clock);
    exchange.rest.refuseFor(7);
    const refused = await get("ping");
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "7"]);
    clock.advance(7_000);
    expect((await get("ping")).status).toBe(200);
    await exchange.close();
  });
});
