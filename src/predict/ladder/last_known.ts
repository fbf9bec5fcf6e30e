/**
 * What was known of each feature last, and since when: what a null is filled with for a moment. The age counts from
 * where the data ended, not from when that was noticed: a quote that has stood still since its stream broke is as old
 * as the stream's end.
 */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { LABELS, type Label } from "../../features/label.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Model } from "../../model/model.ts";
import type { ClosedSecond } from "../lane/output.ts";
import { breaksOf, type Input, priceNow } from "../score/input.ts";

interface Known {
  readonly values: Float64Array;
  /** As of which second each was known; −∞ before it was. */
  readonly at_sec: Float64Array;
}

export class LastKnown {
  /** By set. */
  readonly #sets = new Map<string, Known>();
  readonly #prices = new Map<Label, { readonly price: number; readonly at_sec: number }>();

  /** Every second, in order. */
  take(second: ClosedSecond): void {
    for (const vector of second.vectors) {
      const { values, at_sec } = this.#of(vector);
      for (let column = 0; column < values.length; column++) {
        const value = vector.values[column]!;
        if (Number.isNaN(value)) continue;
        values[column] = value;
        at_sec[column] = second.ts_sec;
      }
    }
    for (const label of LABELS) {
      const price = priceNow(second, label);
      if (price !== undefined) this.#prices.set(label, { price, at_sec: second.ts_sec });
    }
  }

  /** The vector with its nulls filled; undefined where one of them, or the price, was not known lately. */
  input(second: ClosedSecond, model: Model): Input | undefined {
    const vector = second.vectors.find(({ feature_set }) => feature_set === model.feature_set);
    const price = this.price(second, model.label);
    // What a model of several vectors sees are vectors in a row.
    if (!vector || price === undefined || model.sequence_length > 1) return undefined;
    const known = this.#of(vector);
    const values = Float64Array.from(vector.values);
    for (let column = 0; column < values.length; column++) {
      if (!Number.isNaN(values[column]!)) continue;
      if (!isRecent(second, known.at_sec[column]!)) return undefined;
      values[column] = known.values[column]!;
    }
    return { vector, values, price, made: "fallback_last_value", newest_us: second.newest_event_us ?? 0 };
  }

  /** The label's price as it was known last (quote units); undefined where that is too long ago. */
  price(second: ClosedSecond, label: Label): number | undefined {
    const known = this.#prices.get(label);
    return known && isRecent(second, known.at_sec, breaksOf(second, label)) ? known.price : undefined;
  }

  #of({ feature_set, values: { length } }: FeatureVector): Known {
    const held = this.#sets.get(feature_set);
    if (held) return held;
    const none = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    const made = { values: new Float64Array(length), at_sec: none };
    this.#sets.set(feature_set, made);
    return made;
  }
}

/**
 * @param at_sec the last second as of which it was known.
 * @param breaks those that may have ended it.
 */
function isRecent(second: ClosedSecond, at_sec: number, breaks = second.open_breaks ?? []): boolean {
  let since_us = at_sec * US_PER_SEC;
  for (const { ts_us, noticed_us = ts_us } of breaks) {
    // Noticed since then: it may have ended what the value is of.
    if (noticed_us >= at_sec * US_PER_SEC && ts_us < since_us) since_us = ts_us;
  }
  return isYoung(second, since_us);
}

/** The trades come in, or have until lately: a break of theirs leaves no null in a vector, only less and less truth. */
export const hasTrades = (second: ClosedSecond): boolean =>
  breaksOf(second, "last").every(({ ts_us }) => isYoung(second, ts_us));

/** What was known as of `since_us` (exchange time, µs) may still stand for what is not. */
const isYoung = ({ ts_sec }: ClosedSecond, since_us: number): boolean =>
  ts_sec * US_PER_SEC - since_us <= LIMITS.fallback_age_s_max * US_PER_SEC;
