/**
 * The last stored ids of the runs before this one: an exchange that counts from the start
 * again is known by it, and epochs go on from the stored ones.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import type { Numbering } from "../../binance/belief/stream_checks.ts";
import type { FillHistory } from "../../record/fill_history.ts";

export interface StoredNumbering {
  readonly trade: Numbering | undefined;
  readonly quote: Numbering | undefined;
}

/** @param before_us this run's first event: what is stored with a later time is of no earlier run. */
export async function storedNumbering(
  history: Pick<FillHistory, "lastTrade" | "lastQuote">,
  symbol: string,
  before_us: Micros | undefined,
  clock: Clock,
): Promise<StoredNumbering> {
  const asked = Promise.all([history.lastTrade(symbol, before_us), history.lastQuote(symbol, before_us)]);
  const what = `where the numbering of ${symbol} had got to`;
  const [trade, quote] = await withDeadline(asked, { clock, ms: LIMITS.fill_query_ms_max, what });
  return {
    trade: trade && { epoch: trade.epoch, id: trade.trade_id, ts_us: trade.ts_us },
    quote: quote && { epoch: quote.epoch, id: quote.update_id, ts_us: quote.ts_us },
  };
}
