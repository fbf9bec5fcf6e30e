/** The live engine against the referee: every column of every second, to the last bit. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unixSec } from "../../../src/base/units.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { NaiveV1, sift, V1_NAMES } from "../naive/naive.ts";
import { arbitraryKnobs, BUSY, type Knobs, randomTape, type Tape } from "../naive/random_tape.ts";

interface Run {
  readonly vectors: readonly FeatureVector[];
  readonly refused: ReadonlySet<object>;
  readonly engine: FeatureEngine;
  readonly labels: readonly (number | undefined)[];
}

const HORIZON_S = 10;

function runLive(tape: Tape): Run {
  const engine = new FeatureEngine({ symbol: tape.symbol, sets: [v1], data_from_sec: tape.first_sec });
  const vectors: FeatureVector[] = [];
  const refused = new Set<object>();
  const labels: (number | undefined)[] = [];
  for (const arrival of tape.arrivals) {
    if (arrival.kind === "close") {
      vectors.push(...engine.closeSecond(unixSec(arrival.sec)));
      labels.push(engine.labelAsOf(unixSec(arrival.sec + 1 - HORIZON_S), HORIZON_S));
      continue;
    }
    const { event } = arrival;
    if (event.kind === "disconnect") engine.onDisconnect(event);
    else if (!(event.kind === "trade" ? engine.onTrade(event) : engine.onQuote(event))) refused.add(event);
  }
  return { vectors, refused, engine, labels };
}

/** Every difference, named; an empty list is equality to the bit (null is null, −0 is not 0). */
function differences(tape: Tape, run: Run): string[] {
  const sifted = sift(tape.arrivals);
  const naive = new NaiveV1(sifted, tape.first_sec);
  const found: string[] = [];
  if (run.vectors.length !== tape.last_sec - tape.first_sec + 1) found.push("seconds are missing");
  for (const event of sifted.late) if (!run.refused.has(event)) found.push("a late event was folded in");
  if (run.refused.size !== sifted.late.size) found.push("an event on time was refused");
  for (const [index, vector] of run.vectors.entries()) {
    const t = tape.first_sec + index + 1;
    const expected = naive.at(t);
    if (vector.ts_sec !== t) found.push(`${t}: was ${vector.ts_sec}`);
    if (vector.warm !== expected.warm) found.push(`${t} warm: expected ${expected.warm}`);
    for (const [column, name] of V1_NAMES.entries()) {
      const value = vector.values[column]!;
      const wanted = expected.values[column] ?? Number.NaN;
      if (!Object.is(value, wanted)) found.push(`${t} ${name}: expected ${wanted}, was ${value}`);
    }
    if (t - HORIZON_S > tape.first_sec) {
      const wanted = naive.label(t - HORIZON_S, HORIZON_S) ?? undefined;
      if (!Object.is(run.labels[index], wanted)) {
        found.push(`${t} label: expected ${wanted}, was ${run.labels[index]}`);
      }
    }
  }
  return found;
}

function check(knobs: Knobs): void {
  const tape = randomTape(knobs);
  expect(differences(tape, runLive(tape)).slice(0, 5)).toEqual([]);
}

describe("the live engine equals the referee to the last bit", () => {
  it("names the columns as the page does, in its order", () => {
    expect(v1.names).toEqual([...V1_NAMES]);
  });

  it("on twenty minutes of a busy market with breaks, late events and ids against time", () => {
    check(BUSY);
  });

  it("and that tape is worth running: warm and cold seconds, late events, all flags, nulls and values", () => {
    const tape = randomTape(BUSY);
    const run = runLive(tape);
    const column = (name: (typeof V1_NAMES)[number]): Set<number> =>
      new Set(run.vectors.map((vector) => vector.values[V1_NAMES.indexOf(name)]!));
    expect(new Set(run.vectors.map((vector) => vector.warm))).toEqual(new Set([true, false]));
    expect(run.refused.size).toBeGreaterThan(20);
    expect(run.engine.counters.trades_late + run.engine.counters.quotes_late).toBe(run.refused.size);
    expect(column("burst_1s")).toEqual(new Set([0, 1]));
    expect(column("large_trade_flag_5s")).toEqual(new Set([Number.NaN, 0, 1]));
    expect(column("spread").has(Number.NaN)).toBe(true);
    expect(column("ret_5s").size).toBeGreaterThan(500);
    expect(run.labels.filter((label) => label !== undefined).length).toBeGreaterThan(800);
  });

  it("on prices and quantities up to 2^53 − 1", () => {
    check({ ...BUSY, seconds: 700, numbers: "extreme" });
  });

  it("where every trade of a second has the same time", () => {
    check({ ...BUSY, seconds: 400, tick_us: 1_000_000, id_swaps: 0.5 });
  });

  it("through long silences", () => {
    check({ ...BUSY, trades_per_s: 0.01, quotes_per_s: 0.01, empty: 0.9 });
  });

  it("on random tapes of every kind", () => {
    fc.assert(fc.property(arbitraryKnobs, check), { numRuns: 60 });
  });
});
