/** The pipeline's metrics: names, meanings, and where each number is kept. Read only when scraped. */

import type { Sample } from "../base/metrics.ts";
import { reachedLimits } from "../base/reached.ts";
import { registerAlertMetrics } from "./health/alerts.ts";
import { registerExperimentMetrics } from "./health/model/experiments.ts";
import { registerSteeringMetrics } from "./health/model/steering.ts";
import { registerTrainingMetrics } from "./health/model/trainings.ts";
import { registerBarsMetrics } from "./health/record/bars.ts";
import { registerCaptureMetrics } from "./health/record/capture.ts";
import { registerLakeMetrics } from "./health/record/lake.ts";
import { registerLeaseMetrics } from "./health/record/lease.ts";
import { registerOutcomeMetrics } from "./health/record/outcomes.ts";
import { registerParityMetrics } from "./health/record/parity.ts";
import { registerQualityMetrics } from "./health/record/quality.ts";
import { registerRedisMetrics } from "./health/record/redis.ts";
import { registerRepairMetrics } from "./health/record/repair.ts";
import { registerStoreMetrics } from "./health/record/store.ts";
import { featuresAgeS } from "./health/symbol.ts";
import { registerTickMetrics } from "./health/ticks.ts";
import type { PipelineParts } from "./parts.ts";
import type { SymbolWorker } from "./symbol/symbol_worker.ts";

export function registerMetrics(parts: PipelineParts): void {
  const { metrics, workers, feed, writer, rest, models, store, stored } = parts;
  registerParityMetrics(metrics, () => stored()?.parity);
  registerBarsMetrics(metrics, stored);
  registerTrainingMetrics(metrics, () => stored()?.trainings);
  registerOutcomeMetrics(metrics, () => stored()?.outcomes);
  registerQualityMetrics(
    metrics,
    () => workers.values(),
    () => stored()?.quality,
  );
  registerRepairMetrics(metrics, () => stored()?.repair);
  registerSteeringMetrics(metrics, () => stored()?.steering);
  registerExperimentMetrics(metrics, () => stored()?.experiments);
  registerLakeMetrics(metrics, () => stored()?.lake);
  registerRedisMetrics(metrics, parts.publisher);
  registerCaptureMetrics(metrics, parts.capture);
  registerStoreMetrics(metrics, writer, store);
  registerLeaseMetrics(metrics, { symbols: parts.config.symbols, standingBy: parts.standingBy });
  registerAlertMetrics(metrics, parts.alerts);
  models.register(metrics);
  metrics.observe(
    "counter",
    "foretick_limit_reached_total",
    "Times a limit was met: a wait given up, a body not read, one more refused",
    () => [...reachedLimits()].map(([limit, value]) => ({ labels: { limit }, value })),
  );
  registerTickMetrics(metrics, () => workers.values());
  const perSymbol = (read: (worker: SymbolWorker) => number) => (): Sample[] =>
    [...workers.values()].map((worker) => ({ labels: { symbol: worker.symbol }, value: read(worker) }));
  const each = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (worker: SymbolWorker) => number,
  ): void => metrics.observe(kind, `foretick_${name}`, help, perSymbol(read));
  const whole = (kind: "counter" | "gauge", name: string, help: string, read: () => number): void =>
    metrics.observe(kind, `foretick_${name}`, help, read);
  whole(
    "counter",
    "ask_cache_hits_total",
    "Forecasts asked for that were answered as before.",
    () => parts.asks.cache.hits,
  );
  whole(
    "counter",
    "ask_cache_misses_total",
    "Forecasts asked for that were computed.",
    () => parts.asks.cache.misses,
  );

  each("counter", "events_total", "Market events taken", ({ lane }) => lane.counters.events);
  each("counter", "trades_total", "Trades, each once", ({ lane }) => lane.counters.trades);
  each("counter", "trades_duplicate_total", "Duplicate trades", ({ lane }) => lane.counters.trades_duplicate);
  each(
    "counter",
    "trades_late_total",
    "Late trades: their second had closed",
    ({ lane }) => lane.counters.trades_late,
  );
  metrics.observe("counter", "foretick_rows_set_aside_total", "Rows that are not believed, by reason", () =>
    [...workers.values()].flatMap(({ symbol, lane }) =>
      [...lane.setAside].map(([reason, value]) => ({ labels: { symbol, reason }, value })),
    ),
  );
  each(
    "gauge",
    "breaks_open",
    "Breaks in the data that have not ended",
    ({ lane }) => lane.breaks.open.length,
  );
  each(
    "counter",
    "time_steps_total",
    "Times the exchange's clock stepped, ahead or back",
    ({ lane }) => lane.counters.time_steps,
  );
  each("counter", "quotes_total", "Quotes", ({ lane }) => lane.counters.quotes);
  each(
    "counter",
    "quotes_late_total",
    "Late quotes: their second had closed",
    ({ lane }) => lane.counters.quotes_late,
  );
  each("counter", "disconnects_total", "Breaks in the data", ({ lane }) => lane.counters.disconnects);
  each("counter", "seconds_closed_total", "Seconds closed", ({ lane }) => lane.counters.seconds_closed);
  each("gauge", "trades_missing", "Trades known to exist by their ids, and not received", ({ lane }) =>
    lane.ledger.missing().reduce((sum, { from, to }) => sum + to - from + 1, 0),
  );
  each(
    "counter",
    "book_touches_compared_total",
    "Updates compared between the book and the quotes",
    ({ book }) => book.touch.compared,
  );
  each(
    "counter",
    "book_touches_equal_total",
    "Of these, the ones at which they agreed",
    ({ book }) => book.touch.matches,
  );
  each(
    "counter",
    "book_gaps_total",
    "Times depth diffs did not follow each other",
    ({ book }) => book.sequencer.counters.gaps,
  );
  each("counter", "predictions_total", "Predictions made", ({ predictor }) => predictor.counters.predictions);
  each(
    "counter",
    "predictions_approximated_total",
    "Predictions made of a vector in which something stands in for what is not known",
    ({ predictor }) => predictor.counters.approximated,
  );
  each(
    "counter",
    "ticks_skipped_late_total",
    "Ticks skipped because their second closed after their forecast was due",
    ({ predictor }) => predictor.counters.skipped_late,
  );
  each(
    "counter",
    "ticks_skipped_deadline_total",
    "Ticks skipped because their forecast was not ready when it was due",
    ({ predictor }) => predictor.counters.skipped_deadline,
  );
  each(
    "counter",
    "ticks_unanswered_total",
    "Of these, the ones the model had not answered",
    ({ predictor }) => predictor.counters.unanswered,
  );
  each(
    "counter",
    "ticks_skipped_null_total",
    "Ticks skipped because a feature was null",
    ({ predictor }) => predictor.counters.skipped_null,
  );
  each(
    "counter",
    "ticks_skipped_sequence_total",
    "Ticks skipped because there were not enough vectors in a row",
    ({ predictor }) => predictor.counters.skipped_sequence,
  );
  each(
    "counter",
    "ticks_failed_total",
    "Ticks the model failed on",
    ({ predictor }) => predictor.counters.failed,
  );
  each(
    "counter",
    "ticks_missed_total",
    "Ticks without a forecast of the champion, for whatever reason",
    ({ predictor: { counters } }) =>
      counters.skipped_late +
      counters.skipped_deadline +
      counters.skipped_null +
      counters.skipped_sequence +
      counters.failed,
  );
  each(
    "gauge",
    "features_age_s",
    "Since the newest event in the newest vector, by the exchange's clock (s); NaN while the symbol is not traded",
    (worker) =>
      parts.statusOf(worker.symbol) === undefined ? featuresAgeS(worker, parts.clock.now()) : Number.NaN,
  );
  each(
    "gauge",
    "latency_ms",
    "From a second's close to its prediction, newest tick (ms)",
    ({ state }) => state.predictions.latest()?.latency_ms ?? Number.NaN,
  );
  each(
    "gauge",
    "symbol_halted",
    "1 while the exchange says that it does not trade the symbol",
    ({ symbol }) => Number(parts.statusOf(symbol) !== undefined),
  );
  each("gauge", "warm", "1 while the newest vector is warm", ({ state }) =>
    Number(state.vector?.warm ?? false),
  );

  whole("counter", "frames_total", "Frames received", () => feed.counters.frames);
  metrics.observe(
    "counter",
    "foretick_frames_dropped_total",
    "Frames that could not be used, by reason",
    () =>
      Object.entries(feed.status.frame_faults.by_code).map(([code, value]) => ({ labels: { code }, value })),
  );
  whole("counter", "connects_total", "Connections opened", () => feed.counters.connects);
  whole("counter", "connection_failures_total", "Connections lost or refused", () => feed.counters.failures);
  whole("counter", "streams_stale_total", "Times a stream fell silent", () => feed.counters.stale);
  whole("gauge", "feed_live", "1 while the streams are connected", () =>
    Number(feed.status.state === "live"),
  );
  whole("gauge", "rest_requests_waiting", "REST requests waiting for their turn", () => rest.load.waiting);
}
