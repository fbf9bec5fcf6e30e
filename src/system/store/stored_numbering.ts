/**
 * The last stored ids of the runs before this one: an exchange that counts from the start
 * again is known by it, and epochs go on from the stored ones.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import type { Micros } from "../../base/units.ts";
import type { Numbering } from "../../binance/belief/stream_checks.ts";
import type { FillHistory, Received } from "../../record/fill_history.ts";

export interface StoredNumbering {
  readonly trade: Numbering | undefined;
  readonly quote: Numbering | undefined;
}

/** Of this run: what is stored with a time after its first event, or was received by it, is of no earlier one. */
export interface OwnRows {
  readonly first_us: Micros | undefined;
  readonly own: Received;
}

export async function storedNumbering(
  history: Pick<FillHistory, "lastTrade" | "lastQuote">,
  symbol: string,
  { first_us, own }: OwnRows,
  clock: Clock,
): Promise<StoredNumbering> {
  const asked = Promise.all([
    history.lastTrade(symbol, first_us, own),
    history.lastQuote(symbol, first_us, own),
  ]);
  const what = `where the numbering of ${symbol} had got to`;
  const [trade, quote] = await withDeadline(asked, { clock, limit: "fill_query_ms_max", what });
  return {
    trade: trade && { epoch: trade.epoch, id: trade.trade_id, ts_us: trade.ts_us },
    quote: quote && { epoch: quote.epoch, id: quote.update_id, ts_us: quote.ts_us },
  };
}
