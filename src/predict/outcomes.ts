/**
 * Joins each prediction with what happened: the mid as of ts_sec + horizon, known when that second closes. After
 * a start many seconds close at once, and a prediction may come when its horizon is over already: the mids of the
 * last while are kept, so that it has its outcome too.
 */

import { LIMITS } from "../base/limits.ts";
import type { Micros } from "../base/units.ts";
import { E8, US_PER_SEC } from "../base/units.ts";
import { lnr } from "../features/lnr.ts";
import type { ClosedSecond } from "./lane.ts";
import type { Outcome, Prediction } from "./prediction.ts";

export class OutcomeJoiner {
  /** Predictions whose horizon has not passed, by the second they end at. At most a horizon's worth. */
  readonly #open = new Map<number, Prediction[]>();
  /** bid + ask (e8) as of each second closed lately, oldest first. */
  readonly #mids = new Map<number, number | undefined>();
  #newest_sec = Number.NEGATIVE_INFINITY;
  /** Exchange times of breaks that may still lie inside a horizon. */
  #breaks_us: number[] = [];

  /** Predictions waiting for their horizon. */
  get open(): number {
    return this.#open.size;
  }

  /** Takes a prediction; gives its outcome where the second it ends at has closed already. */
  onPrediction(prediction: Prediction): Outcome | undefined {
    const due = prediction.ts_sec + prediction.horizon_s;
    if (due <= this.#newest_sec) return this.#join(prediction, this.#mids.get(due));
    const waiting = this.#open.get(due);
    if (waiting) waiting.push(prediction);
    else this.#open.set(due, [prediction]);
    return undefined;
  }

  /** A label is null across a break in the data. */
  onDisconnect(event: { readonly ts_us: Micros }): void {
    this.#breaks_us.push(event.ts_us);
  }

  /**
   * Outcomes that the close of this second decides. Seconds close in order; one that was jumped over leaves
   * its predictions without an outcome.
   */
  onClosed(second: ClosedSecond): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const prediction of this.#open.get(second.ts_sec) ?? []) {
      outcomes.push(this.#join(prediction, second.mid_sum_e8));
    }
    for (const due of this.#open.keys()) if (due <= second.ts_sec) this.#open.delete(due);
    this.#newest_sec = second.ts_sec;
    this.#mids.set(second.ts_sec, second.mid_sum_e8);
    this.#forget();
    return outcomes;
  }

  #forget(): void {
    const oldest_sec = this.#newest_sec - LIMITS.outcome_mids_kept_s;
    for (const sec of this.#mids.keys()) {
      if (sec > oldest_sec) break;
      this.#mids.delete(sec);
    }
    if (this.#breaks_us.length === 0) return;
    this.#breaks_us = this.#breaks_us.filter((ts_us) => ts_us >= oldest_sec * US_PER_SEC);
  }

  #join(prediction: Prediction, mid_sum_e8: number | undefined): Outcome {
    const { ts_sec, horizon_s } = prediction;
    const broken = this.#breaks_us.some(
      (ts_us) => ts_us >= ts_sec * US_PER_SEC && ts_us < (ts_sec + horizon_s) * US_PER_SEC,
    );
    const known = mid_sum_e8 !== undefined && !broken;
    return {
      symbol: prediction.symbol,
      ts_sec: prediction.ts_sec,
      model_version: prediction.model_version,
      realized_log_return_10s: known ? lnr(mid_sum_e8, prediction.mid_sum_e8) : null,
      realized_price: known ? mid_sum_e8 / (2 * E8) : null,
    };
  }
}
