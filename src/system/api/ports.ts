/**
 * What serving sees on an API machine: neither exchange nor lanes, but what the services that lead the symbols give on
 * through Redis, and the database for what is older. The answers are those of the leader, as long as they are fresh.
 */

import { fail } from "../../base/errors.ts";
import { Metrics } from "../../base/metrics.ts";
import { isoOf, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { JoinedPrediction, Outcome, Prediction } from "../../predict/prediction.ts";
import type { QualityChoice, QualityWindow } from "../../predict/quality_minutes.ts";
import { CHAMPION, describeChoice, SERVED, type SeriesChoice } from "../../predict/series.ts";
import type { StoredDay, StoredDaysQuery } from "../../record/bars/stored_days.ts";
import type { Database } from "../../record/database.ts";
import type { Reliability, ReliabilityQuery } from "../../record/reliability.ts";
import type {
  AlertsView,
  AlertView,
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
} from "../../serve/ports.ts";
import { servedInstead } from "../../steer/deploy/traffic.ts";
import { AbandonableReads } from "../callers/abandonable_reads.ts";
import { whileCurrent, whileFresh } from "../current.ts";
import { apiHealth, registerApiMetrics } from "./health.ts";
import type { ApiParts } from "./parts.ts";
import type { SymbolView } from "./redis_view.ts";

export class ApiPorts implements ServePorts {
  readonly symbols: readonly string[];
  readonly feature_sets = FEATURE_SETS.map(({ name }) => name);
  readonly metrics = new Metrics();
  readonly #parts: ApiParts;
  readonly #reads: AbandonableReads;
  readonly #listeners = new Set<(event: ServeEvent) => void>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#reads = new AbandonableReads(() => this.#database(), parts.clock, this.metrics);
    this.symbols = parts.config.symbols;
    registerApiMetrics(this.metrics, parts);
  }

  /** Ends what is asked of the database for callers. */
  close(): Promise<void> {
    return this.#reads.close();
  }

  /** A forecast has come; `live`: just now, so that it is given on to the stream. */
  onPrediction(prediction: Prediction, live: boolean): void {
    this.#view(prediction.symbol).onPrediction(prediction);
    if (live) this.#announce({ kind: "prediction", prediction });
  }

  onOutcome(outcome: Outcome, live: boolean): void {
    this.#view(outcome.symbol).onOutcome(outcome);
    if (live) this.#announce({ kind: "outcome", outcome });
  }

  subscribe(listener: (event: ServeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  intervalMs(symbol: string): number {
    return this.#view(symbol).state?.interval_ms ?? this.#parts.config.predict_interval_ms;
  }

  latest(symbol: string, choice: SeriesChoice = SERVED, client?: string): Prediction | Unavailable {
    if (choice.role === "served" && choice.model_version === undefined) {
      const version = servedInstead(this.#view(symbol).state?.split ?? undefined, client);
      const { horizon_s } = choice;
      const tried = version && this.#latest(symbol, { model_version: version, horizon_s });
      if (tried && !("reason" in tried)) return tried;
    }
    return this.#latest(symbol, choice);
  }

  #latest(symbol: string, choice: SeriesChoice): Prediction | Unavailable {
    const { clock } = this.#parts;
    const view = this.#view(symbol);
    const latest = view.predictions.latest(choice);
    const why = (): string => this.#whyNone(symbol, choice);
    if (!latest) return { reason: why() };
    return whileCurrent(latest, { now_us: clock.now(), interval_ms: this.intervalMs(symbol), why });
  }

  latestVector(symbol: string): FeatureVector | Unavailable {
    const view = this.#view(symbol);
    const why = (): string => this.#whyNone(symbol, SERVED);
    return view.vector ? whileFresh(view.vector, view.vector_age_us, why) : { reason: why() };
  }

  recent(symbol: string, choice: SeriesChoice = CHAMPION): readonly JoinedPrediction[] {
    return this.#view(symbol).predictions.of(choice);
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
    const model = this.#view(symbol).quality.figures(choice, window);
    return model && { model, ridge: undefined };
  }

  /** As the leader said it last, up to a second ago. */
  signals(symbol: string): SignalView | Unavailable {
    const latest = this.latest(symbol);
    if ("reason" in latest) return latest;
    const view = this.#view(symbol);
    return view.led && view.state ? view.state.signals : { reason: this.#whyNone(symbol, SERVED) };
  }

  /** Those of all leaders, each once. */
  alerts(): AlertsView {
    const views = [...this.#parts.views.values()].flatMap(({ state }) => state?.alerts ?? []);
    const each = (list: readonly AlertView[]): AlertView[] => [
      ...new Map(list.map((view) => [view.alert.alert_id, view])).values(),
    ];
    const silences = views.flatMap((view) => view.silences);
    return {
      open: each(views.flatMap(({ open }) => open)),
      recent: each(views.flatMap(({ recent }) => recent)),
      silences: [...new Map(silences.map((silence) => [silence.rule, silence])).values()],
    };
  }

  market(symbol: string): MarketView {
    const { clock } = this.#parts;
    const view = this.#view(symbol);
    const latest = this.latest(symbol);
    const reason = "reason" in latest ? latest.reason : null;
    const said = view.state?.market;
    const as_of_us = clock.now();
    if (!said) {
      return {
        ...{ symbol, as_of_us, last_price: null, bid_price: null, ask_price: null, connected: false },
        ...{ streams: [], book: "unknown", warm: false, reason },
        ...{ model_version: null, role: null, horizon_s: null },
      };
    }
    const older_ms = (as_of_us - said.as_of_us) / US_PER_MS;
    const streams = said.streams.map(({ stream, age_ms }) => ({
      stream,
      age_ms: age_ms === null ? null : age_ms + older_ms,
    }));
    return {
      ...said,
      as_of_us,
      streams,
      connected: said.connected && view.led,
      reason: reason ?? said.reason,
    };
  }

  health(): HealthReport {
    return apiHealth(this.#parts, (symbol) => this.latest(symbol));
  }

  #announce(event: ServeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @throws ForetickError NO_DATABASE, or STORE_UNREACHABLE while it is not open. */
  #database(): Database {
    const { store } = this.#parts;
    return store ? store.required() : noDatabase();
  }

  #view(symbol: string): SymbolView {
    return this.#parts.views.get(symbol)!;
  }

  #whyNone(symbol: string, choice: SeriesChoice): string {
    const { status } = this.#parts.reader.stats;
    const view = this.#view(symbol);
    if (status.state === "connecting") return "Redis has not answered yet";
    if (status.state !== "ok") return `Redis does not answer since ${isoOf(status.since_us)}`;
    if (!view.state) return `no service that leads ${symbol} has written to Redis yet`;
    if (!view.led) {
      const age_s = Math.round(view.state_age_us / US_PER_SEC);
      return `the service that leads ${symbol} has written nothing for ${age_s} s`;
    }
    return (
      view.state.market.reason ?? `no forecast of ${describeChoice(choice)} has come through Redis lately`
    );
  }
}

export const noDatabase = (): never =>
  fail(
    "NO_DATABASE",
    "this machine shows what is in Redis and has no database: set DATABASE_URL there for what is older",
  );
