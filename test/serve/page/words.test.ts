import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PredictionRowJson } from "../../../src/serve/messages/predictions.ts";
import { HISTORY_S, History, verdictOf } from "../../../src/serve/page/live/history.ts";
import { everyFor, longSeries } from "../../../src/serve/page/live/long_series.ts";
import {
  ageText,
  bpText,
  forecastWords,
  horizonWords,
  makerWords,
  priceText,
  qualityWords,
  scoreWords,
  signalWords,
  sourceWords,
  worthWords,
} from "../../../src/serve/page/words.ts";
import { FakeMarket } from "../fake_market.ts";

const row = (fields: Partial<PredictionRowJson> = {}): PredictionRowJson => ({
  ...new FakeMarket().tick(1_732_180_000),
  ...{ realized_log_return: null, realized_price: null },
  ...{ realized_mid_log_return: null, realized_last_log_return: null },
  ...fields,
});
const TEN = { horizon_s: 10 };

describe("the page's words", () => {
  it("round what they show, never to a signed zero", () => {
    expect(bpText(0.00003)).toBe("+0.30 bp");
    expect(bpText(-0.00003)).toBe("−0.30 bp");
    expect(bpText(-1e-9)).toBe("0.00 bp");
    expect(bpText(null)).toBe("–");
    expect(priceText(61_838.255)).toBe("61,838.26");
    expect(priceText(0.0712345678)).toBe("0.0712346");
  });

  it("say why nothing is done where no direction is sure enough, and where there is nothing to earn", () => {
    const signal = { direction: "HOLD", recommendation: "AVOID", confidence: 61.24, cost_bp: 2 } as const;
    expect(signalWords({ signal })).toBe(
      "A move counts from 2.00 bp, what a trade costs. None of the three is sure enough: " +
        "the likeliest, HOLD, has 61.2 %. So nothing is done.",
    );
    const hold = { ...signal, recommendation: "STRONG_HOLD", confidence: 97 } as const;
    expect(signalWords({ signal: hold })).toContain("there is nothing to earn");
    const buy = { ...signal, direction: "BUY", recommendation: "WEAK_BUY", confidence: 70 } as const;
    expect(signalWords({ signal: buy })).toMatch(/BUY has 70\.0 %\.$/);
  });

  it("say how good a model has been, how sure that is, and on how many outcomes it rests", () => {
    const figures = { n_effective: 8_641.3, r2: 0.0021, r2_low: -0.001, r2_high: 0.0052 };
    const said = qualityWords({ ...figures, window: "1d", baselines: {} });
    expect(said.figure).toBe(
      "R² against no move, the last day: +0.21 % (95 of 100 times between −0.10 and +0.52 %).",
    );
    expect(said.rests).toBe(
      "It rests on about 8,641 independent outcomes. Whether it is better than forecasting no move is not shown.",
    );
    expect(said.ridge).toBe("");
    const of = (changes: object) => qualityWords({ ...figures, window: "1h", baselines: {}, ...changes });
    expect(of({ r2_low: 0.001 }).rests).toContain("It is better than forecasting no move.");
    expect(of({ r2_high: -0.0001 }).rests).toContain("It is worse");
    const few = of({ r2_low: null, r2_high: null, baselines: { ridge: figures } });
    expect(few.figure).toBe("R² against no move, the last hour: +0.21 %.");
    expect(few.rests).toContain("too few to say how sure it is");
    expect(few.ridge).toContain("Ridge on the same seconds: +0.21 %");
    expect(of({ r2: null }).figure).toContain("nothing moved");
  });

  it("tell an age in the unit a person would", () => {
    expect([null, -3, 230, 9_960, 12_400, 75_000, 7_260_000, 266_400_000].map(ageText)).toEqual([
      "nothing yet",
      "0.0 s",
      "0.2 s",
      "10.0 s",
      "12 s",
      "1 min 15 s",
      "2 h 1 min",
      "3 d 2 h",
    ]);
  });

  it("do not call a forecast up or down that rounds to nothing", () => {
    const flat = { yhat_log_return: 4e-7, current_price: 61_838, predicted_price: 61_838.02 };
    expect(forecastWords(row(flat))).toMatch(/^No change to speak of by /);
    const down = { yhat_log_return: -3e-5, current_price: 61_838, predicted_price: 61_836.145 };
    expect(forecastWords(row(down))).toMatch(/^Down 0\.30 bp, −1\.8[56], by \d\d:\d\d:\d\d$/);
  });

  it("say what a forecast is worth, and nothing while that is not known", () => {
    const worth = { lower_price: 61_829.12, upper_price: 61_853.85, interval_coverage: 0.9, p_up: 0.5171 };
    expect(worthWords(row(worth))).toBe(
      "9 of 10 times between 61,829.12 and 61,853.85; up with 52 % if it moves",
    );
    expect(worthWords(row({ ...worth, lower_price: null }))).toBe("");
  });

  it("say of a hit-rate what a coin would have shown, and nothing where there is too little", () => {
    expect(scoreWords({ ...TEN, decided: 30, right: 30, independent: 3 })).toContain(
      "Too few to say anything",
    );
    expect(scoreWords({ ...TEN, decided: 250, right: 140, independent: 25 })).toBe(
      "Direction right in 140 of 250 (56 %). They overlap and are worth about 25 independent ones: " +
        "a coin would show anything from 30 to 70 %.",
    );
  });
});

describe("the page's words for a model", () => {
  it("say its role, its name and how far ahead it looks", () => {
    const long = { model_version: "minute-v1/2", role: "challenger", horizon_s: 60 } as const;
    expect(makerWords(row())).toBe("Made by the champion ridge-v1, of the mid price ten seconds ahead.");
    expect(makerWords({ ...long, label: "last" })).toBe(
      "Made by the challenger minute-v1, of the last trade's price one minute ahead.",
    );
    expect([10, 45, 60, 300].map(horizonWords)).toEqual([
      "ten seconds",
      "45 seconds",
      "one minute",
      "5 minutes",
    ]);
    expect(scoreWords({ decided: 0, right: 0, horizon_s: 60, independent: 0 })).toBe(
      "Outcomes come one minute after each forecast.",
    );
  });
});

describe("the page's history", () => {
  it("holds an outcome whichever comes first, the stream's or the database's, and never loses one", () => {
    const history = new History();
    const forecast = row({ realized_log_return: null, realized_price: null });
    history.add(forecast);
    const { symbol, ts_sec, model_version, role, horizon_s } = forecast;
    const by_label = { realized_mid_log_return: 1e-5, realized_last_log_return: 2e-5 };
    const came = { realized_log_return: 1e-5, realized_price: 61_840, ...by_label };
    history.settle({ type: "outcome", symbol, ts_sec, model_version, role, horizon_s, ...came });
    history.merge([forecast]);
    expect(history.rows).toEqual([{ ...forecast, ...came }]);
  });

  it("counts no direction of a forecast that was approximated, and says what that was made from", () => {
    const history = new History();
    const right = { yhat_log_return: 1e-5, realized_log_return: 1e-5 };
    history.add(row({ ts_sec: 1_000 }));
    history.merge([
      row({ ts_sec: 1_000, ...right }),
      row({ ts_sec: 1_001, ...right, source: "fallback_model" }),
      row({ ts_sec: 1_002, ...right, source: "fallback_last_value" }),
    ]);
    expect(history.score()).toMatchObject({ decided: 2, right: 2 });
    expect(sourceWords("fallback_last_value")).toBe("features filled with their last known values");
  });

  it("does not settle one model's forecast with another's outcome", () => {
    const history = new History();
    const forecast = row({ realized_log_return: null, realized_price: null });
    history.add(forecast);
    const { symbol, ts_sec, role, horizon_s } = forecast;
    const other = { symbol, ts_sec, role, horizon_s, model_version: "ridge-v1/other" };
    const by_label = { realized_mid_log_return: 1e-5, realized_last_log_return: null };
    history.settle({ type: "outcome", ...other, realized_log_return: 1e-5, realized_price: 1, ...by_label });
    expect(history.rows[0]!.realized_log_return).toBeNull();
  });

  it("holds one model's forecasts at a time, and the market's price through a change of models", () => {
    const history = new History();
    const next = { model_version: "ridge-v1/next" };
    for (let ts_sec = 1_000; ts_sec < 1_010; ts_sec++) history.add(row({ ts_sec }));
    // A shadow's and the old champion's come in between; nothing of them is shown once the next one has begun.
    history.add(row({ ts_sec: 1_010, ...next }));
    history.add(row({ ts_sec: 1_010 }));
    history.merge([row({ ts_sec: 1_009, role: "shadow" }), row({ ts_sec: 1_008 })]);
    history.add(row({ ts_sec: 1_011, ...next }));
    expect(history.rows.map(({ ts_sec, model_version }) => `${ts_sec} ${model_version}`)).toEqual([
      "1010 ridge-v1/next",
      "1011 ridge-v1/next",
    ]);
    expect(history.prices.map(({ ts_sec }) => ts_sec)).toEqual(
      Array.from({ length: 12 }, (_, i) => 1_000 + i),
    );
    history.add(row({ ts_sec: 1_012, ...next, horizon_s: 60 }));
    expect(history.score().horizon_s).toBe(60);
    expect(history.rows).toHaveLength(1);
  });

  it("keeps the champion's where the fallback stands in for a few ticks, and shows the fallback's where it goes on", () => {
    const history = new History();
    const stands_in = { role: "fallback", model_version: "ridge-v1/former" } as const;
    for (let ts_sec = 1_000; ts_sec < 1_010; ts_sec++) history.add(row({ ts_sec }));
    history.add(row({ ts_sec: 1_010, ...stands_in }));
    history.add(row({ ts_sec: 1_011 }));
    expect(history.rows).toHaveLength(11);
    for (let ts_sec = 1_012; ts_sec < 1_018; ts_sec++) history.add(row({ ts_sec, ...stands_in }));
    expect(history.rows.map(({ ts_sec, role }) => `${ts_sec} ${role}`)).toEqual([
      "1016 fallback",
      "1017 fallback",
    ]);
    history.add(row({ ts_sec: 1_018 }));
    expect(history.rows.map(({ role }) => role)).toEqual(["champion"]);
  });

  it("keeps no more than it shows, in order, whatever order the rows come in", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 300 }),
        (seconds) => {
          const history = new History();
          for (const ts_sec of seconds) history.add(row({ ts_sec }));
          const newest = Math.max(...seconds);
          const held = history.rows.map((one) => one.ts_sec);
          expect(held).toEqual(
            [...new Set(seconds)].filter((sec) => sec >= newest - HISTORY_S).sort((a, b) => a - b),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it("separates an outcome still to come from one that never will, and a move from none", () => {
    const open = row({ ts_sec: 1_000, realized_log_return: null });
    expect(verdictOf(open, 1_012)).toBe("waiting");
    expect(verdictOf(open, 1_015)).toBe("unknown");
    const up = { yhat_log_return: 1e-5 };
    expect(verdictOf(row({ ...up, realized_log_return: 2e-6 }), 0)).toBe("right");
    expect(verdictOf(row({ ...up, realized_log_return: -2e-6 }), 0)).toBe("wrong");
    expect(verdictOf(row({ ...up, realized_log_return: 0 }), 0)).toBe("no move");
  });
});

describe("a long range's points", () => {
  it("are at most some hundred, whatever the range, and break where forecasts are missing", () => {
    for (const span_s of [30, 900, 3_600, 21_600, 86_400])
      expect(span_s / everyFor(span_s)).toBeLessThanOrEqual(480);
    expect(everyFor(300)).toBe(1);
    const rows = [1_000, 1_010, 1_020, 1_060].map((ts_sec) => row({ ts_sec }));
    const { at, price, forecast, came } = longSeries(rows, 10);
    expect(at).toEqual([1_000, 1_010, 1_020, 1_030, 1_060]);
    expect(price[3]).toBeNull();
    expect(forecast[4]).toBeCloseTo(rows[3]!.yhat_log_return * 1e4, 9);
    expect(came).toEqual([null, null, null, null, null]);
  });
});
