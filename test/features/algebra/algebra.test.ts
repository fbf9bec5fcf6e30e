/** The algebra: what it means, against a second reading. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { unixSec } from "../../../src/base/units.ts";
import * as a from "../../../src/features/algebra/build.ts";
import { BAR_COLUMN_NAMES, type BookSums } from "../../../src/features/algebra/columns.ts";
import { type Expr, exprText, type Float, operands } from "../../../src/features/algebra/expr.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { column, type FeatureSet, featureSet } from "../../../src/features/sets/feature_set.ts";
import { NaiveExpr } from "../naive/expr.ts";
import { sift } from "../naive/naive.ts";
import { arbitraryKnobs, type Knobs, randomTape, type Tape } from "../naive/random_tape.ts";
import { randomFloat } from "./random_expr.ts";

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
  });

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
  });

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
