/**
 * A small market of its own behind the serving ports: a seeded random walk, one forecast a second, outcomes
 * ten seconds later. What it holds can be set and broken by hand, which is what the tests are for.
 */

import { Metrics } from "../../src/base/metrics.ts";
import { type Rng, seededRng } from "../../src/base/rng.ts";
import { E8, type Micros, micros, modelVersion, setHash, startOf, unixSec } from "../../src/base/units.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import type { Outcome } from "../../src/predict/prediction.ts";
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
} from "../../src/serve/ports.ts";

const HORIZON_S = 10;

export class FakeMarket implements ServePorts {
  readonly metrics = new Metrics();
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
  database: (query: PredictionQuery) => Promise<readonly PredictionRow[]> = async (query) =>
    this.#stored(query);
  vector: FeatureVector | undefined;
  dependencies: Dependency[] = [
    { name: "database", state: "ok", reason: null, facts: { capability: "timescale", queue_rows: 0 } },
    { name: "model", state: "ok", reason: null, facts: { version: "ridge-v1/2026-11-21t10-00-00z" } },
    { name: "feed BTCUSDT", state: "ok", reason: null, facts: { age_ms: 40 } },
    { name: "book BTCUSDT", state: "ok", reason: null, facts: { state: "synced" } },
  ];
  reason: string | null = null;
  readonly #rng: Rng;
  readonly #rows: PredictionRow[] = [];
  readonly #listeners = new Set<(event: ServeEvent) => void>();
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

  /** One second of market: a forecast as of `ts_sec`, and the outcome of the one ten seconds before. */
  tick(ts_sec: number): PredictionRow {
    this.ticks++;
    // A little memory in the drift, so that a forecast of the drift is right more often than not.
    this.#drift = 0.9 * this.#drift + 4e-6 * this.#rng.normal();
    this.#price = Math.round(this.#price * (1 + this.#drift + 2e-5 * this.#rng.normal()) * 100) / 100;
    const yhat = 4 * this.#drift;
    const row: PredictionRow = {
      symbol: this.symbols[0]!,
      ts_sec: unixSec(ts_sec),
      horizon_s: HORIZON_S,
      yhat_log_return_10s: yhat,
      current_price: this.#price,
      predicted_price: this.#price * Math.exp(yhat),
      model_version: modelVersion("ridge-v1/2026-11-21t10-00-00z"),
      feature_set: "v1",
      set_hash: setHash("5f".repeat(32)),
      source: "onnx",
      features_age_ms: 12,
      latency_ms: 0.4,
      warm: true,
      emitted_at_us: micros(ts_sec * 1e6 + 251_300),
      mid_sum_e8: Math.round(2 * this.#price * E8),
      realized_log_return_10s: null,
      realized_price: null,
    };
    this.#rows.push(row);
    this.emit({ kind: "prediction", prediction: row });
    this.#settle(ts_sec - HORIZON_S, this.#price);
    return row;
  }

  latest(): PredictionRow | Unavailable {
    return this.unavailable ?? this.#rows.at(-1) ?? { reason: "No second has closed yet." };
  }

  latestVector(): FeatureVector | Unavailable {
    return this.unavailable ?? this.vector ?? { reason: "No second has closed yet." };
  }

  recent(): readonly PredictionRow[] {
    return this.#rows;
  }

  predictions(query: PredictionQuery): Promise<readonly PredictionRow[]> {
    return this.database(query);
  }

  parity(query: ParityQuery): Promise<ParityAnswer> {
    return this.comparisons(query);
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
      model_version: modelVersion("ridge-v1/2026-11-21t10-00-00z"),
    };
  }

  health(): HealthReport {
    const started_at_us: Micros = micros(1_732_179_000_000_000);
    return { version: "0.1.0", started_at_us, dependencies: this.dependencies };
  }

  subscribe(listener: (event: ServeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #settle(ts_sec: number, price: number): void {
    const index = this.#rows.findIndex((row) => row.ts_sec === ts_sec);
    const row = this.#rows[index];
    if (!row) return;
    const outcome: Outcome = {
      symbol: row.symbol,
      ts_sec: row.ts_sec,
      model_version: row.model_version,
      realized_log_return_10s: Math.log(price / row.current_price),
      realized_price: price,
    };
    this.#rows[index] = { ...row, ...outcome };
    this.emit({ kind: "outcome", outcome });
  }

  emit(event: ServeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #stored({ symbol, from_us, to_us, limit }: PredictionQuery): PredictionRow[] {
    return this.#rows
      .filter((row) => row.symbol === symbol && startOf(row.ts_sec) >= from_us && startOf(row.ts_sec) < to_us)
      .slice(-limit);
  }
}
