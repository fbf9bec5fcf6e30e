/** A look at drift: what was lived lately, quarter by quarter, beside what a bundle says was normal in training. */

import type { Sql } from "postgres";
import { US_PER_SEC } from "../../base/units.ts";
import {
  type DriftOptions,
  type DriftRecommendation,
  type DriftReport,
  driftOf,
} from "../../judge/drift/drift.ts";
import { type DriftReference, endOf, SPAN_S, SPANS, type Span } from "../../judge/drift/drift_reference.ts";
import { DriftSlots, SLOT_S } from "../../judge/drift/drift_slots.ts";
import type { Model } from "../../model/model.ts";
import { livedRows, newestVector } from "../../record/drift/lived_rows.ts";

/** What a look needs of a model. */
export type LookedAt = Pick<
  Model,
  "version" | "feature_set" | "set_hash" | "horizon_s" | "importance" | "drift"
>;

/** How bad, in rising order. */
export const RECOMMENDATIONS = [
  "none",
  "watch",
  "retrain_soon",
  "retrain_now",
] as const satisfies readonly DriftRecommendation[];

const SLOT_US = SLOT_S * US_PER_SEC;
const SLOTS_DAY = SPAN_S.day / SLOT_S;
/** After a horizon, until its outcome is stored (s). */
const OUTCOME_S = 60;

/** The last day of one model and symbol, as sums of quarters of an hour. */
export class Lived {
  readonly model: LookedAt;
  readonly reference: DriftReference;
  readonly #symbol: string;
  readonly #slots: DriftSlots;
  #read_to_us: number | undefined;

  /** @param reference the model's. */
  constructor(symbol: string, model: LookedAt, reference: DriftReference) {
    this.model = model;
    this.reference = reference;
    this.#symbol = symbol;
    this.#slots = new DriftSlots(reference.columns, SLOTS_DAY);
  }

  /** Where what was read ends (µs). */
  get end_us(): number {
    return endOf(this.#slots.slots) * US_PER_SEC;
  }

  /**
   * Reads the quarters that are over and whose outcomes are known, a day at most; those that were read are not read
   * again. `between` is awaited after each of them.
   * @returns whether there was one with rows.
   * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
   */
  async read(sql: Sql, between: () => Promise<void>, signal?: AbortSignal): Promise<boolean> {
    const wanted = { ...this.model, symbol: this.#symbol, model_version: this.model.version };
    const newest_us = await newestVector(sql, wanted);
    if (newest_us === undefined) return false;
    const final_us = newest_us - (this.model.horizon_s + OUTCOME_S) * US_PER_SEC;
    const to_us = Math.floor(final_us / SLOT_US) * SLOT_US;
    const first_us = to_us - SLOTS_DAY * SLOT_US;
    const before_us = this.end_us;
    for (
      let from_us = Math.max(this.#read_to_us ?? first_us, first_us);
      from_us < to_us;
      from_us += SLOT_US
    ) {
      if (signal?.aborted) break;
      for (const { ts_sec, values } of await livedRows(sql, wanted, from_us, from_us + SLOT_US))
        this.#slots.add(ts_sec, values);
      this.#read_to_us = from_us + SLOT_US;
      await between();
    }
    return this.end_us > before_us;
  }

  /** Of the spans within `hours` the one that says most; of those that say the same, the longest. */
  look(hours: number, options: Omit<DriftOptions, "importance"> = {}): DriftReport {
    const { importance } = this.model;
    const weights = importance?.features.map(({ name, weight }) => [name, weight] as const) ?? [];
    const reports = spansWithin(hours).map((span) =>
      driftOf(this.reference, this.#slots, span, { ...options, importance: Object.fromEntries(weights) }),
    );
    return reports.reduce((most, report) => (saysMore(report, most) ? report : most));
  }
}

/** The shortest in any case. */
const spansWithin = (hours: number): readonly Span[] =>
  SPANS.filter((span, at) => at === 0 || SPAN_S[span] <= hours * 3_600);

const rankOf = ({ recommendation }: DriftReport): number => RECOMMENDATIONS.indexOf(recommendation);

function saysMore(one: DriftReport, other: DriftReport): boolean {
  if (rankOf(one) !== rankOf(other)) return rankOf(one) > rankOf(other);
  return one.features.length > 0 || other.features.length === 0;
}
