/** What serving sees of the running pipeline: read from memory, put into the words of `serve/ports.ts`. */

import type { Metrics } from "../base/metrics.ts";
import { E8, US_PER_MS, US_PER_SEC } from "../base/units.ts";
import { FEATURE_SETS } from "../features/sets/all.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { JoinedPrediction, Prediction } from "../predict/prediction.ts";
import type { QualityChoice, QualityWindow } from "../predict/quality_minutes.ts";
import { CHAMPION, describeChoice, SERVED, type SeriesChoice } from "../predict/series.ts";
import type { Alert } from "../record/alerts/alert.ts";
import type { StoredDay, StoredDaysQuery } from "../record/bars/stored_days.ts";
import type { Reliability, ReliabilityQuery } from "../record/reliability.ts";
import type {
  AlertsView,
  HealthReport,
  MarketView,
  ParityAnswer,
  ParityQuery,
  PredictionQuery,
  QualityView,
  ServeEvent,
  ServePorts,
  SignalView,
  Unavailable,
} from "../serve/ports.ts";
import type { AskPort } from "../serve/ports_ask.ts";
import type { OperatorPort } from "../serve/ports_operate.ts";
import { type Split, servedInstead } from "../steer/deploy/traffic.ts";
import { type ServedState, servedState } from "./api/served_state.ts";
import { AbandonableReads } from "./callers/abandonable_reads.ts";
import { whileCurrent, whileFresh } from "./current.ts";
import { qualityView } from "./health/record/quality.ts";
import { StoreHealth } from "./health/record/store.ts";
import { healthReport } from "./health/report.ts";
import { notWarm } from "./health/symbol.ts";
import { registerMetrics } from "./metrics.ts";
import { operatorOver } from "./operate/operator.ts";
import type { PipelineParts } from "./parts.ts";
import type { SymbolWorker } from "./symbol/symbol_worker.ts";

export class PipelinePorts implements ServePorts {
  readonly symbols: readonly string[];
  readonly feature_sets = FEATURE_SETS.map(({ name }) => name);
  readonly metrics: Metrics;
  readonly asks: AskPort;
  readonly operator: OperatorPort;
  readonly #parts: PipelineParts;
  readonly #store_health: StoreHealth;
  readonly #reads: AbandonableReads;
  readonly #listeners = new Set<(event: ServeEvent) => void>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#store_health = new StoreHealth(parts.store, parts.writer);
    this.symbols = parts.config.symbols;
    this.metrics = parts.metrics;
    this.asks = parts.asks;
    this.operator = operatorOver({
      ...{ config: parts.config, clock: parts.clock, log: parts.log, database: () => parts.store.required() },
      serving: (symbol) => {
        const slot = this.#worker(symbol)?.roster.champion;
        return slot && { model: slot.current, since_us: slot.since_us };
      },
      refresh: () => parts.models.refresh(),
      drift: () => parts.stored()?.steering.drift.stats.looks ?? [],
      runningTraining: () =>
        parts.stored()?.trainings.jobs.find(({ status }) => status === "running")?.job_id,
      rules: () => parts.alerts()?.rules.map(({ name }) => name) ?? [],
    });
    this.#reads = new AbandonableReads(() => parts.store.required(), parts.clock, parts.metrics);
    registerMetrics(parts);
  }

  /** Ends what is asked of the database for callers. */
  close(): Promise<void> {
    return this.#reads.close();
  }

  announce(event: ServeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: ServeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  intervalMs(): number {
    return this.#parts.config.predict_interval_ms;
  }

  latest(symbol: string, choice: SeriesChoice = SERVED, client?: string): Prediction | Unavailable {
    return this.#tried(symbol, choice, client) ?? this.#latest(symbol, choice);
  }

  /** What a deployment, or else an experiment, serves to its share of the clients; undefined where this is not one of them, or there is none now. */
  #tried(symbol: string, { role, model_version, horizon_s }: SeriesChoice, client?: string) {
    if (role !== "served" || model_version !== undefined) return undefined;
    const version = servedInstead(this.#splitOf(symbol), client);
    if (version === undefined) return undefined;
    const tried = this.#latest(symbol, { model_version: version, horizon_s });
    return "reason" in tried ? undefined : tried;
  }

  #splitOf(symbol: string): Split | undefined {
    const stored = this.#parts.stored();
    return stored?.steering.deployments.splitOf(symbol) ?? stored?.experiments.splitOf(symbol);
  }

  #latest(symbol: string, choice: SeriesChoice): Prediction | Unavailable {
    const worker = this.#worker(symbol);
    if (!worker) return { reason: this.#notWorkedOn(symbol) };
    const latest = worker.state.predictions.latest(choice);
    if (!latest) return { reason: this.#whyNone(worker, choice) };
    const { clock, config } = this.#parts;
    return whileCurrent(latest, {
      ...{ now_us: clock.now(), interval_ms: config.predict_interval_ms },
      why: () => this.#whyNone(worker, choice),
    });
  }

  latestVector(symbol: string): FeatureVector | Unavailable {
    const worker = this.#worker(symbol);
    if (!worker) return { reason: this.#notWorkedOn(symbol) };
    const { vector } = worker.state;
    if (!vector) return { reason: this.#whyNone(worker) };
    const age_us = worker.lane.exchangeTime(this.#parts.clock.now()) - vector.ts_sec * US_PER_SEC;
    return whileFresh(vector, age_us, () => this.#whyNone(worker));
  }

  recent(symbol: string, choice: SeriesChoice = CHAMPION): readonly JoinedPrediction[] {
    return this.#worker(symbol)?.state.predictions.of(choice) ?? [];
  }

  predictions(query: PredictionQuery, signal?: AbortSignal): Promise<readonly JoinedPrediction[]> {
    return this.#reads.ask(signal, (history) => history.predictions(query));
  }

  parity(query: ParityQuery, signal?: AbortSignal): Promise<ParityAnswer> {
    return this.#reads.ask(signal, (history) => history.parity(query));
  }

  reliability(query: ReliabilityQuery, signal?: AbortSignal): Promise<Reliability> {
    return this.#reads.ask(signal, (history) => history.reliability(query));
  }

  storedDays(query: StoredDaysQuery, signal?: AbortSignal): Promise<readonly StoredDay[]> {
    return this.#reads.ask(signal, (history) => history.storedDays(query));
  }

  quality(symbol: string, choice: QualityChoice, window: QualityWindow): QualityView | undefined {
    const worker = this.#worker(symbol);
    return worker && qualityView(worker, choice, window);
  }

  signals(symbol: string): SignalView | Unavailable {
    const served = this.latest(symbol);
    if ("reason" in served) return served;
    const worker = this.#worker(symbol)!;
    const { latest, ledgers } = worker.signals;
    if (!latest || !ledgers) return { reason: "nothing is known of the volatility yet, and so no interval" };
    const { current } = worker.roster.champion;
    const weights = current.version === latest.model_version ? current.importance?.features : undefined;
    return {
      ...{ latest, ledgers },
      weights: weights && Object.fromEntries(weights.map(({ name, weight }) => [name, weight])),
    };
  }

  alerts(): AlertsView {
    const alerts = this.#parts.alerts();
    const title = (alert: Alert) => ({ alert, rule: alerts?.rules.find(({ name }) => name === alert.rule) });
    return {
      open: (alerts?.open ?? []).map(title),
      recent: (alerts?.recent ?? []).map(title),
      silences: alerts?.silences ?? [],
    };
  }

  market(symbol: string): MarketView {
    const { clock, feed } = this.#parts;
    const worker = this.#worker(symbol);
    const champion = worker?.roster.champion;
    const as_of_us = clock.now();
    const quote = worker?.state.last_quote;
    const trade = worker?.state.last_trade;
    const warm = worker?.state.vector?.warm ?? false;
    const latest = this.latest(symbol);
    return {
      symbol,
      as_of_us,
      last_price: trade ? trade.price_e8 / E8 : null,
      bid_price: quote ? quote.bid_price_e8 / E8 : null,
      ask_price: quote ? quote.ask_price_e8 / E8 : null,
      connected: feed.status.state === "live",
      streams: (["trade", "bestBidAsk", "depth"] as const).map((stream) => {
        const received_us = worker?.state.received_us.get(stream);
        return { stream, age_ms: received_us === undefined ? null : (as_of_us - received_us) / US_PER_MS };
      }),
      book: worker?.book.sequencer.state.name ?? "unknown",
      warm,
      reason: "reason" in latest ? latest.reason : warm || !worker ? null : notWarm(worker),
      model_version: champion?.current.version ?? null,
      role: champion?.role ?? null,
      horizon_s: champion?.current.horizon_s ?? null,
    };
  }

  /** What an API machine is told of the symbol beside its forecasts. */
  stateOf(symbol: string): ServedState {
    const { clock, config } = this.#parts;
    return servedState({
      ...{ at_us: clock.now(), interval_ms: config.predict_interval_ms },
      ...{
        market: this.market(symbol),
        alerts: this.alerts(),
        signals: this.signals(symbol),
        split: this.#splitOf(symbol),
      },
    });
  }

  health(): HealthReport {
    return healthReport(this.#parts, this.#store_health, (symbol) => this.latest(symbol));
  }

  #worker(symbol: string): SymbolWorker | undefined {
    return this.#parts.workers.get(symbol);
  }

  #notWorkedOn(symbol: string): string {
    return this.#parts.standingBy(symbol) ?? "this symbol is not followed";
  }

  #whyNone(worker: SymbolWorker, choice: SeriesChoice = SERVED): string {
    const { status } = this.#parts.feed;
    const halted = this.#parts.statusOf(worker.symbol);
    const scorer = worker.predictor.scorerOf(choice);
    if (!scorer) {
      return `no model makes forecasts as ${describeChoice(choice)} now`;
    }
    if (worker.failure !== undefined) return "this symbol has stopped after an internal error; see the log";
    if (halted !== undefined) return halted;
    if (status.state === "backing_off") return status.error.message;
    if (status.state !== "live") return `the streams are ${status.state}`;
    if (worker.lane.holding) return "the look-back is being filled";
    return scorer.reason;
  }
}
