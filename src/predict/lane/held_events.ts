/** What a lane holds back, and what can be said of it before any of it is judged. */

import { type Micros, US_PER_SEC } from "../../base/units.ts";
import { idReach } from "../../binance/belief/row_faults.ts";
import type { MarketEvent, TradeEvent } from "../../binance/events.ts";

/** So many of the first events are asked for the time. */
const ASKED = 3;
/** Times that differ by more do not confirm each other (µs). */
const APART_US = 10 * US_PER_SEC;

/**
 * Exchange time when the hold began (µs): that of the first event whose time another one or the local clock
 * confirms; undefined where there is none.
 */
export function heldSince(
  held: readonly MarketEvent[],
  isTimeLikely: (ts_us: Micros, received_us: Micros) => boolean,
): Micros | undefined {
  const asked: { readonly ts_us: Micros; readonly received_us: Micros }[] = [];
  for (const event of held) {
    if (event.kind === "disconnect" || event.ts_us === 0) continue;
    asked.push(event);
    if (asked.length === ASKED) break;
  }
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= APART_US;
  return asked.find(
    (one) =>
      isTimeLikely(one.ts_us, one.received_us) ||
      asked.some((other) => other !== one && near(one.ts_us, other.ts_us)),
  )?.ts_us;
}

/** Exchange time of the first event that has one (µs), confirmed or not. */
export function firstTimeOf(held: readonly MarketEvent[]): Micros | undefined {
  return held.find((event) => event.kind !== "disconnect" && event.ts_us > 0)?.ts_us;
}

/** The first trade held back whose id the next one confirms; the only one where there is no next. */
export function firstTradeOf(held: readonly MarketEvent[]): TradeEvent | undefined {
  let before: TradeEvent | undefined;
  for (const event of held) {
    if (event.kind !== "trade") continue;
    const leap = before && event.trade_id - before.trade_id;
    if (before && leap! > 0 && leap! <= idReach(event.ts_us - before.ts_us)) return before;
    before = event;
  }
  return before;
}
