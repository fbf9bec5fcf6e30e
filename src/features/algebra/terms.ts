/**
 * Words the sets share: the columns by their short names, and the few forms nearly every feature is built
 * of. Each keeps to integers until its one division, and says what it is where that cannot be done.
 */

import { add, bar, div, eq, float, int, lag, lnr, mul, ratio, sub, toFloat, when } from "./build.ts";
import type { Float, Int } from "./expr.ts";

export const close = bar("close_e8");
export const n = bar("n");
export const buy = bar("buy_qty_e8");
export const sell = bar("sell_qty_e8");
/** Q of one second. */
export const qty = add(buy, sell);
/** PQ of one second. */
export const notional = bar("notional_e16");
export const bid = bar("bid_price_e8");
export const ask = bar("ask_price_e8");
export const bid_qty = bar("bid_qty_e8");
export const ask_qty = bar("ask_qty_e8");

/** An amount of base or quote, or a price. */
export const amount = (e8: Int): Float => div(toFloat(e8), float(1e8));

/** a ÷ b, and `otherwise` where b is 0. */
export const ratioOr = (otherwise: number, a: Int, b: Int): Float =>
  when(eq(b, int(0)), float(otherwise), ratio(a, b));

/** (a − b) ÷ (a + b), from −1 to 1; 0 where both are 0. */
export const imbalance = (a: Int, b: Int): Float => ratioOr(0, sub(a, b), add(a, b));

/** PQ ÷ Q as a price; the last price where nothing was traded. */
export const meanPrice = (pq: Int, q: Int): Float =>
  when(eq(q, int(0)), amount(close), ratio(pq, mul(q, int(1e8))));

/** Log-return of the last trade price over `seconds`. */
export const ret = (seconds: number): Float => lnr(close, lag(close, seconds));
