/**
 * A small market of its own behind the serving ports: a seeded random walk, one forecast a second, outcomes
 * ten seconds later. What it holds can be set and broken by hand, which is what the tests are for.
 */

import { Metrics } from "../../src/base/metrics.ts";
import { type Rng, seededRng } from "../../src/base/rng.ts";
import { E8, type Micros, micros, modelVersion, setHash, startOf, unixSec } from "../../src/base/units.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import type { JoinedPrediction, Outcome, Prediction } from "../../src/predict/prediction.ts";
import { QualityMinutes, type QualityWindow } from "../../src/predict/quality_minutes.ts";
import { RecentPredictions } from "../../src/predict/recent_predictions.ts";
import type { Series, SeriesChoice } from "../../src/predict/series.ts";
import type { StoredDay, StoredDaysQuery } from "../../src/record/bars/stored_days.ts";
import type { Reliability, ReliabilityQuery } from "../../src/record/reliability.ts";
import type {
  AlertsView,
  Dependency,
  HealthReport,
  Liveness,
  MarketView,
  ParityAnswer,
  ParityQuery,
  PredictionQuery,
  QualityView,
  ServeEvent,
  ServePorts,
  SignalView,
  Unavailable,
} from "../../src/serve/ports.ts";

export const FAKE_CHAMPION: Series = {
  model_version: modelVersion("ridge-v1/2026-11-21t10-00-00z"),
  role: "champion",
  horizon_s: 10,
};

export class FakeMarket implements ServePorts {
  readonly metrics = new Metrics();
  interval_ms = 1_000;
  readonly symbols: readonly string[];
  readonly feature_sets = ["v1", "gold"];
  /** What `/parity` finds in the database; set to make it fail. */
  comparisons: (query: ParityQuery) => Promise<ParityAnswer> = async () => ({
    runs: [],
    totals: [],
    totals_since_us: micros(1_732_100_000_000_000),
  });
  /** Set to make `latest` and `latestVector` answer so. */
  unavailable: Unavailable | undefined;
  /** Set to make the database fail so. */
  database: (query: PredictionQuery, signal?: AbortSignal) => Promise<readonly JoinedPrediction[]> = async (
    query,
  ) => this.#stored(query);
  vector: FeatureVector | undefined;
  liveness: Liveness = { live: true, reason: null };
  dependencies: Dependency[] = [
    { name: "database", state: "ok", reason: null, facts: { capability: "timescale", queue_rows: 0 } },
    { name: "model", state: "ok", reason: null, facts: { version: "ridge-v1/2026-11-21t10-00-00z" } },
    { name: "feed BTCUSDT", state: "ok", reason: null, facts: { age_ms: 40 } },
    { name: "book BTCUSDT", state: "ok", reason: null, facts: { state: "synced" } },
  ];
  reason: string | null = null;
  alerts_view: AlertsView = { open: [], recent: [], silences: [] };
  signal_view: SignalView | undefined;
  reliability_asked: ReliabilityQuery | undefined;
  ridge: Series | undefined;
  /** What `/data/days` finds in the database; set to make it fail. */
  stored: (query: StoredDaysQuery) => Promise<readonly StoredDay[]> = async () => [];
  readonly #quality = new QualityMinutes((choice) => this.#predictions.of(choice));
  readonly #rng: Rng;
  readonly #predictions = new RecentPredictions();
  readonly #listeners = new Set<(event: ServeEvent) => void>();
  #open: Prediction[] = [];
  #price = 61_837.6;
  #drift = 0;
  ticks = 0;

  constructor({ symbols = ["BTCUSDT"], seed = 7 }: { symbols?: readonly string[]; seed?: number } = {}) {
    this.symbols = symbols;
    this.#rng = seededRng(seed);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** One second of market: the champion's forecast as of `ts_sec`, and the outcomes it decides. */
  tick(ts_sec: number): Prediction {
    this.ticks++;
    // A little memory in the drift, so that a forecast of the drift is right more often than not.
    this.#drift = 0.9 * this.#drift + 4e-6 * this.#rng.normal();
    this.#price = Math.round(this.#price * (1 + this.#drift + 2e-5 * this.#rng.normal()) * 100) / 100;
    const prediction = this.predict(ts_sec);
    this.#settle(ts_sec);
    return prediction;
  }

  /** A forecast as of `ts_sec` at the price as it is, by the champion or another model. */
  predict(ts_sec: number, series: Series = FAKE_CHAMPION): Prediction {
    const yhat = 4 * this.#drift;
    const prediction: Prediction = {
      venue: "binance",
      symbol: this.symbols[0]!,
      ts_sec: unixSec(ts_sec),
      ...series,
      served: series.role === "champion",
      lower_price: this.#price * 0.9998,
      upper_price: this.#price * 1.0002,
      lower_log_return: Math.log(0.9998),
      upper_log_return: Math.log(1.0002),
      interval_coverage: 0.9,
      p_up: 0.52,
      confidence: 0.52,
      volatility: 1e-4,
      yhat_log_return: yhat,
      current_price: this.#price,
      predicted_price: this.#price * Math.exp(yhat),
      feature_set: "v1",
      set_hash: setHash("5f".repeat(32)),
      source: "onnx",
      features_age_ms: 12,
      latency_ms: 0.4,
      warm: true,
      emitted_at_us: micros(ts_sec * 1e6 + 251_300),
      mid_sum_e8: Math.round(2 * this.#price * E8),
      label: "mid",
      close_e8: Math.round(this.#price * E8),
    };
    this.#predictions.add(prediction);
    this.#open.push(prediction);
    this.emit({ kind: "prediction", prediction });
    return prediction;
  }

  intervalMs(): number {
    return this.interval_ms;
  }

  latest(_symbol?: string, choice?: SeriesChoice): JoinedPrediction | Unavailable {
    return this.unavailable ?? this.#predictions.latest(choice) ?? { reason: "No second has closed yet." };
  }

  latestVector(): FeatureVector | Unavailable {
    return this.unavailable ?? this.vector ?? { reason: "No second has closed yet." };
  }

  recent(_symbol?: string, choice?: SeriesChoice): readonly JoinedPrediction[] {
    return this.#predictions.of(choice);
  }

  predictions(query: PredictionQuery, signal?: AbortSignal): Promise<readonly JoinedPrediction[]> {
    return this.database(query, signal);
  }

  /** Of one bin each, and two hours. */
  async reliability(query: ReliabilityQuery): Promise<Reliability> {
    await this.database({ ...query, choice: query, every_s: 1, limit: 1 });
    this.reliability_asked = query;
    return {
      p_up: [{ bin: 0.52, n: 100, promised: 0.524, realised: 0.53 }],
      confidence: [{ bin: 0.52, n: 100, promised: 0.524, realised: 0.53 }],
      interval: [
        { bin: 1_732_176_000, n: 300, promised: 0.9, realised: 0.92 },
        { bin: 1_732_179_600, n: 100, promised: 0.9, realised: 0.88 },
      ],
    };
  }

  /** Of what it has predicted; `ridge` is the series taken for a ridge model's. */
  quality(_symbol: string, choice: SeriesChoice, window: QualityWindow): QualityView | undefined {
    const model = this.#quality.figures(choice, window);
    return model && { model, ridge: this.ridge && this.#quality.figures(this.ridge, window) };
  }

  storedDays(query: StoredDaysQuery): Promise<readonly StoredDay[]> {
    return this.stored(query);
  }

  parity(query: ParityQuery): Promise<ParityAnswer> {
    return this.comparisons(query);
  }

  signals(): SignalView | Unavailable {
    return this.signal_view ?? { reason: "nothing is known of the volatility yet, and so no interval" };
  }

  alerts(): AlertsView {
    return this.alerts_view;
  }

  market(symbol: string): MarketView {
    return {
      symbol,
      as_of_us: micros(Date.now() * 1000),
      last_price: this.#price,
      bid_price: this.#price - 0.01,
      ask_price: this.#price,
      connected: true,
      streams: [
        { stream: "trade", age_ms: 180 },
        { stream: "bestBidAsk", age_ms: 20 },
        { stream: "depth", age_ms: 90 },
      ],
      book: "synced",
      warm: this.reason === null,
      reason: this.reason,
      ...FAKE_CHAMPION,
    };
  }

  health(): HealthReport {
    const started_at_us: Micros = micros(1_732_179_000_000_000);
    const { liveness, dependencies } = this;
    return { version: "0.1.0", started_at_us, liveness, dependencies };
  }

  subscribe(listener: (event: ServeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #settle(now_sec: number): void {
    const due = this.#open.filter(({ ts_sec, horizon_s }) => ts_sec + horizon_s <= now_sec);
    for (const {
      venue,
      symbol,
      ts_sec,
      model_version,
      role,
      served,
      horizon_s,
      label,
      current_price,
      yhat_log_return,
      lower_log_return,
      upper_log_return,
      source,
    } of due) {
      const came = Math.log(this.#price / current_price);
      const outcome: Outcome = {
        ...{ venue, symbol, ts_sec, model_version, role, served, horizon_s, label },
        ...{ yhat_log_return, lower_log_return, upper_log_return, source },
        ...{ realized_log_return: came, realized_price: this.#price },
        ...{ realized_mid_log_return: came, realized_last_log_return: came },
      };
      this.#predictions.settle(outcome);
      this.emit({ kind: "outcome", outcome });
    }
    this.#open = this.#open.filter((one) => !due.includes(one));
  }

  emit(event: ServeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #stored({ symbol, choice, from_us, to_us, every_s, limit }: PredictionQuery): JoinedPrediction[] {
    return this.recent(symbol, choice)
      .filter((row) => row.symbol === symbol && startOf(row.ts_sec) >= from_us && startOf(row.ts_sec) < to_us)
      .filter((row) => row.ts_sec % every_s === 0)
      .slice(-limit);
  }
}
