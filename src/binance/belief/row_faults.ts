/**
 * What is wrong with a row, by itself and beside the rows of its stream before and after it. Pure: the live
 * path, archives and backfills use the same checks.
 *
 * A row is impossible (set aside at once), unlikely (it waits for the next of its stream, which confirms it
 * or does not), or believed.
 */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { QuoteEvent, SetAside, TradeEvent } from "../events.ts";

const BAND = LIMITS.belief_price_band;

/** What a check reads of a row; an event has it all. */
export type QuoteRow = Pick<QuoteEvent, "ts_us" | "bid_price_e8" | "ask_price_e8"> & { update_id: number };
export type TradeRow = Pick<TradeEvent, "ts_us" | "price_e8" | "qty_e8">;

/** Prices of another stream, at 1e-8; each with the exchange time it is from (µs). 0: none yet. */
export interface Witness {
  readonly price_e8: number;
  readonly ts_us: number;
}

/** Why a quote can never be believed; undefined where it can. */
export function impossibleQuote(row: QuoteRow): SetAside | undefined {
  if (!(row.bid_price_e8 > 0 && row.ask_price_e8 > 0)) return "non_positive";
  return row.bid_price_e8 < row.ask_price_e8 ? undefined : "crossed";
}

/** Why a trade can never be believed; undefined where it can. */
export function impossibleTrade(row: TradeRow): SetAside | undefined {
  return row.price_e8 > 0 && row.qty_e8 > 0 ? undefined : "non_positive";
}

/** How far ids may run in the time between two rows (ids). */
export function idReach(elapsed_us: number): number {
  return LIMITS.belief_ids_ahead_max + (LIMITS.belief_ids_per_s_max * Math.max(0, elapsed_us)) / US_PER_SEC;
}

/** Whether two prices are as near each other as prices of one moment are. */
export function withinBand(price_e8: number, other_e8: number): boolean {
  return Math.abs(price_e8 - other_e8) <= BAND * other_e8;
}

/** Whether a price may be judged by the witness: it has a price, and one that is not too old. */
function speaksOf(witness: Witness, ts_us: number): boolean {
  return witness.ts_us > 0 && ts_us - witness.ts_us <= LIMITS.belief_price_age_s_max * US_PER_SEC;
}

/** false where the prices are outside the band of every witness that can be asked. */
export function borneOutByPrice(
  prices_e8: readonly [number, number],
  ts_us: number,
  witnesses: readonly Witness[],
): boolean {
  let asked = false;
  for (const witness of witnesses) {
    if (!speaksOf(witness, ts_us)) continue;
    asked = true;
    if (withinBand(prices_e8[0], witness.price_e8) && withinBand(prices_e8[1], witness.price_e8)) return true;
  }
  return !asked;
}

/**
 * Why a trade of history is not believed, judged by its neighbours by id; undefined where it is. Either
 * neighbour may be missing, at the ends of what is loaded: one alone does not show which of the two is wrong.
 */
export function tradeFault(
  previous: TradeRow | undefined,
  row: TradeRow,
  next: TradeRow | undefined,
): SetAside | undefined {
  const impossible = impossibleTrade(row);
  if (impossible) return impossible;
  if (next && row.ts_us > next.ts_us + LIMITS.belief_history_disorder_us_max) {
    // One of the two is wrong about its time: the one the trade before does not agree with.
    if (!previous || previous.ts_us <= next.ts_us + LIMITS.belief_history_disorder_us_max)
      return "time_ahead";
  }
  const fits = (other: TradeRow | undefined): boolean | undefined => {
    if (!other || Math.abs(row.ts_us - other.ts_us) > LIMITS.belief_price_age_s_max * US_PER_SEC)
      return undefined;
    return withinBand(row.price_e8, other.price_e8);
  };
  return fits(previous) === false && fits(next) === false ? "price_band" : undefined;
}
