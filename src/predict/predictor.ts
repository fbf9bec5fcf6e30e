/**
 * Closed seconds in, predictions out. Ticks are scored one after the other, at most one inference in flight
 * a symbol; a tick that is not done within the deadline, waiting included, is skipped and counted, so that
 * a stall can never make old forecasts look fresh. A tick takes its model from the slot once, when its second
 * closes, and keeps it to the end.
 */

import type { Clock } from "../base/clock.ts";
import { describeError, ForetickError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { E8, US_PER_MS, US_PER_SEC } from "../base/units.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Model } from "../model/model.ts";
import type { ModelSlot } from "../model/model_slot.ts";
import type { ClosedSecond } from "./lane.ts";
import type { Prediction } from "./prediction.ts";
import { RecentVectors } from "./recent_vectors.ts";

export interface PredictorCounters {
  predictions: number;
  /** Ticks that took longer than the deadline. */
  skipped_deadline: number;
  /** Ticks whose vector held a null. */
  skipped_null: number;
  /** Ticks without enough vectors in a row for a model that looks at several. */
  skipped_sequence: number;
  /** Ticks between two prediction times (PREDICT_INTERVAL_MS). */
  skipped_interval: number;
  failed: number;
}

export interface PredictorOptions {
  readonly slot: ModelSlot;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadline_ms: number;
  readonly interval_ms: number;
  readonly onPrediction: (prediction: Prediction) => void;
}

/** What is scored, by which model: the newest vector, and the numbers the model takes. */
interface Input {
  readonly model: Model;
  readonly vector: FeatureVector;
  readonly values: Float64Array;
}

/** Why there is no forecast right now, as a sentence a caller of `/latest` can act on. */
export type NoPrediction = string;

export class Predictor {
  readonly counters: PredictorCounters = {
    predictions: 0,
    skipped_deadline: 0,
    skipped_null: 0,
    skipped_sequence: 0,
    skipped_interval: 0,
    failed: 0,
  };
  readonly #options: PredictorOptions;
  readonly #recent = new RecentVectors();
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #reason: NoPrediction = "no second has closed yet: the feed has just started or is down";

  constructor(options: PredictorOptions) {
    this.#options = options;
  }

  /** The last reason a tick gave no forecast. */
  get reason(): NoPrediction {
    return this.#reason;
  }

  /** Ticks not yet scored. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when every tick taken so far is scored or skipped. */
  idle(): Promise<void> {
    return this.#queue;
  }

  /** Takes a closed second; returns at once. */
  onClosed(second: ClosedSecond): void {
    for (const vector of second.vectors) this.#recent.push(vector);
    if ((second.ts_sec * US_PER_SEC) % (this.#options.interval_ms * US_PER_MS) !== 0) {
      this.counters.skipped_interval++;
      return;
    }
    const decided_us = this.#options.clock.monotonicUs();
    // Taken now: by the time its turn comes, later vectors have been added.
    const { model, release } = this.#options.slot.acquire();
    const input = this.#inputOf(second, model);
    if (!input) {
      release();
      return;
    }
    this.#waiting++;
    this.#queue = this.#queue
      .then(() => this.#score(second, input, decided_us))
      .finally(() => {
        this.#waiting--;
        release();
      });
  }

  async #score(second: ClosedSecond, { model, vector, values }: Input, decided_us: number): Promise<void> {
    if (this.#overdue(second, decided_us)) return;
    const { clock, log } = this.#options;
    try {
      const { yhat, source } = await model.infer(vector.set_hash, values);
      if (this.#overdue(second, decided_us)) return;
      const current_price = second.mid_sum_e8! / (2 * E8);
      this.counters.predictions++;
      this.#options.onPrediction({
        symbol: second.symbol,
        ts_sec: second.ts_sec,
        horizon_s: model.horizon_s,
        yhat_log_return_10s: yhat,
        current_price,
        predicted_price: current_price * Math.exp(yhat),
        model_version: model.version,
        feature_set: vector.feature_set,
        set_hash: vector.set_hash,
        source,
        features_age_ms: (second.ts_sec * US_PER_SEC - second.newest_event_us!) / US_PER_MS,
        latency_ms: (clock.monotonicUs() - decided_us) / US_PER_MS,
        warm: vector.warm,
        emitted_at_us: clock.now(),
        mid_sum_e8: second.mid_sum_e8!,
      });
    } catch (error) {
      this.counters.failed++;
      this.#reason = error instanceof ForetickError ? error.message : "the model failed on the last tick";
      log.error({ ts_sec: second.ts_sec, error: describeError(error) }, "a tick could not be scored");
    }
  }

  /**
   * The vector of the model's set, where it holds no null and a mid stands, and the numbers the model takes;
   * else notes the reason.
   */
  #inputOf(second: ClosedSecond, model: Model): Input | undefined {
    const vector = second.vectors.find(({ feature_set }) => feature_set === model.feature_set);
    if (!vector) {
      this.counters.failed++;
      this.#reason = `model ${model.version} wants feature set ${model.feature_set}, which is not computed`;
      return undefined;
    }
    const nulls = vector.names.filter((_, column) => Number.isNaN(vector.values[column]));
    if (nulls.length === 0 && second.mid_sum_e8 !== undefined) return this.#withHistory(vector, model);
    this.counters.skipped_null++;
    this.#reason =
      nulls.length > 0
        ? `${nulls.join(", ")} not known yet as of ${second.ts_sec}: data is still warming up or has a gap`
        : `no quote stands as of ${second.ts_sec}`;
    return undefined;
  }

  #withHistory(vector: FeatureVector, model: Model): Input | undefined {
    const { version, feature_set, sequence_length } = model;
    if (sequence_length === 1) return { model, vector, values: vector.values };
    const values = this.#recent.window(feature_set, sequence_length);
    if (values) return { model, vector, values };
    this.counters.skipped_sequence++;
    const held = this.#recent.heldOf(feature_set);
    this.#reason = `model ${version} wants the last ${sequence_length} vectors without a gap, so far there are ${held}`;
    return undefined;
  }

  #overdue(second: ClosedSecond, decided_us: number): boolean {
    const { clock, deadline_ms, log } = this.#options;
    const took_ms = (clock.monotonicUs() - decided_us) / US_PER_MS;
    if (took_ms <= deadline_ms) return false;
    this.counters.skipped_deadline++;
    this.#reason = `the last tick took ${took_ms.toFixed(0)} ms, over the deadline of ${deadline_ms} ms`;
    log.warn({ ts_sec: second.ts_sec, took_ms, deadline_ms }, "a tick was skipped");
    return true;
  }
}
