/** Both probes on set v1, and on sets that are wrong on purpose: a probe that finds nothing proves nothing. */

import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { type Knobs, randomTape } from "../naive/random_tape.ts";
import { alterFrom, compareVectors, probeLookAhead, probeWarmUp } from "./probes.ts";
import type { ReplayInput } from "./replay.ts";
import { replay } from "./replay.ts";

const KNOBS: Knobs = {
  seed: 11,
  seconds: 1_500,
  offset_s: 40,
  trades_per_s: 3,
  quotes_per_s: 3,
  empty: 0.2,
  burst: 0.02,
  tick_us: 1_000,
  id_swaps: 0.05,
  late: 0,
  disconnects: 1,
  numbers: "market",
};

function inputOf(knobs: Knobs): ReplayInput {
  const tape = randomTape(knobs);
  const events: MarketEvent[] = tape.arrivals.flatMap((arrival) =>
    arrival.kind === "event" ? [arrival.event] : [],
  );
  const { symbol, first_sec, last_sec } = tape;
  return { symbol, sets: [v1], events, data_from_sec: first_sec, through_sec: last_sec };
}

const input = inputOf(KNOBS);
const start = input.data_from_sec;

describe("the look-ahead probe", () => {
  const at = Array.from({ length: 40 }, (_, i) => start + 3 + i * 37);

  it("moves nothing in v1 whatever happens at or after t", () => {
    const report = probeLookAhead(input, at, seededRng(5));
    expect(report.vectors_compared).toBe(at.length);
    expect(report.differences).toEqual([]);
  });

  it("alters so much that beginning one second too early would show in every vector", () => {
    const untouched = replay(input);
    for (const t of at) {
      const altered = replay({ ...input, events: alterFrom(input.events, t - 1, seededRng(t)) });
      expect(compareVectors(untouched.get(t)![0]!, altered.get(t)![0]!).length).toBeGreaterThan(4);
    }
  });
});

describe("the warm-up probe", () => {
  const starts = [start + 1, start + 123, start + 260, start + 261, start + 500];

  it("finds v1 the same wherever it started, once warm", () => {
    const report = probeWarmUp({ ...inputOf({ ...KNOBS, disconnects: 0 }) }, starts);
    expect(report.vectors_compared).toBeGreaterThan(2_500);
    expect(report.differences).toEqual([]);
  });

  it("and across a break", () => {
    const report = probeWarmUp(input, starts);
    expect(report.vectors_compared).toBeGreaterThan(500);
    expect(report.differences).toEqual([]);
  });

  it("catches a set whose look-back is stated too short", () => {
    const hasty = { ...v1, name: "hasty", look_back: { window_s: 5, blocks: [] } };
    const report = probeWarmUp({ ...input, sets: [hasty] }, starts);
    const columns = new Set(report.differences.map(({ column }) => column));
    expect(columns.has("burst_1s")).toBe(true);
    expect(columns.has("large_trade_flag_5s")).toBe(true);
    expect(columns.has("ret_1s")).toBe(false);
  });
});
