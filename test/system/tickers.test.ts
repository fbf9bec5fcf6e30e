/** The exchange's ticker as it is asked for: sparingly, in turn, and never in the way of what mends the data. */

import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { micros, priceE8, US_PER_SEC } from "../../src/base/units.ts";
import type { TickerReading } from "../../src/predict/ladder/ticker.ts";
import { Tickers } from "../../src/system/symbol/tickers.ts";
import { settled } from "../predict/ticks.ts";

const READING: TickerReading = {
  at_us: micros(1_732_180_000_000_000),
  ...{ last_e8: priceE8(1e8), bid_e8: priceE8(1e8), ask_e8: priceE8(2e8), mean_e8: priceE8(1e8) },
  ...{ change_pct: 1, volume: 1 },
};

class Asked {
  readonly clock = new ManualClock(0);
  readonly asked: string[] = [];
  readonly came: string[] = [];
  load = { waiting: 0, weight_used: 0, weight_allowed: 1_000 };
  answer: () => Promise<TickerReading> = async () => READING;
  cut = 0;
  readonly tickers: Tickers;

  constructor() {
    const stage = this;
    this.tickers = new Tickers({
      clock: this.clock,
      log: silentLogger,
      rest: {
        get load() {
          return stage.load;
        },
        until: (signal) => ({
          ticker24h: (symbol) => {
            this.asked.push(`${this.clock.now() / US_PER_SEC} ${symbol}`);
            signal.addEventListener("abort", () => this.cut++);
            return this.answer();
          },
        }),
      },
    });
  }

  want(symbol: string): void {
    this.tickers.want(symbol, () => this.came.push(symbol));
  }

  async pass(ms: number): Promise<void> {
    await settled();
    this.clock.advance(ms);
    await settled();
  }
}

it("asks once a second for all symbols together, each in its turn, and only while one is wanted", async () => {
  const stage = new Asked();
  for (let at = 0; at < 4; at++) {
    for (const symbol of ["BTCUSDT", "ETHUSDT"]) stage.want(symbol);
    await stage.pass(500);
  }
  expect(stage.asked).toEqual(["0 BTCUSDT", "1 ETHUSDT", "2 BTCUSDT"]);
  await stage.pass(10_000);
  expect(stage.asked).toHaveLength(4);
  expect(stage.came).toEqual(["BTCUSDT", "ETHUSDT", "BTCUSDT", "ETHUSDT"]);
});

it("asks nothing while REST has requests waiting or has used its weight, cuts what hangs, and asks again", async () => {
  const stage = new Asked();
  for (const load of [
    { waiting: 1, weight_used: 0, weight_allowed: 1_000 },
    { waiting: 0, weight_used: 801, weight_allowed: 1_000 },
  ]) {
    stage.load = load;
    stage.want("BTCUSDT");
    await stage.pass(1_000);
  }
  expect(stage.asked).toEqual([]);
  expect(stage.tickers.counters.refused).toBe(2);
  stage.load = { waiting: 0, weight_used: 800, weight_allowed: 1_000 };
  stage.answer = () => new Promise(() => {});
  stage.want("BTCUSDT");
  await stage.pass(2_000);
  expect(stage).toMatchObject({ cut: 1, came: [] });
  stage.answer = async () => READING;
  stage.want("BTCUSDT");
  await stage.pass(0);
  expect(stage.came).toEqual(["BTCUSDT"]);
  stage.tickers.close();
  stage.want("BTCUSDT");
  await stage.pass(5_000);
  expect(stage.asked).toHaveLength(2);
});
