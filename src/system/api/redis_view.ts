/** What an API machine knows of each symbol, from Redis: the forecasts of the last while, the newest vector, the leader's word. */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import { QualityMinutes } from "../../predict/quality_minutes.ts";
import { RecentPredictions } from "../../predict/recent_predictions.ts";
import type { AgedVector } from "../../record/redis/codec/vector.ts";
import { type ServedState, servedStateOf } from "./served_state.ts";

export class SymbolView {
  readonly predictions = new RecentPredictions();
  readonly quality = new QualityMinutes((choice) => this.predictions.of(choice));
  readonly #clock: Clock;
  #vector: AgedVector | undefined;
  #state: ServedState | undefined;
  #state_text: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest vector. */
  get vector(): FeatureVector | undefined {
    return this.#vector?.vector;
  }

  /** From its instant to now, by the exchange's clock (µs). */
  get vector_age_us(): number {
    const { closed_at_us, age_us } = this.#vector ?? { closed_at_us: 0, age_us: 0 };
    return this.#clock.now() - closed_at_us + age_us;
  }

  /** The same of the newest event in it, which its forecast tells of; where there is none, of its instant (µs). */
  get features_age_us(): number {
    const latest = this.predictions.latest({ role: "served" });
    const behind_ms = latest?.ts_sec === this.vector?.ts_sec ? (latest?.features_age_ms ?? 0) : 0;
    return this.vector_age_us + behind_ms * US_PER_MS;
  }

  /** What the leader said last; undefined before it has. */
  get state(): ServedState | undefined {
    return this.#state;
  }

  /** Since it said so (µs). */
  get state_age_us(): number {
    return this.#state ? this.#clock.now() - this.#state.at_us : Number.POSITIVE_INFINITY;
  }

  /** Whether the leader has said something lately. */
  get led(): boolean {
    return this.state_age_us <= LIMITS.redis_state_age_s_max * US_PER_SEC;
  }

  onVector(aged: AgedVector): void {
    if (aged.vector.ts_sec >= (this.#vector?.vector.ts_sec ?? 0)) this.#vector = aged;
  }

  onPrediction(prediction: Prediction): void {
    this.predictions.add(prediction);
  }

  onOutcome(outcome: Outcome): void {
    this.predictions.settle(outcome);
  }

  onState(text: string | undefined): void {
    if (text === undefined || text === this.#state_text) return;
    this.#state_text = text;
    this.#state = servedStateOf(text) ?? this.#state;
  }

  /** Of the newest forecast that is served, since it could be read (µs); undefined before the first. */
  get forecast_age_us(): number | undefined {
    const latest = this.predictions.latest({ role: "served" });
    return latest && this.#clock.now() - latest.emitted_at_us;
  }
}
