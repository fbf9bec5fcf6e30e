import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PredictionRowJson } from "../../src/serve/messages.ts";
import { HISTORY_S, History, verdictOf } from "../../src/serve/page/history.ts";
import {
  ageText,
  bpText,
  forecastWords,
  parityWords,
  priceText,
  scoreWords,
} from "../../src/serve/page/words.ts";
import { FakeMarket } from "./fake_market.ts";

const row = (fields: Partial<PredictionRowJson> = {}): PredictionRowJson => ({
  ...new FakeMarket().tick(1_732_180_000),
  ...fields,
});

describe("the page's words", () => {
  it("round what they show, never to a signed zero", () => {
    expect(bpText(0.00003)).toBe("+0.30 bp");
    expect(bpText(-0.00003)).toBe("−0.30 bp");
    expect(bpText(-1e-9)).toBe("0.00 bp");
    expect(bpText(null)).toBe("–");
    expect(priceText(61_838.255)).toBe("61,838.26");
    expect(priceText(0.0712345678)).toBe("0.0712346");
  });

  it("say how many rows were compared, over all sets, and whether any differs without a cause", () => {
    const one = { rows_compared: 12_000, rows_unexplained: 0 };
    expect(parityWords([])).toEqual({ text: "not compared yet", differs: false });
    expect(parityWords([one, { ...one, rows_compared: 345 }])).toEqual({
      text: "12,345 rows compared, 0 unexplained",
      differs: false,
    });
    expect(parityWords([{ ...one, rows_unexplained: 2 }]).differs).toBe(true);
  });

  it("tell an age in the unit a person would", () => {
    expect([null, -3, 230, 9_960, 12_400, 75_000, 7_260_000].map(ageText)).toEqual([
      "nothing yet",
      "0.0 s",
      "0.2 s",
      "10.0 s",
      "12 s",
      "1 min 15 s",
      "2 h 1 min",
    ]);
  });

  it("do not call a forecast up or down that rounds to nothing", () => {
    const flat = { yhat_log_return_10s: 4e-7, current_price: 61_838, predicted_price: 61_838.02 };
    expect(forecastWords(row(flat))).toMatch(/^No change to speak of by /);
    const down = { yhat_log_return_10s: -3e-5, current_price: 61_838, predicted_price: 61_836.145 };
    expect(forecastWords(row(down))).toMatch(/^Down 0\.30 bp, −1\.8[56], by \d\d:\d\d:\d\d$/);
  });

  it("say of a hit-rate what a coin would have shown, and nothing where there is too little", () => {
    expect(scoreWords({ decided: 30, right: 30, independent: 3 })).toContain("Too few to say anything");
    expect(scoreWords({ decided: 250, right: 140, independent: 25 })).toBe(
      "Direction right in 140 of 250 (56 %). They overlap and are worth about 25 independent ones: " +
        "a coin would show anything from 30 to 70 %.",
    );
  });
});

describe("the page's history", () => {
  it("holds an outcome whichever comes first, the stream's or the database's, and never forgets one", () => {
    const history = new History();
    const forecast = row({ realized_log_return_10s: null, realized_price: null });
    history.add(forecast);
    const { symbol, ts_sec, model_version } = forecast;
    const came = { realized_log_return_10s: 1e-5, realized_price: 61_840 };
    history.settle({ type: "outcome", symbol, ts_sec, model_version, ...came });
    history.merge([forecast]);
    expect(history.rows).toEqual([{ ...forecast, ...came }]);
  });

  it("does not settle one model's forecast with another's outcome", () => {
    const history = new History();
    const forecast = row({ realized_log_return_10s: null, realized_price: null });
    history.add(forecast);
    const other = { symbol: forecast.symbol, ts_sec: forecast.ts_sec, model_version: "ridge-v1/other" };
    history.settle({ type: "outcome", ...other, realized_log_return_10s: 1e-5, realized_price: 1 });
    expect(history.rows[0]!.realized_log_return_10s).toBeNull();
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

  it("tells an outcome still to come from one that never will, and a move from none", () => {
    const open = row({ ts_sec: 1_000, realized_log_return_10s: null });
    expect(verdictOf(open, 1_012)).toBe("waiting");
    expect(verdictOf(open, 1_015)).toBe("unknown");
    const up = { yhat_log_return_10s: 1e-5 };
    expect(verdictOf(row({ ...up, realized_log_return_10s: 2e-6 }), 0)).toBe("right");
    expect(verdictOf(row({ ...up, realized_log_return_10s: -2e-6 }), 0)).toBe("wrong");
    expect(verdictOf(row({ ...up, realized_log_return_10s: 0 }), 0)).toBe("no move");
  });
});
