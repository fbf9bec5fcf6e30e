/**
 * The worker of a replay: the service's own lane, book, predictor and calibrations, with nothing behind them. It stores
 * nothing, asks nobody, and its clock stands still: all it does it does because a record of the capture says so.
 */

import { ManualClock } from "../../base/clock.ts";
import { readConfig } from "../../base/config.ts";
import { silentLogger } from "../../base/log.ts";
import type { CaptureHeader } from "../../binance/capture/capture_read.ts";
import type { StreamName } from "../../binance/events.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { Roster } from "../../model/roster.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { TickTimes } from "../../predict/score/tick_times.ts";
import { SymbolWorker, type SymbolWorkerOptions } from "../symbol/symbol_worker.ts";
import { USUAL_PARTS, type WorkerWarmUp } from "../symbol/worker_parts.ts";

/** What the lane wants is in the capture. */
export const NO_WARM_UP: WorkerWarmUp = {
  pending: false,
  onEvent: () => {},
  want: () => {},
  wantAgain: () => {},
  markStart: async () => {},
  close: async () => {},
};

const nothing = (): void => {};
export const NO_WRITER: SymbolWorkerOptions["writer"] = {
  trade: nothing,
  quote: nothing,
  disconnect: nothing,
  book: nothing,
  features: nothing,
  prediction: nothing,
  signal: nothing,
  outcome: nothing,
  lookBack: nothing,
  flush: async () => {},
};

/** An exchange that never answers; what it answered is in the capture. */
const never = <T>(): Promise<T> => new Promise<T>(() => {});
export const NO_REST: ReturnType<SymbolWorkerOptions["rest"]> = {
  depth: never,
  serverTime: never,
  trades: never,
  historicalTrades: never,
  tradesBetween: async function* () {},
};

export interface ReplayedWorkerOptions {
  readonly header: CaptureHeader;
  readonly roster: Roster;
  readonly times: TickTimes;
  readonly onPrediction: (prediction: Prediction) => void;
}

export function replayedWorker({ header, roster, times, onPrediction }: ReplayedWorkerOptions): SymbolWorker {
  const { symbol, begun_us, service } = header;
  const { streams, grace_ms, deadline_ms, interval_ms, fallback = false } = service;
  return new SymbolWorker({
    ...{ symbol, sets: FEATURE_SETS, grace_ms, deadline_ms, interval_ms, fallback, roster },
    streams: streams as StreamName[], // only a service writes them
    rest: () => NO_REST,
    writer: NO_WRITER,
    history: () => undefined,
    // No forecast hangs on them.
    signals: readConfig({}),
    clock: new ManualClock(begun_us),
    log: silentLogger,
    onPrediction: nothing,
    onOutcome: nothing,
    parts: {
      ...USUAL_PARTS,
      warmUp: () => NO_WARM_UP,
      times: () => times,
      prediction: onPrediction,
    },
  });
}
