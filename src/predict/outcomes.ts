/**
 * Joins each prediction with what happened: the prices as of ts_sec + horizon_s, known when that second closes. After
 * a start many seconds close at once, and a prediction may come when its horizon is over already: the prices of the
 * last while are kept, so that it has its outcome too. Where a break is noticed late, what was joined across it is
 * taken back.
 */

import { LIMITS } from "../base/limits.ts";
import { US_PER_SEC } from "../base/units.ts";
import type { BrokenStream, DisconnectEvent } from "../binance/events.ts";
import type { Label } from "../features/label.ts";
import type { ClosedSecond } from "./lane/output.ts";
import type { Outcome, Prediction } from "./prediction.ts";
import { breaksLabel, type EndPrices, NO_PRICES, outcomeOf } from "./realized.ts";

/**
 * A break: nothing is known of the stream between `ts_us` and `until_us`, and predictions up to `noticed_sec`
 * were made before it was noticed.
 */
interface Break {
  readonly stream: BrokenStream;
  readonly ts_us: number;
  /**
   * Infinite where its end is not given: predictions after `noticed_sec` are made from what came after it.
   */
  readonly until_us: number;
  readonly noticed_sec: number;
}

/** A prediction joined lately, and the prices it was joined with. */
interface Joined {
  readonly prediction: Prediction;
  readonly end: EndPrices;
}

export class OutcomeJoiner {
  /** Predictions whose horizon has not passed, by the second they end at. At most a horizon's worth. */
  readonly #open = new Map<number, Prediction[]>();
  /** By the second they end at, oldest first; those of which nothing is known are left out. */
  readonly #joined = new Map<number, Joined[]>();
  /** As of each second closed lately, oldest first. */
  readonly #ends = new Map<number, EndPrices>();
  #newest_sec = Number.NEGATIVE_INFINITY;
  #breaks: Break[] = [];

  /** Seconds at which predictions wait for their horizon. */
  get open(): number {
    return this.#open.size;
  }

  /** Takes a prediction; gives its outcome where the second it ends at has closed already. */
  onPrediction(prediction: Prediction): Outcome | undefined {
    const due = dueSec(prediction);
    if (due <= this.#newest_sec) return this.#join(prediction, this.#ends.get(due) ?? NO_PRICES);
    push(this.#open, due, prediction);
    return undefined;
  }

  /**
   * A label is null across a break in its stream. Gives the outcomes that were joined across it before it was
   * noticed, as they are known now.
   */
  onDisconnect(event: Pick<DisconnectEvent, "ts_us" | "until_us" | "stream">): Outcome[] {
    const { ts_us, until_us = Number.POSITIVE_INFINITY, stream = "all" } = event;
    if (stream === "depth") return [];
    this.#breaks.push({ stream, ts_us, until_us, noticed_sec: this.#newest_sec });
    const taken_back: Outcome[] = [];
    for (const [due, all] of this.#joined) {
      const kept: Joined[] = [];
      for (const joined of all) {
        const end = this.#known(joined.prediction, joined.end);
        if (!sameEnd(end, joined.end)) taken_back.push(outcomeOf(joined.prediction, end));
        if (isKnown(end)) kept.push({ ...joined, end });
      }
      if (kept.length > 0) this.#joined.set(due, kept);
      else this.#joined.delete(due);
    }
    return taken_back;
  }

  /**
   * Outcomes that the close of this second decides. Seconds close in order; one that was jumped over leaves
   * its predictions without an outcome here: the store's join gives them theirs.
   */
  onClosed(second: ClosedSecond): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const prediction of this.#open.get(second.ts_sec) ?? []) {
      outcomes.push(this.#join(prediction, second));
    }
    for (const due of this.#open.keys()) if (due <= second.ts_sec) this.#open.delete(due);
    this.#newest_sec = second.ts_sec;
    this.#ends.set(second.ts_sec, { mid_sum_e8: second.mid_sum_e8, close_e8: second.close_e8 });
    this.#forget();
    return outcomes;
  }

  #forget(): void {
    const oldest_sec = this.#newest_sec - LIMITS.outcome_mids_kept_s;
    forgetUpTo(this.#ends, oldest_sec);
    forgetUpTo(this.#joined, this.#newest_sec - LIMITS.outcome_revised_s);
    if (this.#breaks.length === 0) return;
    this.#breaks = this.#breaks.filter(
      ({ ts_us, noticed_sec }) => ts_us >= oldest_sec * US_PER_SEC || noticed_sec >= oldest_sec,
    );
  }

  #join(prediction: Prediction, { mid_sum_e8, close_e8 }: EndPrices): Outcome {
    const end = this.#known(prediction, { mid_sum_e8, close_e8 });
    if (isKnown(end)) push(this.#joined, dueSec(prediction), { prediction, end });
    return outcomeOf(prediction, end);
  }

  /** The prices that no break of their stream leaves unknown. */
  #known(prediction: Prediction, end: EndPrices): EndPrices {
    const across = this.#breaks.filter((one) => breaks(one, prediction));
    const isBroken = (label: Label): boolean => across.some(({ stream }) => breaksLabel(label, stream));
    return {
      mid_sum_e8: isBroken("mid") ? undefined : end.mid_sum_e8,
      close_e8: isBroken("last") ? undefined : end.close_e8,
    };
  }
}

const isKnown = ({ mid_sum_e8, close_e8 }: EndPrices): boolean =>
  mid_sum_e8 !== undefined || close_e8 !== undefined;

const sameEnd = (one: EndPrices, other: EndPrices): boolean =>
  one.mid_sum_e8 === other.mid_sum_e8 && one.close_e8 === other.close_e8;

const dueSec = ({ ts_sec, horizon_s }: Prediction): number => ts_sec + horizon_s;

/** The data ended inside the horizon, or before the prediction, which was then made from outdated values. */
function breaks({ ts_us, until_us, noticed_sec }: Break, prediction: Prediction): boolean {
  const made_us = prediction.ts_sec * US_PER_SEC;
  if (ts_us >= dueSec(prediction) * US_PER_SEC) return false;
  return ts_us >= made_us || (until_us >= made_us && prediction.ts_sec <= noticed_sec);
}

function push<T>(held: Map<number, T[]>, due: number, value: T): void {
  const there = held.get(due);
  if (there) there.push(value);
  else held.set(due, [value]);
}

/** Keys come in ascending order, or nearly: the first that is to stay ends it. */
function forgetUpTo(held: Map<number, unknown>, oldest_sec: number): void {
  for (const sec of held.keys()) {
    if (sec > oldest_sec) return;
    held.delete(sec);
  }
}
