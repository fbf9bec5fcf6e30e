/** What serving sees of the running pipeline: read from memory, put into the words of `serve/ports.ts`. */

import packageJson from "../package.json" with { type: "json" };
import type { Clock } from "./base/clock.ts";
import type { Config } from "./base/config.ts";
import type { Metrics } from "./base/metrics.ts";
import { E8, type Micros, micros, US_PER_MS, US_PER_SEC } from "./base/units.ts";
import type { RestClient } from "./binance/rest.ts";
import type { StreamClient } from "./binance/stream.ts";
import { FEATURE_SETS } from "./features/sets.ts";
import type { FeatureVector } from "./features/vector.ts";
import { barsHealth } from "./pipeline_bars.ts";
import { registerMetrics } from "./pipeline_metrics.ts";
import type { ServedModels } from "./pipeline_models.ts";
import { parityHealth } from "./pipeline_parity.ts";
import type { Prediction } from "./predict/prediction.ts";
import type { Database } from "./record/database.ts";
import type { Maintenance } from "./record/maintenance.ts";
import type { ParityJob } from "./record/parity_job.ts";
import { ParityRuns } from "./record/parity_runs.ts";
import type { Queries } from "./record/queries.ts";
import type { Refresher } from "./record/refresher.ts";
import type { Writer } from "./record/writer.ts";
import type {
  Dependency,
  HealthReport,
  MarketView,
  ParityAnswer,
  ParityQuery,
  PredictionQuery,
  PredictionRow,
  ServeEvent,
  ServePorts,
  Unavailable,
} from "./serve/ports.ts";
import type { SymbolLine } from "./symbol_line.ts";

export interface PipelineParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly writer: Writer;
  readonly queries: Queries;
  readonly models: ServedModels;
  readonly rest: RestClient;
  readonly feed: StreamClient;
  readonly lines: ReadonlyMap<string, SymbolLine>;
  readonly parity: ParityJob;
  readonly refresher: Refresher;
  readonly maintenance: Maintenance;
}

/** A prediction older than this many intervals is no longer current. */
const CURRENT_INTERVALS = 5;
/** Totals of `/parity` are of the runs this far back (µs). */
const PARITY_TOTALS_US = 86_400 * US_PER_SEC;

export class PipelinePorts implements ServePorts {
  readonly symbols: readonly string[];
  readonly feature_sets = FEATURE_SETS.map(({ name }) => name);
  readonly metrics: Metrics;
  readonly #parts: PipelineParts;
  readonly #started_at_us: Micros;
  readonly #listeners = new Set<(event: ServeEvent) => void>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.symbols = parts.config.symbols;
    this.metrics = parts.metrics;
    this.#started_at_us = parts.clock.now();
    registerMetrics(parts);
  }

  announce(event: ServeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: ServeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  latest(symbol: string): Prediction | Unavailable {
    const line = this.#line(symbol);
    const latest = line?.state.latest;
    if (!line || !latest) return { reason: this.#whyNone(line) };
    const age_us = this.#parts.clock.now() - latest.emitted_at_us;
    if (age_us <= CURRENT_INTERVALS * this.#parts.config.predict_interval_ms * US_PER_MS) {
      const { realized_log_return_10s: _, realized_price: __, ...prediction } = latest;
      return prediction;
    }
    return {
      reason: `the last prediction is ${Math.round(age_us / US_PER_SEC)} s old: ${this.#whyNone(line)}`,
    };
  }

  latestVector(symbol: string): FeatureVector | Unavailable {
    const line = this.#line(symbol);
    return line?.state.vector ?? { reason: this.#whyNone(line) };
  }

  recent(symbol: string): readonly PredictionRow[] {
    return this.#line(symbol)?.state.recent ?? [];
  }

  predictions(query: PredictionQuery): Promise<readonly PredictionRow[]> {
    return this.#parts.queries.predictions(query);
  }

  async parity({ symbol, feature_set, limit }: ParityQuery): Promise<ParityAnswer> {
    const runs = new ParityRuns(this.#parts.database.sql);
    const totals_since_us = micros(Math.max(0, this.#parts.clock.now() - PARITY_TOTALS_US));
    const [newest, totals] = await Promise.all([
      runs.newest({ symbol, feature_set, limit }),
      runs.totals({ symbol, feature_set, since_us: totals_since_us }),
    ]);
    return { runs: newest.reverse(), totals, totals_since_us };
  }

  market(symbol: string): MarketView {
    const { clock, feed } = this.#parts;
    const line = this.#line(symbol);
    const as_of_us = clock.now();
    const quote = line?.state.last_quote;
    const trade = line?.state.last_trade;
    const warm = line?.state.vector?.warm ?? false;
    const latest = this.latest(symbol);
    return {
      symbol,
      as_of_us,
      last_price: trade ? trade.price_e8 / E8 : null,
      bid_price: quote ? quote.bid_price_e8 / E8 : null,
      ask_price: quote ? quote.ask_price_e8 / E8 : null,
      connected: feed.status.state === "live",
      streams: (["trade", "bestBidAsk", "depth"] as const).map((stream) => {
        const received_us = line?.state.received_us.get(stream);
        return { stream, age_ms: received_us === undefined ? null : (as_of_us - received_us) / US_PER_MS };
      }),
      book: line?.book.state.name ?? "unknown",
      warm,
      reason: "reason" in latest ? latest.reason : warm ? null : "the look-back is not yet whole",
      model_version: line?.slot.current.version ?? null,
    };
  }

  health(): HealthReport {
    return {
      version: packageJson.version,
      started_at_us: this.#started_at_us,
      dependencies: [
        this.#databaseHealth(),
        barsHealth(this.#parts),
        ...this.#parts.models.health(),
        this.#feedHealth(),
        parityHealth(this.#parts),
        ...[...this.#parts.lines.values()].map((line) => this.#lineHealth(line)),
      ],
    };
  }

  #databaseHealth(): Dependency {
    const { database, writer } = this.#parts;
    const { queue_rows, journal_bytes, last_error } = writer.stats;
    const reason = last_error ? "the database does not answer: rows wait in memory and in the journal" : null;
    return {
      name: "database",
      state: reason ? "degraded" : "ok",
      reason,
      facts: { capability: database.capability, server: database.description, queue_rows, journal_bytes },
    };
  }

  #feedHealth(): Dependency {
    const { status } = this.#parts.feed;
    const reason = status.state === "backing_off" ? status.error.message : null;
    const state = status.state === "live" ? "ok" : "down";
    return {
      name: "feed",
      state,
      reason: state === "ok" ? null : (reason ?? `the streams are ${status.state}`),
      facts: { state: status.state },
    };
  }

  #lineHealth(line: SymbolLine): Dependency {
    const latest = this.latest(line.symbol);
    const warm = line.state.vector?.warm ?? false;
    const reason = "reason" in latest ? latest.reason : warm ? null : "the look-back is not yet whole";
    return {
      name: `forecast ${line.symbol}`,
      state: "reason" in latest ? "down" : warm ? "ok" : "degraded",
      reason,
      facts: {
        book: line.book.state.name,
        warm,
        seconds_closed: line.lane.counters.seconds_closed,
        trades_late: line.lane.counters.trades_late,
        trades_missing: line.lane.ledger.missing().reduce((sum, gap) => sum + gap.to - gap.from + 1, 0),
      },
    };
  }

  #line(symbol: string): SymbolLine | undefined {
    return this.#parts.lines.get(symbol);
  }

  #whyNone(line: SymbolLine | undefined): string {
    const { status } = this.#parts.feed;
    if (!line) return "this symbol is not followed";
    if (line.failure !== undefined)
      return "this symbol has been given up after an internal error; see the log";
    if (status.state === "backing_off") return status.error.message;
    if (status.state !== "live") return `the streams are ${status.state}`;
    if (line.lane.holding) return "the look-back is being filled";
    return line.predictor.reason;
  }
}
