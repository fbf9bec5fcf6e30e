/**
 * What serving needs from the rest of the product, and nothing more. Whoever wires the process implements
 * these; tests implement them with data of their own, so that every route is tested without a feed.
 *
 * Everything but `predictions` and `parity` answers at once from memory: a request never waits for the market or a model.
 */

import type { Metrics } from "../base/metrics.ts";
import type { Micros, ModelVersion } from "../base/units.ts";
import type { StreamName } from "../binance/events.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Outcome, Prediction } from "../predict/prediction.ts";
import type { ParityRun, ParityTotals } from "../record/parity_runs.ts";

/** Why there is no current answer. The reason is read by callers: a sentence, without internals. */
export interface Unavailable {
  readonly reason: string;
  /** When asking again makes sense; 1 s where it is left out. */
  readonly retry_after_s?: number;
}

/** A prediction and its outcome; both realised fields are null until it is known, and across a gap. */
export type PredictionRow = Prediction & Pick<Outcome, "realized_log_return_10s" | "realized_price">;

export interface PredictionQuery {
  readonly symbol: string;
  /** Predictions with from_us ≤ ts_sec < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
  /** The newest `limit` of them, oldest first. */
  readonly limit: number;
}

export interface ParityQuery {
  readonly symbol: string;
  /** All sets where it is undefined. */
  readonly feature_set: string | undefined;
  readonly limit: number;
}

/** What comparing live vectors with SQL came to. */
export interface ParityAnswer {
  /** The newest `limit` runs, oldest first. */
  readonly runs: readonly ParityRun[];
  /** By set, over the service's runs since `totals_since_us`. */
  readonly totals: readonly ParityTotals[];
  readonly totals_since_us: Micros;
}

export interface StreamAge {
  readonly stream: StreamName;
  /** Since the last event was received (ms); null before the first. */
  readonly age_ms: number | null;
}

/** One symbol's feed as it stands now. Prices are in quote units; null before the first of their kind. */
export interface MarketView {
  readonly symbol: string;
  /** Wall clock of this view. */
  readonly as_of_us: Micros;
  readonly last_price: number | null;
  readonly bid_price: number | null;
  readonly ask_price: number | null;
  /** The streams are connected. */
  readonly connected: boolean;
  readonly streams: readonly StreamAge[];
  /** State of the order book, e.g. "synced" or "waiting_snapshot". */
  readonly book: string;
  readonly warm: boolean;
  /** Why there is no forecast now, or why it is not warm; null when all is well. */
  readonly reason: string | null;
  readonly model_version: ModelVersion | null;
}

/** `down` makes the service not ready; `degraded` is worth a look and costs no answer. */
export type DependencyState = "ok" | "degraded" | "down";

/** One thing the service depends on, e.g. the database, the model, or one symbol's feed or book. */
export interface Dependency {
  /** e.g. "database", "model", "feed BTCUSDT", "book BTCUSDT". */
  readonly name: string;
  readonly state: DependencyState;
  /** Why it is not ok; null when it is. Read by callers, so without internals. */
  readonly reason: string | null;
  /** What there is to know, e.g. { capability: "timescale", queue_rows: 12 }. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

export interface HealthReport {
  /** Version of the product that runs. */
  readonly version: string;
  readonly started_at_us: Micros;
  readonly dependencies: readonly Dependency[];
}

/** What happens while the service runs, as it happens. */
export type ServeEvent =
  | { readonly kind: "prediction"; readonly prediction: Prediction }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

export interface ServePorts {
  /** The symbols served; the first is the one meant where a request names none. */
  readonly symbols: readonly string[];
  /** Names of the feature sets computed; v1 first. */
  readonly feature_sets: readonly string[];
  readonly metrics: Metrics;
  /** The current prediction. One that is no longer current (the feed has stopped) is not given but reasoned. */
  latest(symbol: string): Prediction | Unavailable;
  latestVector(symbol: string): FeatureVector | Unavailable;
  /** The predictions kept in memory, oldest first. */
  recent(symbol: string): readonly PredictionRow[];
  /** From the database. Rejects when it cannot be reached; the answer then comes from memory. */
  predictions(query: PredictionQuery): Promise<readonly PredictionRow[]>;
  /** From the database. Rejects when it cannot be reached. */
  parity(query: ParityQuery): Promise<ParityAnswer>;
  market(symbol: string): MarketView;
  health(): HealthReport;
  /** Calls `listener` for everything that happens from now on, until the returned function is called. */
  subscribe(listener: (event: ServeEvent) => void): () => void;
}
