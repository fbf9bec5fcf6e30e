/** The pipeline's metrics: names, meanings, and where each number is kept. Read only when scraped. */

import type { Sample } from "./base/metrics.ts";
import { registerBarsMetrics } from "./pipeline_bars.ts";
import { registerParityMetrics } from "./pipeline_parity.ts";
import type { PipelineParts } from "./pipeline_ports.ts";
import type { SymbolLine } from "./symbol_line.ts";

export function registerMetrics(parts: PipelineParts): void {
  const { metrics, lines, feed, writer, rest, parity, models } = parts;
  registerParityMetrics(metrics, parity);
  registerBarsMetrics(metrics, parts);
  models.register(metrics);
  const perLine = (read: (line: SymbolLine) => number) => (): Sample[] =>
    [...lines.values()].map((line) => ({ labels: { symbol: line.symbol }, value: read(line) }));
  const line = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (line: SymbolLine) => number,
  ): void => metrics.observe(kind, `foretick_${name}`, help, perLine(read));
  const whole = (kind: "counter" | "gauge", name: string, help: string, read: () => number): void =>
    metrics.observe(kind, `foretick_${name}`, help, read);

  line("counter", "events_total", "Market events taken", ({ lane }) => lane.counters.events);
  line("counter", "trades_total", "Trades, each once", ({ lane }) => lane.counters.trades);
  line(
    "counter",
    "trades_duplicate_total",
    "Trades that came again",
    ({ lane }) => lane.counters.trades_duplicate,
  );
  line(
    "counter",
    "trades_late_total",
    "Trades after their second had closed",
    ({ lane }) => lane.counters.trades_late,
  );
  line("counter", "quotes_total", "Quotes", ({ lane }) => lane.counters.quotes);
  line(
    "counter",
    "quotes_late_total",
    "Quotes after their second had closed",
    ({ lane }) => lane.counters.quotes_late,
  );
  line("counter", "disconnects_total", "Breaks in the data", ({ lane }) => lane.counters.disconnects);
  line("counter", "seconds_closed_total", "Seconds closed", ({ lane }) => lane.counters.seconds_closed);
  line("gauge", "trades_missing", "Trades known to exist and not had", ({ lane }) =>
    lane.ledger.missing().reduce((sum, { from, to }) => sum + to - from + 1, 0),
  );
  line(
    "counter",
    "book_touches_compared_total",
    "Updates at which book and quote both stood",
    ({ touch }) => touch.compared,
  );
  line(
    "counter",
    "book_touches_equal_total",
    "Of these, the ones at which they agreed",
    ({ touch }) => touch.matches,
  );
  line(
    "counter",
    "book_gaps_total",
    "Times depth diffs did not follow each other",
    ({ book }) => book.counters.gaps,
  );
  line("counter", "predictions_total", "Predictions made", ({ predictor }) => predictor.counters.predictions);
  line(
    "counter",
    "ticks_skipped_deadline_total",
    "Ticks skipped because they took longer than DEADLINE_MS",
    ({ predictor }) => predictor.counters.skipped_deadline,
  );
  line(
    "counter",
    "ticks_skipped_null_total",
    "Ticks skipped because a feature was null",
    ({ predictor }) => predictor.counters.skipped_null,
  );
  line(
    "counter",
    "ticks_skipped_sequence_total",
    "Ticks skipped for want of enough vectors in a row",
    ({ predictor }) => predictor.counters.skipped_sequence,
  );
  line(
    "counter",
    "ticks_failed_total",
    "Ticks the model failed on",
    ({ predictor }) => predictor.counters.failed,
  );
  line("gauge", "latency_ms", "From a second's close to its prediction, newest tick (ms)", ({ state }) =>
    state.latest ? state.latest.latency_ms : Number.NaN,
  );
  line("gauge", "warm", "1 while the newest vector is warm", ({ state }) =>
    Number(state.vector?.warm ?? false),
  );

  whole("counter", "frames_total", "Frames received", () => feed.counters.frames);
  whole("counter", "connects_total", "Connections opened", () => feed.counters.connects);
  whole("counter", "connection_failures_total", "Connections lost or refused", () => feed.counters.failures);
  whole("counter", "streams_stale_total", "Times a stream fell silent", () => feed.counters.stale);
  whole("gauge", "feed_live", "1 while the streams are connected", () =>
    Number(feed.status.state === "live"),
  );
  whole("gauge", "rest_requests_waiting", "REST requests waiting for their turn", () => rest.load.waiting);
  whole("gauge", "write_queue_rows", "Rows waiting for the database", () => writer.stats.queue_rows);
  whole("gauge", "journal_bytes", "Bytes waiting in the journal on disk", () => writer.stats.journal_bytes);
  metrics.observe("counter", "foretick_rows_written_total", "Rows stored", () =>
    Object.entries(writer.stats.written).map(([table, value]) => ({ labels: { table }, value })),
  );
}
