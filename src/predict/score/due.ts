/**
 * When a tick's forecasts are due: a deadline after their instant, by the exchange's clock, the close's grace allowed
 * for. All models of a tick have the same.
 */

import type { Clock } from "../../base/clock.ts";
import { type Micros, type UnixSec, US_PER_MS, US_PER_SEC } from "../../base/units.ts";

export interface DueOptions {
  readonly clock: Clock;
  /** A forecast comes this long after its instant and the grace, or not at all (ms). */
  readonly deadline_ms: number;
  /** What a second may stay open past its end (ms). */
  readonly grace_ms: number;
  /** The exchange's time at a time of the wall clock (µs). */
  readonly exchangeTime: (now_us: Micros) => number;
}

/** Until the forecasts as of `ts_sec` are due (ms); negative where they would be too late. */
export function leftMs({ clock, deadline_ms, grace_ms, exchangeTime }: DueOptions, ts_sec: UnixSec): number {
  const passed_us = exchangeTime(clock.now()) - ts_sec * US_PER_SEC;
  return grace_ms + deadline_ms - passed_us / US_PER_MS;
}
