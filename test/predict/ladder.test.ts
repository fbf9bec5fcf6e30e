/** The ladder a symbol's forecast comes down where something is missing: which rung, how much it is worth, and when none. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { type Micros, micros, priceE8, US_PER_SEC } from "../../src/base/units.ts";
import type { Label } from "../../src/features/label.ts";
import { indicators } from "../../src/features/sets/indicators.ts";
import { trades } from "../../src/features/sets/trades.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import type { Role } from "../../src/model/role.ts";
import { Ladder } from "../../src/predict/ladder/ladder.ts";
import type { ClosedSecond } from "../../src/predict/lane/output.ts";
import { NO_WORTH, type Prediction } from "../../src/predict/prediction.ts";
import { Predictor } from "../../src/predict/predictor.ts";
import type { Forecast } from "../../src/predict/score/scorer.ts";
import { START, second, Watching } from "./ticks.ts";

const SETS = { v1, trades, indicators };
type SetName = keyof typeof SETS;

function model(set: SetName, version: string, { yhat = 0.001, fails = false, label = "mid" as Label } = {}) {
  const made = new Watching(SETS[set], 1, label, { version });
  const infer = made.infer.bind(made);
  made.infer = async (hash, values) => {
    if (fails) throw new TypeError("torn");
    return { ...(await infer(hash, values)), yhat };
  };
  return made;
}

/** What is not known at a second. */
interface Missing {
  readonly sets?: readonly SetName[];
  readonly price?: boolean;
  /** The quotes alone. */
  readonly mid?: boolean;
  readonly doubted?: boolean;
  readonly open_breaks?: ClosedSecond["open_breaks"];
  /** How far the second's close is behind (ms). */
  readonly late_ms?: number;
}

class Stage {
  readonly clock = new ManualClock(START * US_PER_SEC);
  readonly predictions: Prediction[] = [];
  readonly fallbacks: Forecast["fallbacks"][] = [];
  readonly predictor: Predictor;
  readonly ladder = new Ladder({ wantTicker: () => this.wanted++ });
  wanted = 0;
  #offset = 0;

  constructor(champion: Watching, beside: readonly (readonly [Role, Watching])[] = [], ladder = true) {
    const slots = beside.map(([role, one]) => new ModelSlot(one, silentLogger, role));
    this.predictor = new Predictor({
      roster: { champion: new ModelSlot(champion, silentLogger), beside: slots },
      ladder: ladder ? this.ladder : undefined,
      clock: this.clock,
      log: silentLogger,
      deadline_ms: 200,
      grace_ms: 250,
      exchangeTime: (now_us) => now_us,
      interval_ms: 1_000,
      worth: (forecast) => {
        this.fallbacks.push(forecast.fallbacks);
        return NO_WORTH;
      },
      onPrediction: (prediction) => this.predictions.push(prediction),
    });
  }

  get now_us(): Micros {
    return micros((START + this.#offset) * US_PER_SEC);
  }

  /** Seconds of a price that rises by one quote unit each; returns what was served at each, the newest last. */
  async play(count: number, missing: Missing = {}): Promise<(string | undefined)[]> {
    const served: (string | undefined)[] = [];
    for (let left = count; left > 0; left--) {
      const offset = this.#offset++;
      this.clock.advance(missing.late_ms ?? 0);
      const { sets = [], price = false, mid = price, doubted, open_breaks } = missing;
      const vectors = (Object.keys(SETS) as SetName[]).flatMap(
        (name) =>
          second(SETS[name], offset, { hole: sets.includes(name), warm: !sets.includes(name) }).vectors,
      );
      const close_e8 = price ? undefined : (61_000 + offset) * 1e8;
      const before = this.predictions.length;
      this.predictor.onClosed({
        ...second(v1, offset),
        ...{ vectors, doubted, open_breaks, close_e8 },
        mid_sum_e8: mid ? undefined : 2 * (61_000 + offset) * 1e8,
      });
      await this.predictor.idle();
      const made = this.predictions.slice(before).filter((one) => one.served);
      expect(made.length).toBeLessThan(2);
      served.push(made[0] && `${made[0].source} ${made[0].model_version}`);
      this.clock.advance(1_000 - (missing.late_ms ?? 0));
    }
    return served;
  }
}

const ALL: readonly SetName[] = ["v1", "trades", "indicators"];

describe("a vector with a null", () => {
  it("is shown with the last known value for five seconds, not warm, its price the last known", async () => {
    const champion = model("v1", "m/1");
    const stage = new Stage(champion);
    expect(await stage.play(3)).toEqual(Array(3).fill("onnx m/1"));
    const served = await stage.play(5, { sets: ALL, price: true });
    expect(served).toEqual(Array(5).fill("fallback_last_value m/1"));
    expect(champion.shown.at(-1)!.slice(2, 5)).toEqual([7, 2, 7]);
    expect(stage.predictions.at(-1)).toMatchObject({
      ...{ role: "champion", warm: false, current_price: 61_002, mid_sum_e8: null, close_e8: null },
      predicted_price: 61_002 * Math.exp(0.001),
    });
    expect(stage.fallbacks.at(-1)).toEqual(["last_value"]);
    expect(stage.predictor.counters).toMatchObject({ predictions: 3, approximated: 5, skipped_null: 5 });
    expect(await stage.play(2, { sets: ALL, price: true })).toEqual([undefined, undefined]);
    expect(stage.predictor.reason).toContain("not known");
  });

  it("counts the age of a value from where the data ended, not from when that was noticed", async () => {
    const stage = new Stage(model("v1", "m/1"));
    await stage.play(3);
    const ended = { ts_us: micros((START - 1) * US_PER_SEC), noticed_us: stage.now_us };
    const before = {
      ts_us: micros((START - 900) * US_PER_SEC),
      noticed_us: micros((START - 890) * US_PER_SEC),
    };
    const served = await stage.play(3, { sets: ALL, price: true, open_breaks: [before, ended] });
    expect(served).toEqual(["fallback_last_value m/1", "fallback_last_value m/1", undefined]);
  });

  it("goes to a model of a set that is whole, then to the ticker, then to the trend, then there is none", async () => {
    const small = model("trades", "small/1", { label: "mid" });
    const chart = model("indicators", "chart/1");
    const stage = new Stage(model("v1", "m/1"), [
      ["shadow", chart],
      ["shadow", small],
    ]);
    await stage.play(20);
    await stage.play(5, { sets: ["v1", "indicators"] });
    const [after] = await stage.play(1, { sets: ["v1", "indicators"] });
    expect(after).toBe("fallback_set small/1");
    expect(stage.predictions.at(-1)).toMatchObject({ role: "shadow", warm: true });
    expect(stage.fallbacks.at(-1)).toEqual(["other_set"]);
    expect(stage.wanted).toBe(0);

    expect((await stage.play(1, { sets: ALL })).at(-1)).toBe("fallback_trend trend/1");
    expect(stage.wanted).toBe(1);
    const { yhat_log_return, current_price, role, warm, feature_set } = stage.predictions.at(-1)!;
    // A quote unit a second: ten in ten seconds.
    expect(current_price * Math.exp(yhat_log_return)).toBeCloseTo(current_price + 10, 1);
    expect({ role, warm, feature_set }).toEqual({ role: "fallback", warm: false, feature_set: "v1" });
    expect(stage.fallbacks.at(-1)).toContain("linear_trend");

    const reading = (at_us: number) => ({
      at_us: micros(at_us),
      ...{ last_e8: priceE8(5_999e8), bid_e8: priceE8(6_000e8), ask_e8: priceE8(6_002e8) },
      ...{ mean_e8: priceE8(5_800e8), change_pct: 14.4, volume: 2_880 },
    });
    stage.ladder.onTicker(reading(stage.now_us - 0.4 * US_PER_SEC));
    // What it says of after the instant is not used.
    stage.ladder.onTicker(reading(stage.now_us + 0.1 * US_PER_SEC));
    expect(await stage.play(1, { sets: ALL, price: true })).toEqual(["fallback_ticker chart/1"]);
    expect(stage.predictions.at(-1)).toMatchObject({
      ...{ role: "shadow", warm: false, current_price: 6_001, mid_sum_e8: null, features_age_ms: 400 },
    });
    expect(stage.fallbacks.at(-1)).toEqual(["rest_ticker"]);
    const shown = Object.fromEntries(indicators.names.map((name, at) => [name, chart.shown.at(-1)![at]]));
    expect(shown).toMatchObject({
      ...{ rsi_value: 50, stoch_k: 50, macd_line: 0, ema_12: 5_999, bollinger_upper: 5_999, vwap: 5_800 },
      ...{ price_change_pct: 0.01, volume_ma: 2, volatility: 0 },
    });
    await stage.play(5, { sets: ALL, price: true });
    expect(await stage.play(1, { sets: ALL, price: true })).toEqual([undefined]);
    expect(stage.predictor.counters).toMatchObject({ predictions: 20 });
  });

  it("draws the line through the trades' prices where the quotes, which the champion's label is of, are gone for good", async () => {
    const stage = new Stage(model("v1", "m/1"));
    await stage.play(20);
    const served = await stage.play(70, { sets: ["v1"], mid: true });
    expect(served.slice(0, 5)).toEqual(Array(5).fill("fallback_last_value m/1"));
    expect(served.slice(5)).toEqual(Array(65).fill("fallback_trend trend/1"));
    const { label, current_price, yhat_log_return } = stage.predictions.at(-1)!;
    expect({ label, current_price }).toEqual({ label: "last", current_price: 61_089 });
    expect(current_price * Math.exp(yhat_log_return)).toBeCloseTo(current_price + 10, 1);
  });

  it("does not take what was known before the trades broke off for the price of now", async () => {
    const stage = new Stage(model("v1", "m/1", { label: "last" }));
    await stage.play(20);
    const ended = { stream: "trade", ts_us: stage.now_us, noticed_us: stage.now_us } as const;
    // The last price stands in every second, and is that of the last trade.
    const served = await stage.play(8, { sets: ALL, mid: true, open_breaks: [ended] });
    expect(served).toEqual([...Array(5).fill("fallback_last_value m/1"), undefined, undefined, undefined]);
  });

  it("goes to no other model's vector where the trades have been gone for longer than a value may stand in", async () => {
    const beside = [
      ["shadow", model("trades", "small/1", { label: "last" })],
      ["fallback", model("indicators", "good/1", { label: "last" })],
    ] as const;
    const stage = new Stage(model("v1", "m/1", { label: "last" }), beside);
    await stage.play(20);
    await stage.play(5, { sets: ["v1"] });
    const quotes = { stream: "quote", ts_us: micros((START - 60) * US_PER_SEC) } as const;
    const all = { ts_us: stage.now_us };
    const served = await stage.play(7, { sets: ["v1"], mid: true, open_breaks: [quotes, all] });
    expect(served).toEqual([...Array(6).fill("fallback_model good/1"), undefined]);
  });

  it("gives no forecast where what comes in is not believed, after the deadline, or with the ladder off", async () => {
    const beside = [["shadow", model("trades", "small/1")]] as const;
    const stage = new Stage(model("v1", "m/1"), beside);
    await stage.play(20);
    expect(await stage.play(1, { sets: ["v1"], doubted: true })).toEqual([undefined]);
    expect(await stage.play(1, { sets: ["v1"], late_ms: 460 })).toEqual([undefined]);
    expect(await stage.play(1, { sets: ["v1"] })).toEqual(["fallback_last_value m/1"]);
    const off = new Stage(model("v1", "m/1"), beside, false);
    await off.play(20);
    expect(await off.play(1, { sets: ["v1"] })).toEqual([undefined]);
  });
});

describe("a model that gives no forecast of a live vector", () => {
  it("goes to the last good one, and where that fails too to no move, under its own name", async () => {
    const broken = () => model("v1", "m/1", { fails: true });
    const small = ["shadow", model("trades", "small/1")] as const;
    const stood_in = new Stage(broken(), [small, ["fallback", model("v1", "good/1")]]);
    expect(await stood_in.play(2)).toEqual(Array(2).fill("fallback_model good/1"));
    expect(stood_in.predictions.at(-1)).toMatchObject({ role: "fallback", warm: true });
    expect(stood_in.fallbacks.at(-1)).toEqual([]);

    const none = new Stage(broken(), [small, ["fallback", model("v1", "good/1", { fails: true })]]);
    expect(await none.play(2)).toEqual(Array(2).fill("fallback_zero zero/1"));
    expect(none.predictions.at(-1)).toMatchObject({
      ...{ role: "fallback", warm: false, yhat_log_return: 0, current_price: 61_001 },
      ...{ feature_set: "v1", horizon_s: 10, label: "mid" },
    });
    expect(none.predictor.counters).toMatchObject({ failed: 2, stood_in: 2, predictions: 0 });
  });
});
