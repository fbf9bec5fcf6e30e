/** One symbol as the service shows it: its forecasts, its book, its data. A symbol that fails makes no other unready. */

import { LIMITS } from "../../base/limits.ts";
import { type Micros, US_PER_SEC } from "../../base/units.ts";
import type { StreamStatus } from "../../binance/stream/options.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { ForecastSource } from "../../predict/source.ts";
import type { Dependency, Unavailable } from "../../serve/ports.ts";
import type { SymbolWorker } from "../symbol/symbol_worker.ts";

/** A step of the exchange's clock is shown for this long, also where everything goes on at once (µs). */
const STEP_SHOWN_US = 10 * US_PER_SEC;

export interface SymbolView {
  readonly worker: SymbolWorker;
  /** What `/latest` answers. */
  readonly latest: Prediction | Unavailable;
  readonly feed: StreamStatus;
  /** What the exchange says of it where it does not trade. */
  readonly halted: string | undefined;
  readonly started_at_us: Micros;
  readonly now_us: Micros;
}

export function symbolHealth(view: SymbolView): Dependency[] {
  return [forecastHealth(view), bookHealth(view), dataHealth(view)];
}

/**
 * Since the newest event that the newest vector knows of (s, by the exchange's clock): it grows while no second closes,
 * and also while seconds close in which nothing has come. NaN before the first vector.
 */
export function featuresAgeS({ state, lane }: SymbolWorker, now_us: Micros): number {
  if (!state.vector || state.newest_event_us === undefined) return Number.NaN;
  return (lane.exchangeTime(now_us) - state.newest_event_us) / US_PER_SEC;
}

/** Its process ends; see docs/decisions/service.md. */
const STOPPED = "this symbol has stopped after an internal error: the service ends, see the log";

function forecastHealth({ worker, latest }: SymbolView): Dependency {
  const { symbol, state, lane, predictor } = worker;
  const warm = state.vector?.warm ?? false;
  const stopped = worker.failure !== undefined;
  const none = stopped || "reason" in latest;
  const reason = stopped ? STOPPED : "reason" in latest ? latest.reason : whyImpaired(worker, latest);
  return {
    name: `forecast ${symbol}`,
    symbol,
    state: none ? "down" : reason === null ? "ok" : "degraded",
    reason,
    facts: {
      warm,
      seconds_closed: lane.counters.seconds_closed,
      trades_late: lane.counters.trades_late,
      trades_missing: lane.ledger.missing().reduce((sum, gap) => sum + gap.to - gap.from + 1, 0),
      ticks_skipped_late: predictor.counters.skipped_late,
      ticks_skipped_deadline: predictor.counters.skipped_deadline,
      ticks_stood_in: predictor.counters.stood_in,
    },
  };
}

/** What is served instead of the champion's own forecast. */
const STAND_INS: Partial<Record<ForecastSource, (version: string) => string>> = {
  fallback_model: (version) => `the fallback ${version} is served`,
  fallback_set: (version) => `${version}, a model of another feature set, is served`,
  fallback_last_value: () => "a forecast of the last known values is served",
  fallback_ticker: (version) => `a forecast of ${version} from the exchange's ticker is served`,
  fallback_trend: () => "the line through the last prices is served",
  fallback_zero: () => "the forecast of no move is served",
};

function whyImpaired(worker: SymbolWorker, { source, model_version }: Prediction): string | null {
  const stand_in = STAND_INS[source]?.(model_version);
  if (stand_in) return `the champion gives no forecast, ${stand_in}: ${worker.predictor.reason}`;
  return worker.state.vector?.warm ? null : notWarm(worker);
}

/** Why the newest vector is not warm, as a sentence. */
export function notWarm({ warm_up, state }: SymbolWorker): string {
  if (warm_up.pending) return "not warm: the look-back is being fetched";
  return `not warm: ${state.vector?.cold_reason ?? "the look-back reaches back before the data that is known"}`;
}

function bookHealth({ worker, feed }: SymbolView): Dependency {
  const { symbol, book } = worker;
  const { state, counters, last_error } = book.sequencer;
  const reason = state.name === "synced" || feed.state !== "live" ? null : notSynced(worker);
  return {
    name: `book ${symbol}`,
    symbol,
    state: state.name === "synced" ? "ok" : "degraded",
    reason: state.name === "synced" ? null : (reason ?? "the book is empty while the streams are down"),
    facts: {
      state: state.name,
      gaps: counters.gaps,
      syncs: counters.syncs,
      touches_compared: book.touch.compared,
      touches_equal: book.touch.matches,
      last_error: last_error?.code ?? null,
    },
  };
}

function notSynced({ book }: SymbolWorker): string {
  const { state } = book.sequencer;
  if (state.name !== "waiting_snapshot") return "no update of the book has come yet";
  return `the book waits for a snapshot by REST, asked ${state.attempt} times (${state.reason})`;
}

/** A step of the exchange's clock, for a moment, and for as long as it leaves forecasts cold. */
function stepped({ lane, state }: SymbolWorker, now_us: Micros): string | null {
  const step = lane.breaks.newest_step;
  if (!step) return null;
  const { reason, received_us } = step;
  const is_new = now_us - received_us < STEP_SHOWN_US;
  return is_new || state.vector?.cold_reason === reason ? reason : null;
}

/** The streams of a delisted or halted symbol are connected and silent. */
function dataHealth({ worker, feed, halted, started_at_us, now_us }: SymbolView): Dependency {
  const { symbol, state, lane } = worker;
  const last_us = Math.max(0, ...state.received_us.values());
  const live_us = feed.state === "live" ? feed.since_us : now_us;
  const silent_s = (now_us - Math.max(last_us, started_at_us, live_us)) / US_PER_SEC;
  const silent = silent_s > LIMITS.symbol_silent_s_max;
  const set_aside = [...lane.setAside.values()].reduce((sum, rows) => sum + rows, 0);
  const broken = lane.breaks.reason ?? stepped(worker, now_us);
  const since = last_us === 0 ? "since the start" : `for ${Math.round(silent_s)} s`;
  return {
    name: `data ${symbol}`,
    symbol,
    state: halted !== undefined || silent || broken !== null ? "degraded" : "ok",
    reason:
      halted ??
      (silent
        ? `nothing of ${symbol} has come ${since} though the streams are connected: check that it is spelt right and trades`
        : broken),
    facts: {
      last_event_s_ago: last_us === 0 ? null : Math.round((now_us - last_us) / US_PER_SEC),
      rows_set_aside: set_aside,
    },
  };
}
