/** The algebra: what it means (against a second reading), and what it refuses. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ForetickError } from "../../src/base/errors.ts";
import { seededRng } from "../../src/base/rng.ts";
import { unixSec } from "../../src/base/units.ts";
import * as a from "../../src/features/algebra.ts";
import { BAR_COLUMN_NAMES, type BookSums } from "../../src/features/columns.ts";
import { FeatureEngine } from "../../src/features/engine.ts";
import { type Expr, exprText, type Float, operands } from "../../src/features/expr.ts";
import { lookBackOf, lookBackStart, warmUpMaxSeconds } from "../../src/features/look_back.ts";
import { column, type FeatureSet, featureSet } from "../../src/features/set.ts";
import { v1 } from "../../src/features/v1.ts";
import { sift } from "./naive.ts";
import { NaiveExpr } from "./naive_expr.ts";
import { randomFloat } from "./random_expr.ts";
import { arbitraryKnobs, type Knobs, randomTape, type Tape } from "./random_tape.ts";

const SYMBOL = "BTCUSDT";

function setOf(exprs: readonly Float[]): FeatureSet {
  return featureSet({ name: "probe", columns: exprs.map((expr, i) => column(`c${i}`, "index", "", expr)) });
}

/** Book sums for about half the seconds. */
function booksOf(tape: Tape): Map<number, BookSums> {
  const books = new Map<number, BookSums>();
  for (let sec = tape.first_sec; sec <= tape.last_sec; sec++) {
    if (sec % 7 < 3) continue;
    books.set(sec, {
      bid_qty_top5_e8: sec * 11,
      ask_qty_top5_e8: sec * 7,
      bid_qty_top20_e8: Number.MAX_SAFE_INTEGER - (sec % 5),
      ask_qty_top20_e8: 3,
    });
  }
  return books;
}

const QUIET: Knobs = {
  seed: 2,
  seconds: 60,
  offset_s: 0,
  trades_per_s: 0.5,
  quotes_per_s: 0.5,
  empty: 0.5,
  burst: 0,
  tick_us: 1,
  id_swaps: 0,
  late: 0,
  disconnects: 0,
  numbers: "market",
};

function differences(tape: Tape, exprs: readonly Float[]): string[] {
  const set = setOf(exprs);
  const engine = new FeatureEngine({ symbol: SYMBOL, sets: [set], data_from_sec: tape.first_sec });
  const books = booksOf(tape);
  const naive = new NaiveExpr({ events: sift(tape.arrivals), books });
  const found: string[] = [];
  for (const arrival of tape.arrivals) {
    if (arrival.kind === "event") {
      const { event } = arrival;
      if (event.kind === "trade") engine.onTrade(event);
      else if (event.kind === "quote") engine.onQuote(event);
      else engine.onDisconnect(event);
      continue;
    }
    const { sec } = arrival;
    const sums = books.get(sec);
    if (sums) engine.onBook(unixSec(sec), sums);
    const [vector] = engine.closeSecond(unixSec(sec));
    for (const [index, expr] of exprs.entries()) {
      const wanted = naive.float(expr, sec + 1) ?? Number.NaN;
      const value = vector!.values[index]!;
      if (!Object.is(value, wanted)) {
        found.push(`${sec + 1} ${exprText(expr)}: expected ${wanted}, was ${value}`);
      }
    }
  }
  return found;
}

describe("the live compiler gives what the algebra says, to the last bit", () => {
  it("for every column of the bars", () => {
    const knobs = fc.record({ seed: fc.integer(), seconds: fc.constant(120) });
    fc.assert(
      fc.property(arbitraryKnobs, knobs, (all, { seed, seconds }) => {
        const tape = randomTape({ ...all, seed, seconds });
        const found = differences(
          tape,
          BAR_COLUMN_NAMES.map((name) => a.toFloat(a.bar(name))),
        );
        expect(found.slice(0, 3)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it("for random expressions over every node", () => {
    fc.assert(
      fc.property(arbitraryKnobs, fc.integer(), (knobs, seed) => {
        const rng = seededRng(seed);
        const exprs = Array.from({ length: 12 }, () => randomFloat(rng, 1 + rng.below(3)));
        const tape = randomTape({ ...knobs, seconds: Math.min(knobs.seconds, 90) });
        expect(differences(tape, exprs).slice(0, 3)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("an integer has one zero: −2 × 0 is 0, not −0, once it is a float", () => {
    const tape = randomTape({ ...QUIET, seconds: 3 });
    const n = a.bar("n");
    const exprs = [a.toFloat(a.mul(a.int(-2), n)), a.toFloat(a.mul(a.bar("close_e8"), a.sub(n, n)))];
    expect(differences(tape, exprs)).toEqual([]);
  });

  it("a floor stays exact down to the least safe integer", () => {
    const least = a.sub(a.int(2), a.bar("bid_qty_top20_e8"));
    const tape = randomTape({ ...QUIET, seconds: 20 });
    expect(
      differences(
        tape,
        [867, 2, 1_000, 7].map((by) => a.toFloat(a.floorDiv(least, by))),
      ),
    ).toEqual([]);
  });

  it("the least, largest and ranked of floats never show −0, which SQL may pick either way", () => {
    const tape = randomTape({ ...QUIET, seconds: 12, empty: 1 });
    const minus_zero = a.mul(a.float(-1), a.toFloat(a.bar("n")));
    const picks = [1, 3].flatMap((step_s) => [
      a.min(minus_zero, 3, step_s),
      a.max(minus_zero, 3, step_s),
      a.median(minus_zero, 3, step_s),
    ]);
    const engine = new FeatureEngine({ symbol: SYMBOL, sets: [setOf([minus_zero, ...picks])] });
    const [vector] = engine.closeSecond(unixSec(tape.last_sec));
    expect([...vector!.values].map((value) => Object.is(value, -0))).toEqual([
      true,
      ...picks.map(() => false),
    ]);
    expect([...vector!.values].every((value) => value === 0)).toBe(true);
  });

  it("a division by zero is null at once, not an infinity that later steps could take back", () => {
    const tape = randomTape({ ...QUIET, seconds: 3 });
    const zero = a.toFloat(a.sub(a.bar("n"), a.bar("n")));
    const over = a.div(a.float(1), zero);
    expect(differences(tape, [a.coalesce(over, a.float(7)), a.div(a.float(1), over)])).toEqual([]);
    expect(differences(tape, [a.flag(a.gt(over, a.float(0)))])).toEqual([]);
  });

  it("and those expressions do reach every kind of node", () => {
    const rng = seededRng(1);
    const kinds = new Set<string>();
    const visit = (expr: Expr): void => {
      kinds.add(expr.kind === "window" ? expr.aggregate.op : expr.kind);
      operands(expr).forEach(visit);
    };
    for (let i = 0; i < 400; i++) visit(randomFloat(rng, 3));
    const every =
      "bar now_us int float by_hour block_quantile lag arith div floor_div compare when coalesce to_float lnr sqrt " +
      "sum min max stddev quantile weighted";
    expect([...kinds].sort()).toEqual(every.split(" ").sort());
  });
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as ForetickError).code;
  }
  return "accepted";
}

describe("a definition that makes no sense is refused where it is written", () => {
  const wide = a.bar("buy_qty_e8");
  const cases: Record<string, () => unknown> = {
    "an integer plus a float": () => a.add(a.int(1), a.float(1) as never),
    "a float under toFloat": () => a.toFloat(a.float(1) as never),
    "an integer as a divisor": () => a.div(a.float(1), a.int(2) as never),
    "a float under lnr": () => a.lnr(a.float(1) as never, a.bar("close_e8")),
    "a comparison of an integer with a float": () => a.gt(a.int(1), a.float(1) as never),
    "branches of two types": () => a.when(a.gt(a.int(1), a.int(0)), a.int(1), a.float(1) as never),
    "a number as a condition": () => a.when(a.float(1) as never, a.int(1), a.int(0)),
    "a boolean summed": () => a.sum(a.gt(a.int(1), a.int(0)) as never, 5),
    "a lag into the future": () => a.lag(a.bar("n"), -1),
    "a lag of no seconds": () => a.lag(a.bar("n"), 0),
    "a window of no values": () => a.sum(a.bar("n"), 0),
    "a window of half a value": () => a.sum(a.bar("n"), 1.5),
    "a window past three days": () => a.sum(a.bar("n"), 100, 86_400),
    "a deviation of one value": () => a.stddev(a.toFloat(a.bar("n")), 1),
    "a deviation of integers": () => a.stddev(a.bar("n") as never, 5),
    "a quantile above 1": () => a.quantile(a.bar("n"), 5, 3, 2),
    "a quantile of 0": () => a.quantile(a.bar("n"), 5, 0, 2),
    "a maximum past 2^53": () => a.max(wide, 5),
    "an integer literal past 2^53": () => a.int(2 ** 53),
    "a fractional integer": () => a.int(0.5),
    "an infinite float": () => a.float(Number.POSITIVE_INFINITY),
    "23 hours": () => a.byHour(new Array(23).fill(0)),
    "a column that is not there": () => a.bar("volume" as never),
    "a divisor that is no whole number": () => a.floorDiv(a.bar("n"), 0.5),
    "an integer column": () =>
      featureSet({ name: "s", columns: [column("x", "ln", "", a.bar("n") as never)] }),
    "two columns of one name": () =>
      featureSet({
        name: "s",
        columns: [column("x", "ln", "", a.float(1)), column("x", "ln", "", a.float(2))],
      }),
    "a name SQL would have to quote": () =>
      featureSet({ name: "s", columns: [column("Ret 1s", "ln", "", a.float(1))] }),
    "a look-back past three hours": () =>
      featureSet({ name: "s", columns: [column("x", "ln", "", a.toFloat(a.sum(a.bar("n"), 10_801)))] }),
    "no columns": () => featureSet({ name: "s", columns: [] }),
  };
  for (const [name, run] of Object.entries(cases)) {
    it(name, () => expect(codeOf(run)).toBe("FEATURE_DEFINITION"));
  }
});

describe("a set's identity and reach are derived", () => {
  const ret = a.lnr(a.bar("close_e8"), a.lag(a.bar("close_e8"), 1));

  it("v1's hash is pinned: a change of meaning is a change of name", () => {
    expect(v1.hash).toBe("b97689160bac6a81b3272b3a4663e10a55b925505cf83836ed5e6f9af50d28d3");
  });

  it("rewording a sentence keeps the hash; a formula, a unit, an order or a name changes it", () => {
    const one = column("x", "ln", "a", ret);
    const two = column("y", "count", "b", a.toFloat(a.bar("n")));
    const base = featureSet({ name: "s", columns: [one, two] });
    const reworded = featureSet({ name: "s", columns: [{ ...one, sentence: "other words" }, two] });
    const others = [
      featureSet({ name: "s2", columns: [one, two] }),
      featureSet({ name: "s", columns: [two, one] }),
      featureSet({ name: "s", columns: [{ ...one, unit: "bp" }, two] }),
      featureSet({ name: "s", columns: [{ ...one, name: "z" }, two] }),
      featureSet({ name: "s", columns: [{ ...one, expr: a.lag(ret, 1) }, two] }),
      featureSet({ name: "s", cadence_s: 2, columns: [one, two] }),
    ];
    expect(reworded.hash).toBe(base.hash);
    expect(new Set([base, ...others].map((set) => set.hash)).size).toBe(7);
  });

  it("v1 looks back 61 seconds and one complete block, over trades and quotes", () => {
    expect(v1.look_back).toEqual({ window_s: 61, blocks: [{ block_s: 300, lag_s: 0 }] });
    expect(v1.sources).toEqual(["trades", "quotes"]);
    expect(warmUpMaxSeconds(v1.look_back)).toBe(600);
    expect([900, 1_199, 1_200].map((t) => lookBackStart(v1.look_back, t))).toEqual([600, 600, 900]);
  });

  it("lags and windows add up along the deepest path", () => {
    expect(lookBackOf(a.stddev(ret, 10)).window_s).toBe(11);
    expect(lookBackOf(a.lag(a.sum(a.bar("n"), 5, 60), 7)).window_s).toBe(1 + 4 * 60 + 7);
    expect(lookBackOf(a.lag(a.blockQuantile(300, 1, 2), 7)).blocks).toEqual([{ block_s: 300, lag_s: 7 }]);
  });

  it("bounds are proven: a price difference stays a number, a product does not", () => {
    const [bid, ask] = [a.bar("bid_price_e8"), a.bar("ask_price_e8")];
    expect(a.isNarrow(a.sub(ask, bid).type)).toBe(true);
    expect(a.isNarrow(a.add(ask, bid).type)).toBe(false);
    expect(a.isNarrow(a.sub(a.sub(ask, bid), bid).type)).toBe(false);
    expect(a.isNarrow(a.sum(a.bar("n"), 3_600).type)).toBe(true);
    expect(a.isNarrow(a.mul(ask, a.bar("n")).type)).toBe(false);
  });

  it("a set of another cadence gives a vector only where it is due", () => {
    const slow = featureSet({ name: "slow", cadence_s: 2, columns: [column("x", "ln", "", ret)] });
    const engine = new FeatureEngine({ symbol: SYMBOL, sets: [v1, slow], data_from_sec: 1_000 });
    const names = [1_000, 1_001, 1_002].map((sec) =>
      engine.closeSecond(unixSec(sec)).map((vector) => vector.feature_set),
    );
    expect(names).toEqual([["v1"], ["v1", "slow"], ["v1"]]);
  });
});
