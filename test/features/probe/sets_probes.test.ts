/** Both probes on every set there is, on two hours of market: the longest look-back becomes warm in them. */

import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { warmUpMaxSeconds } from "../../../src/features/algebra/look_back.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { type Knobs, randomTape } from "../naive/random_tape.ts";
import { probeLookAhead, probeWarmUp } from "./probes.ts";
import type { ReplayInput, TimedBookSums } from "./replay.ts";

const KNOBS: Knobs = {
  seed: 23,
  seconds: 7_200,
  offset_s: 40,
  trades_per_s: 1,
  quotes_per_s: 1,
  empty: 0.2,
  burst: 0.01,
  tick_us: 1_000,
  id_swaps: 0.05,
  late: 0,
  disconnects: 0,
  numbers: "market",
};

function inputOf(knobs: Knobs): ReplayInput {
  const { symbol, first_sec, last_sec, arrivals } = randomTape(knobs);
  const events: MarketEvent[] = arrivals.flatMap((arrival) =>
    arrival.kind === "event" ? [arrival.event] : [],
  );
  const rng = seededRng(knobs.seed);
  const books: TimedBookSums[] = [];
  for (let sec = first_sec; sec <= last_sec; sec++) {
    const draw = (): number => 1 + rng.below(1e10);
    const [bid_qty_top5_e8, ask_qty_top5_e8, bid_qty_top20_e8, ask_qty_top20_e8] = [0, 0, 0, 0].map(draw);
    books.push({
      sec,
      sums: { bid_qty_top5_e8, ask_qty_top5_e8, bid_qty_top20_e8, ask_qty_top20_e8 } as never,
    });
  }
  return { symbol, sets: FEATURE_SETS, events, books, data_from_sec: first_sec, through_sec: last_sec };
}

const input = inputOf(KNOBS);
const start = input.data_from_sec;

describe("every feature set", () => {
  it("moves by nothing that happens at or after t", () => {
    // Even instants, so that gold has a vector at each.
    const at = [62, 700, 3_600, 6_100, 7_100].map((after) => 2 * Math.ceil((start + after) / 2));
    const report = probeLookAhead(input, at, seededRng(5));
    expect(report.vectors_compared).toBe(at.length * FEATURE_SETS.length);
    expect(report.differences).toEqual([]);
  });

  it("is the same wherever it was started, once warm", () => {
    const later_s = 1_033;
    const report = probeWarmUp(input, [start + later_s]);
    expect(report.differences.slice(0, 5)).toEqual([]);
    // Each set was warm for the rest of the tape: the longest look-back for more than two hundred seconds.
    const warm = FEATURE_SETS.map(({ look_back, cadence_s }) =>
      Math.floor((KNOBS.seconds - later_s - warmUpMaxSeconds(look_back) - 10) / cadence_s),
    );
    expect(Math.min(...warm)).toBeGreaterThan(200);
    expect(report.vectors_compared).toBeGreaterThanOrEqual(warm.reduce((a, b) => a + b));
  });

  it("would be caught calling itself warm too early", () => {
    const hasty = FEATURE_SETS.map((set) => ({ ...set, look_back: { window_s: 2, blocks: [] } }));
    const report = probeWarmUp({ ...input, sets: hasty }, [start + 1_033]);
    for (const set of FEATURE_SETS) {
      const caught = report.differences.filter(({ feature_set }) => feature_set === set.name);
      expect(caught.length, set.name).toBeGreaterThan(20);
    }
  });
});
