/**
 * Whether the process makes progress: seconds close, by events or by the clock, as long as data has come at all. A
 * process that answers and closes none is to be started again; one whose feed is down for good reason is not.
 */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { StreamStatus } from "../../binance/stream/options.ts";
import type { Liveness } from "../../serve/ports.ts";
import type { SymbolWorker } from "../symbol/symbol_worker.ts";

export function livenessOf(workers: Iterable<SymbolWorker>, feed: StreamStatus, clock: Clock): Liveness {
  if (feed.state !== "live") return { live: true, reason: null };
  let stalled_s = Number.POSITIVE_INFINITY;
  for (const { progress_us } of workers) {
    if (progress_us === undefined) return { live: true, reason: null };
    stalled_s = Math.min(stalled_s, (clock.monotonicUs() - progress_us) / US_PER_SEC);
  }
  if (stalled_s <= LIMITS.progress_s_max) return { live: true, reason: null };
  const reason = `no second has closed for ${Math.round(stalled_s)} s though the streams are connected: the process is stuck and is to be started again`;
  return { live: false, reason };
}
