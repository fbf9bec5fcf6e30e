/** Sets gold, minute, indicators and trades, live, against their referees: every column, to the last bit. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { type Int64, QTY_E8_MAX, unixSec } from "../../../src/base/units.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { gold } from "../../../src/features/sets/gold.ts";
import { indicators, indicatorsOn } from "../../../src/features/sets/indicators.ts";
import { minute } from "../../../src/features/sets/minute.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import type { World } from "../naive/market.ts";
import { sift } from "../naive/naive.ts";
import {
  arbitraryKnobs,
  BUSY,
  drawWideQty,
  type Knobs,
  randomBooks,
  randomTape,
  type Tape,
} from "../naive/random_tape.ts";
import { naiveGold, naiveIndicators, naiveMinute, naiveWarm, type Referee } from "../naive/sets.ts";
import { naiveTrades } from "../naive/trades_set.ts";

/** A set and who judges it. */
interface Case {
  readonly set: FeatureSet;
  readonly referee: (world: World) => Referee;
}

const indicatorsCase = (bar_s: number): Case => ({
  set: bar_s === 60 ? indicators : indicatorsOn(bar_s),
  referee: (world) => naiveIndicators(world, bar_s),
});

/** The indicators on bars of three seconds look back five minutes, which a short tape holds. */
const CASES: readonly Case[] = [
  { set: gold, referee: naiveGold },
  { set: minute, referee: naiveMinute },
  indicatorsCase(3),
  { set: trades, referee: naiveTrades },
];

/** Book sums for three in four seconds, some as large as can be. */
function booksOf(tape: Tape): Map<number, BookSums> {
  const rng = seededRng(tape.first_sec + tape.last_sec);
  const draw = (): Int64 => {
    const kind = rng.below(20);
    return kind === 0 ? 0 : kind === 1 ? 5n * QTY_E8_MAX : kind === 2 ? drawWideQty(rng) : rng.below(1e11);
  };
  return randomBooks(tape, rng, draw);
}

function runLive(tape: Tape, books: ReadonlyMap<number, BookSums>, sets: readonly FeatureSet[]) {
  const engine = new FeatureEngine({ symbol: tape.symbol, sets, data_from_sec: tape.first_sec });
  const vectors: FeatureVector[] = [];
  for (const arrival of tape.arrivals) {
    if (arrival.kind === "close") {
      const sums = books.get(arrival.sec);
      if (sums) engine.onBook(unixSec(arrival.sec), sums);
      vectors.push(...engine.closeSecond(unixSec(arrival.sec)));
      continue;
    }
    const { event } = arrival;
    if (event.kind === "disconnect") engine.onDisconnect(event);
    else if (event.kind === "trade") engine.onTrade(event);
    else engine.onQuote(event);
  }
  return vectors;
}

interface Compared {
  readonly differences: readonly string[];
  readonly vectors: readonly FeatureVector[];
}

/** Of the vectors as of `from_sec` and later. */
function compared(tape: Tape, cases: readonly Case[], from_sec = 0): Compared {
  const books = booksOf(tape);
  const events = sift(tape.arrivals);
  const world: World = { events, books, to_sec: tape.last_sec };
  const all = runLive(
    tape,
    books,
    cases.map(({ set }) => set),
  );
  const vectors = all.filter(({ ts_sec }) => ts_sec >= from_sec);
  const differences: string[] = [];
  for (const { set, referee: refereeOf } of cases) {
    const referee = refereeOf(world);
    let due = Math.max(tape.first_sec + 1, from_sec);
    for (const vector of vectors.filter(({ set_hash }) => set_hash === set.hash)) {
      due = Math.ceil(due / set.cadence_s) * set.cadence_s;
      if (vector.ts_sec !== due) differences.push(`${set.name}: expected a vector at ${due}`);
      differences.push(
        ...vectorDifferences(vector, referee, naiveWarm(referee, events, tape.first_sec, due)),
      );
      due += 1;
    }
    if (due <= tape.last_sec) differences.push(`${set.name}: expected a vector at ${due}, had none`);
  }
  return { differences: differences.slice(0, 5), vectors };
}

function vectorDifferences(vector: FeatureVector, referee: Referee, warm: boolean): string[] {
  const { ts_sec, feature_set } = vector;
  const expected = referee.at(ts_sec);
  const found: string[] = [];
  if (vector.warm !== warm) found.push(`${ts_sec} ${feature_set} warm: expected ${warm}`);
  for (const [index, name] of vector.names.entries()) {
    const wanted = expected[name] ?? Number.NaN;
    const value = vector.values[index]!;
    if (!Object.is(value, wanted)) {
      found.push(`${ts_sec} ${feature_set}.${name}: expected ${wanted}, was ${value}`);
    }
  }
  return found;
}

const check = (knobs: Knobs): void => {
  expect(compared(randomTape(knobs), CASES).differences).toEqual([]);
};

describe("gold, minute, indicators and trades equal their referees to the last bit", () => {
  it("name their columns as the referees do, in order", () => {
    const world: World = { events: sift([]), books: new Map(), to_sec: 0 };
    for (const { set, referee } of [...CASES, indicatorsCase(60)]) {
      expect(set.names).toEqual(Object.keys(referee(world).at(0)));
    }
    const sizes = [gold, minute, indicators, trades].map(({ names }) => names.length);
    expect(sizes).toEqual([37, 12, 16, 36]);
  });

  it("on twenty minutes of a busy market, where every column varies, is known, and is null", () => {
    const { differences, vectors } = compared(randomTape(BUSY), CASES);
    expect(differences).toEqual([]);
    for (const { set } of CASES) {
      const own = vectors.filter(({ set_hash }) => set_hash === set.hash);
      expect(own.length).toBe(1_300 / set.cadence_s);
      expect(new Set(own.map(({ warm }) => warm))).toEqual(new Set([true, false]));
      for (const [index, name] of set.names.entries()) {
        if (name.startsWith("hour_") || name.startsWith("is_")) continue;
        const values = new Set(own.map(({ values }) => values[index]!));
        const is_flag = set.columns[index]!.unit === "0/1";
        expect(values.size, `${set.name}.${name}`).toBeGreaterThan(is_flag ? 1 : 20);
      }
    }
  });

  it("on an hour and three quarters, where indicators on minutes become warm", () => {
    const knobs = { ...BUSY, seed: 5, seconds: 6_200, disconnects: 0, trades_per_s: 1, quotes_per_s: 0.3 };
    const tape = randomTape(knobs);
    const { differences, vectors } = compared(tape, [indicatorsCase(60)], tape.last_sec - 400);
    expect(differences).toEqual([]);
    expect(new Set(vectors.map(({ warm }) => warm))).toEqual(new Set([true, false]));
    expect(vectors.at(-1)!.values.every(Number.isFinite)).toBe(true);
  });

  it("on prices and quantities up to 2^53 − 1", () => {
    check({ ...BUSY, seconds: 500, numbers: "extreme" });
  });

  it("where every trade of a second has the same time", () => {
    check({ ...BUSY, seconds: 450, tick_us: 1_000_000, id_swaps: 0.5 });
  });

  it("through long silences, where prices do not move", () => {
    check({ ...BUSY, trades_per_s: 0.01, quotes_per_s: 0.01, empty: 0.9 });
  });

  it("on random tapes of every kind", () => {
    fc.assert(fc.property(arbitraryKnobs, check), { numRuns: 20 });
  });
});
