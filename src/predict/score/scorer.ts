/**
 * One role's model on one symbol. It takes its model and its numbers when a second closes and scores them when
 * their turn comes, tick after tick, at most one inference in flight. What comes after the deadline is no forecast: it is
 * skipped and counted, whatever held it up.
 */

import { describeError, ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Inference, Model } from "../../model/model.ts";
import type { ModelSlot } from "../../model/model_slot.ts";
import type { ClosedSecond } from "../lane/output.ts";
import { type Prediction, VENUE, type Worth } from "../prediction.ts";
import type { DueOptions } from "./due.ts";
import { forecastFault } from "./forecast_bound.ts";
import { type Input, inputOf, priceOf } from "./input.ts";
import { cadenceOf, type RecentVectors } from "./recent_vectors.ts";
import type { Tick, TickTimes } from "./tick_times.ts";

export interface ScorerCounters {
  predictions: number;
  /** Ticks whose turn or whose model's answer came after the deadline. */
  skipped_deadline: number;
  /** Of these, the ones whose model had not answered by then. */
  unanswered: number;
  /** Ticks whose vector held a null. */
  skipped_null: number;
  /** Ticks without enough vectors in a row for a model that looks at several. */
  skipped_sequence: number;
  failed: number;
}

export const zeroScorerCounters = (): ScorerCounters => ({
  predictions: 0,
  skipped_deadline: 0,
  unanswered: 0,
  skipped_null: 0,
  skipped_sequence: 0,
  failed: 0,
});

export interface ScorerOptions extends DueOptions {
  readonly log: Logger;
  readonly recent: RecentVectors;
  readonly times: TickTimes;
}

/** A prediction before it is said what it is worth. */
export type Forecast = Omit<Prediction, "served" | keyof Worth>;

/** A tick that a model is to score. */
export interface Taken extends Input {
  readonly second: ClosedSecond;
  readonly model: Model;
  /** When the close was decided (monotonic µs). */
  readonly decided_us: number;
  readonly release: () => void;
}

/** Why there is no forecast right now, as a sentence a caller of `/latest` can act on. */
export type NoPrediction = string;

export class Scorer {
  readonly slot: ModelSlot;
  readonly counters: ScorerCounters;
  /** The last reason a tick gave no forecast. */
  reason: NoPrediction = "no second has closed yet: the feed has just started or is down";
  readonly #options: ScorerOptions;
  /** Models that have not answered their last question yet. */
  readonly #asked = new Set<Model>();
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** The tick before was skipped because time had run out. */
  #skipping = false;

  /** @param counters where it counts. */
  constructor(slot: ModelSlot, options: ScorerOptions, counters: ScorerCounters = zeroScorerCounters()) {
    this.slot = slot;
    this.counters = counters;
    this.#options = options;
  }

  /** Ticks taken and not yet scored. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when every tick taken so far is scored or skipped. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** Between two vectors of the model's set no forecast is due. */
  isDue({ ts_sec }: ClosedSecond): boolean {
    return ts_sec % cadenceOf(this.slot.current.feature_set) === 0;
  }

  /** Takes the model and what it is shown, now: by the time its turn comes, later vectors have been added. */
  take(second: ClosedSecond, decided_us: number): Taken | undefined {
    const { model, release } = this.slot.acquire();
    const input = inputOf(second, model, this.#options.recent);
    if (!("counted" in input)) return { second, model, ...input, decided_us, release };
    release();
    this.counters[input.counted]++;
    this.reason = input.reason;
    return undefined;
  }

  /**
   * Scores it in its turn, and not before `after`. Never rejects.
   * @returns undefined where there is no forecast; the reason is noted.
   */
  score(taken: Taken, after?: Promise<unknown>): Promise<Forecast | undefined> {
    this.#waiting++;
    const turn = after ? Promise.all([this.#queue, after]) : this.#queue;
    const scored = turn
      .then(() => this.#score(taken))
      .finally(() => {
        this.#waiting--;
        taken.release();
        this.#options.times.done(this.#tickOf(taken));
      });
    this.#queue = scored;
    return scored;
  }

  async #score(taken: Taken): Promise<Forecast | undefined> {
    const { second, model } = taken;
    const { times } = this.#options;
    const tick = this.#tickOf(taken);
    const left = times.turn(tick);
    const left_ms = typeof left === "number" ? left : await left;
    if (left_ms < 0)
      return this.#skip(second, model, `waited ${Math.ceil(-left_ms)} ms too long for its turn`);
    if (this.#asked.has(model)) return this.#skipUnanswered(second, model);
    try {
      const inference = await this.#infer(taken, left_ms);
      const over_ms = -times.answered(tick);
      if (over_ms > 0) return this.#skip(second, model, `was ready ${Math.ceil(over_ms)} ms too late`);
      const fault = forecastFault(inference.yhat, model.horizon_s);
      if (fault) return this.#refuse(second, model, fault);
      this.counters.predictions++;
      this.#skipping = false;
      return this.#forecast(taken, inference);
    } catch (error) {
      if (error instanceof ForetickError && error.code === "DEADLINE")
        return this.#skipUnanswered(second, model);
      this.counters.failed++;
      this.reason =
        error instanceof ForetickError
          ? error.message
          : `model ${model.version} failed on the last tick; see the log`;
      const { ts_sec } = second;
      const said = { ts_sec, version: model.version, role: this.slot.role, error: describeError(error) };
      this.#options.log.error(said, "a tick could not be scored");
      return undefined;
    }
  }

  #tickOf({ second, model }: Taken): Tick {
    return { ts_sec: second.ts_sec, role: this.slot.role, version: model.version };
  }

  #forecast(taken: Taken, { yhat, source }: Inference): Forecast {
    const { second, model, vector, decided_us } = taken;
    const current_price = priceOf(second, model.label)!;
    return {
      venue: VENUE,
      symbol: second.symbol,
      ts_sec: second.ts_sec,
      role: this.slot.role,
      horizon_s: model.horizon_s,
      label: model.label,
      yhat_log_return: yhat,
      current_price,
      predicted_price: current_price * Math.exp(yhat),
      model_version: model.version,
      feature_set: vector.feature_set,
      set_hash: vector.set_hash,
      source,
      features_age_ms: (second.ts_sec * US_PER_SEC - second.newest_event_us!) / US_PER_MS,
      warm: vector.warm,
      ...this.#options.times.stamp(this.#tickOf(taken), decided_us),
      mid_sum_e8: second.mid_sum_e8 ?? null,
      close_e8: second.close_e8 ?? null,
    };
  }

  /**
   * Waits for the answer as long as it could still be used. A model that goes on without one is not asked
   * again.
   */
  #infer(taken: Taken, left_ms: number): Promise<Inference> {
    const { model, vector, values } = taken;
    const answer = model.infer(vector.set_hash, values);
    this.#asked.add(model);
    const answered = (): void => void this.#asked.delete(model);
    answer.then(answered, answered);
    return this.#options.times.answer(this.#tickOf(taken), answer, left_ms);
  }

  #refuse({ ts_sec }: ClosedSecond, { version }: Model, fault: string): undefined {
    this.counters.failed++;
    this.reason = `model ${version}: ${fault}`;
    this.#options.log.error({ ts_sec, version }, `a forecast is not used: ${fault}`);
  }

  #skipUnanswered(second: ClosedSecond, model: Model): undefined {
    this.counters.unanswered++;
    this.#skip(second, model, "has not come: the model does not answer");
  }

  #skip({ ts_sec }: ClosedSecond, { version }: Model, what: string): undefined {
    const { deadline_ms, log } = this.#options;
    this.counters.skipped_deadline++;
    this.reason = `the forecast of model ${version} for the last second ${what}, past the deadline of ${deadline_ms} ms`;
    // Once a run of them, not every second for as long as the model is slow.
    const level = this.#skipping ? "debug" : "warn";
    this.#skipping = true;
    log[level]({ ts_sec, version, role: this.slot.role }, `a tick was skipped: its forecast ${what}`);
  }
}
