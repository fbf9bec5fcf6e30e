/**
 * One role's model on one symbol. It takes its model and its numbers when a second closes and scores them when
 * their turn comes, tick after tick, at most one inference in flight. What comes after the deadline is no forecast: it is
 * skipped and counted, whatever held it up.
 */

import { describeError, ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Fallback } from "../../judge/confidence.ts";
import type { Inference, Model } from "../../model/model.ts";
import type { ModelSlot } from "../../model/model_slot.ts";
import type { ClosedSecond } from "../lane/output.ts";
import { type Prediction, VENUE, type Worth } from "../prediction.ts";
import { FALLBACKS_OF } from "../source.ts";
import type { DueOptions } from "./due.ts";
import { forecastFault } from "./forecast_bound.ts";
import { type Input, inputOf } from "./input.ts";
import { cadenceOf, type RecentVectors } from "./recent_vectors.ts";
import type { Tick, TickTimes } from "./tick_times.ts";

export interface ScorerCounters {
  /** Of live vectors. */
  predictions: number;
  /** Of vectors in which something stands in for what is not known. */
  approximated: number;
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
  approximated: 0,
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
export interface Forecast extends Omit<Prediction, "served" | keyof Worth> {
  /** What takes from its confidence. Default: what its source says. */
  readonly fallbacks?: readonly Fallback[] | undefined;
  /** What indicator weights leave of its confidence beyond an even chance; undefined where they have no say. */
  readonly weighed_share?: number | undefined;
}

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

  /**
   * Takes the model and what it is shown, now: by the time its turn comes, later vectors have been added.
   * @param standIn what it is shown where the live vector has a null.
   */
  take(
    second: ClosedSecond,
    decided_us: number,
    standIn?: (model: Model) => Input | undefined,
  ): Taken | undefined {
    const { model, release } = this.slot.acquire();
    const live = inputOf(second, model, this.#options.recent);
    if (!("counted" in live)) return { second, model, ...live, decided_us, release };
    this.counters[live.counted]++;
    this.reason = live.reason;
    const input = live.counted === "skipped_null" ? standIn?.(model) : undefined;
    if (input) return { second, model, ...input, decided_us, release };
    release();
    return undefined;
  }

  /** The model it has now, for a tick that it is shown something else of than its live vector. */
  lease(second: ClosedSecond, decided_us: number): Omit<Taken, keyof Input> {
    return { second, decided_us, ...this.slot.acquire() };
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
    if (left_ms < 0) return this.#skip(taken, `waited ${Math.ceil(-left_ms)} ms too long for its turn`);
    if (this.#asked.has(model)) return this.#skipUnanswered(taken);
    try {
      const inference = await this.#infer(taken, left_ms);
      const over_ms = -times.answered(tick);
      if (over_ms > 0) return this.#skip(taken, `was ready ${Math.ceil(over_ms)} ms too late`);
      const fault = forecastFault(inference.yhat, model.horizon_s);
      if (fault) return this.#refuse(taken, fault);
      this.counters[taken.made === "live" ? "predictions" : "approximated"]++;
      this.#skipping = false;
      return this.#forecast(taken, inference);
    } catch (error) {
      if (error instanceof ForetickError && error.code === "DEADLINE") return this.#skipUnanswered(taken);
      const failed = `model ${model.version} failed on the last tick; see the log`;
      this.#miss(taken, "failed", error instanceof ForetickError ? error.message : failed);
      const { ts_sec } = second;
      const said = { ts_sec, version: model.version, role: this.slot.role, error: describeError(error) };
      this.#options.log.error(said, "a tick could not be scored");
      return undefined;
    }
  }

  #tickOf({ second, model }: Taken): Tick {
    return { ts_sec: second.ts_sec, role: this.slot.role, version: model.version };
  }

  #forecast(taken: Taken, { yhat, source: evaluator }: Inference): Forecast {
    const { second, model, vector, decided_us, price: current_price, newest_us, made } = taken;
    const is_live = made === "live";
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
      source: is_live ? evaluator : made,
      fallbacks: [...FALLBACKS_OF[evaluator], ...(is_live ? [] : FALLBACKS_OF[made])],
      features_age_ms: (second.ts_sec * US_PER_SEC - newest_us) / US_PER_MS,
      warm: is_live && vector.warm,
      ...this.#options.times.stamp(this.#tickOf(taken), decided_us),
      mid_sum_e8: second.mid_sum_e8 ?? null,
      close_e8: second.close_e8 ?? null,
      // What the model was shown last: a value that was made up for is null in the vector itself.
      weighed_share: model.weighed?.shareOf(taken.values.subarray(-vector.values.length)),
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

  /** A tick whose live vector had a null is counted already, and that says more than what was wrong with what stood in. */
  #miss({ made }: Taken, counted: "failed" | "skipped_deadline" | "unanswered", reason?: NoPrediction): void {
    if (made !== "live") return;
    this.counters[counted]++;
    if (reason !== undefined) this.reason = reason;
  }

  #refuse(taken: Taken, fault: string): undefined {
    const { ts_sec } = taken.second;
    const { version } = taken.model;
    this.#miss(taken, "failed", `model ${version}: ${fault}`);
    this.#options.log.error({ ts_sec, version }, `a forecast is not used: ${fault}`);
  }

  #skipUnanswered(taken: Taken): undefined {
    this.#miss(taken, "unanswered");
    this.#skip(taken, "has not come: the model does not answer");
  }

  #skip(taken: Taken, what: string): undefined {
    const { ts_sec } = taken.second;
    const { version } = taken.model;
    const { deadline_ms, log } = this.#options;
    const passed = `${what}, past the deadline of ${deadline_ms} ms`;
    this.#miss(taken, "skipped_deadline", `the forecast of model ${version} for the last second ${passed}`);
    // Once a run of them, not every second for as long as the model is slow.
    const level = this.#skipping ? "debug" : "warn";
    this.#skipping = true;
    log[level]({ ts_sec, version, role: this.slot.role }, `a tick was skipped: its forecast ${what}`);
  }
}
