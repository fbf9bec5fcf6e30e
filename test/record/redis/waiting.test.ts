/** What waits for a Redis that takes nothing: bounded, and a flood of market events costs no forecast. */

import { expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { micros, updateId } from "../../../src/base/units.ts";
import type { DepthDiffEvent } from "../../../src/binance/events.ts";
import { Waiting } from "../../../src/record/redis/waiting.ts";
import { predictionAt, START_US, SYMBOL, tradeAt, vectorAt } from "../market_events.ts";

const depthOf = (levels: number): DepthDiffEvent => ({
  ...{ kind: "depth_diff", symbol: SYMBOL, epoch: 0, ts_us: micros(START_US), received_us: micros(START_US) },
  ...{ first_update_id: updateId(1), last_update_id: updateId(1) },
  ...{ bids: new Float64Array(2 * levels), asks: new Float64Array(0) },
});

it("drops the oldest market events, counts them, and no forecast before them", () => {
  const waiting = new Waiting();
  for (let i = 0; i < 60; i++) waiting.forecast({ kind: "prediction", prediction: predictionAt(i) });
  for (let i = 0; i < LIMITS.redis_market_waiting_max + 500; i++) waiting.event(tradeAt(i));
  expect(waiting.dropped).toEqual({ forecasts: 0, vectors: 0, events: 500 });
  const first = waiting.take();
  expect(first.forecasts.length).toBe(60);
  expect(first.events[0]).toEqual(tradeAt(500));
  expect(first.events.length).toBe(LIMITS.redis_batch_entries_max - 60);
  let last = first;
  while (waiting.length > 0) last = waiting.take();
  expect(last.events.at(-1)).toEqual(tradeAt(LIMITS.redis_market_waiting_max + 499));
});

it("bounds vectors and forecasts each by itself", () => {
  const waiting = new Waiting();
  for (let i = 0; i < LIMITS.redis_vectors_waiting_max + 7; i++) {
    waiting.vector({ vector: vectorAt(i, [1]), closed_at_us: micros(START_US), age_us: 0 });
  }
  for (let i = 0; i < LIMITS.redis_forecasts_waiting_max + 3; i++) {
    waiting.forecast({ kind: "prediction", prediction: predictionAt(i) });
  }
  expect(waiting.dropped).toEqual({ forecasts: 3, vectors: 7, events: 0 });
  expect(waiting.take().forecasts[0]).toEqual({ kind: "prediction", prediction: predictionAt(3) });
});

it("weighs a depth update by its levels, in memory and in a batch", () => {
  const waiting = new Waiting();
  for (let i = 0; i < 3_000; i++) waiting.event(depthOf(80));
  expect(waiting.length).toBe(Math.floor(LIMITS.redis_market_waiting_max / 11));
  expect(waiting.take().events.length).toBe(LIMITS.redis_batch_levels_max / 80);
});
