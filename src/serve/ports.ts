/**
 * What serving needs from the rest of the product, and nothing more. The process's wiring implements
 * these; tests implement them with data of their own, so that every route is tested without a feed.
 *
 * Everything but `predictions`, `parity`, `reliability` and `storedDays` answers at once from memory: a request never waits for the market or a model.
 */

import type { Metrics } from "../base/metrics.ts";
import type { PartName } from "../base/runbook/parts.ts";
import type { Micros, ModelVersion, UnixSec } from "../base/units.ts";
import type { StreamName } from "../binance/events.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { LedgerFigures } from "../judge/signal/ledger.ts";
import type { Role } from "../model/role.ts";
import type { JoinedPrediction, Outcome, Prediction } from "../predict/prediction.ts";
import type { QualityAnswer, QualityChoice, QualityWindow } from "../predict/quality_minutes.ts";
import type { SeriesChoice } from "../predict/series.ts";
import type { Alert, Silence } from "../record/alerts/alert.ts";
import type { StoredDay, StoredDaysQuery } from "../record/bars/stored_days.ts";
import type { ParityRun, ParityTotals } from "../record/parity/runs.ts";
import type { Reliability, ReliabilityQuery } from "../record/reliability.ts";
import type { SignalRow } from "../record/signals/signal_row.ts";
import type { AskPort } from "./ports_ask.ts";
import type { OperatorPort } from "./ports_operate.ts";

/** Why there is no current answer. The reason is read by callers: a sentence, without internals. */
export interface Unavailable {
  readonly reason: string;
  /** When asking again makes sense; 1 s where it is left out. */
  readonly retry_after_s?: number;
}

export interface PredictionQuery {
  readonly symbol: string;
  readonly choice: SeriesChoice;
  /** Predictions with from_us ≤ ts_sec < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
  /** Only those of whole multiples of so many seconds, so that a long range is an even sample of it; 1: all. */
  readonly every_s: number;
  /** The newest `limit` of them, oldest first. */
  readonly limit: number;
}

export interface ParityQuery {
  readonly symbol: string;
  /** All sets where it is undefined. */
  readonly feature_set: string | undefined;
  readonly limit: number;
}

/** The results of comparing live vectors with SQL. */
export interface ParityAnswer {
  /** The newest `limit` runs, oldest first. */
  readonly runs: readonly ParityRun[];
  /** By set, over the service's runs since `totals_since_us`. */
  readonly totals: readonly ParityTotals[];
  readonly totals_since_us: Micros;
}

/** How good a model has been, and the ridge model beside it, where there is one. */
export interface QualityView {
  readonly model: QualityAnswer;
  readonly ridge: QualityAnswer | undefined;
}

/** An alert with the words of its rule; undefined where the rule is no longer there. */
export interface AlertView {
  readonly alert: Alert;
  readonly rule: { readonly title: string; readonly remedy: string } | undefined;
}

/** What is wrong and what was, the newest first. */
export interface AlertsView {
  readonly open: readonly AlertView[];
  readonly recent: readonly AlertView[];
  /** Rules of which nobody is told now. */
  readonly silences: readonly Silence[];
}

/** What is traded on paper since midnight (UTC), strategy by strategy. */
export interface LedgersView {
  readonly since_sec: UnixSec;
  /** False until what was stored of the day before a restart has been read. */
  readonly complete: boolean;
  /** Paid of what changes hands, at either end (bp). */
  readonly fee_bp: number;
  readonly figures: readonly LedgerFigures[];
}

/** The current signal, and what signals have earned on paper. */
export interface SignalView {
  readonly latest: SignalRow;
  /** How much its model reads each feature, the mean is 1; undefined where that is not known. */
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly ledgers: LedgersView;
}

export interface StreamAge {
  readonly stream: StreamName;
  /** Since the last event was received (ms); null before the first. */
  readonly age_ms: number | null;
}

/** One symbol's feed as it is now. Prices are in quote units; null before the first of their kind. */
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
  /** What makes the champion's forecasts now; null before there is one. */
  readonly model_version: ModelVersion | null;
  readonly role: Role | null;
  readonly horizon_s: number | null;
}

/** `down` costs answers, of its symbol or of all; `degraded` is worth a look and costs none. */
export type DependencyState = "ok" | "degraded" | "down";

/** One thing the service depends on, e.g. the database, the model, or one symbol's feed or book. */
export interface Dependency {
  /** e.g. "database", "model", "forecast BTCUSDT", "book BTCUSDT". */
  readonly name: PartName;
  /** The one symbol it concerns; undefined: all of them. */
  readonly symbol?: string;
  readonly state: DependencyState;
  /** Why it is not ok; null when it is. Read by callers, so without internals. */
  readonly reason: string | null;
  /** What there is to know, e.g. { capability: "timescale", queue_rows: 12 }. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** Whether the process makes progress; one that does not is to be started again. */
export interface Liveness {
  readonly live: boolean;
  /** Null while it does. */
  readonly reason: string | null;
}

export interface HealthReport {
  /** Version of the product that runs. */
  readonly version: string;
  readonly started_at_us: Micros;
  readonly liveness: Liveness;
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
  /** Between two predictions of a symbol (ms). */
  intervalMs(symbol: string): number;
  /** Forecasts of what a caller brings; undefined where this process has no models. */
  readonly asks?: AskPort | undefined;
  /** What operators ask; undefined where this process leads nothing. */
  readonly operator?: OperatorPort | undefined;
  /** The current prediction. One that is no longer current (the feed has stopped) is not given but reasoned. */
  /**
   * @param client the caller's own key: while a version is tried on a share of the clients, those of that share get its
   * forecasts; undefined: always the champion's.
   */
  latest(symbol: string, choice: SeriesChoice, client?: string): Prediction | Unavailable;
  latestVector(symbol: string): FeatureVector | Unavailable;
  /** The predictions of one series kept in memory, oldest first. */
  recent(symbol: string, choice: SeriesChoice): readonly JoinedPrediction[];
  /**
   * From the database, of one series: of those that fit the choice, the one predicted last in the range. Rejects
   * when the database cannot be reached; the answer then comes from memory.
   */
  predictions(query: PredictionQuery, signal?: AbortSignal): Promise<readonly JoinedPrediction[]>;
  /** From the database. Rejects when it cannot be reached. Once `signal` is aborted the database is no longer asked. */
  parity(query: ParityQuery, signal?: AbortSignal): Promise<ParityAnswer>;
  /** As `parity`. */
  reliability(query: ReliabilityQuery, signal?: AbortSignal): Promise<Reliability>;
  /** As `parity`: what is stored, newest day first. */
  storedDays(query: StoredDaysQuery, signal?: AbortSignal): Promise<readonly StoredDay[]>;
  /** Of the series that is meant; undefined where no outcome of it is known. */
  quality(symbol: string, choice: QualityChoice, window: QualityWindow): QualityView | undefined;
  /** The signal of the current prediction. */
  signals(symbol: string): SignalView | Unavailable;
  alerts(): AlertsView;
  market(symbol: string): MarketView;
  health(): HealthReport;
  /** Calls `listener` for everything that happens from now on, until the returned function is called. */
  subscribe(listener: (event: ServeEvent) => void): () => void;
}
