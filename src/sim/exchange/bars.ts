/**
 * The paper exchange's one-second bars, and what is summed up from them: klines of every interval and the
 * 24-hour ticker. Sums of quantities and of price × quantity are bigints: a day's turnover exceeds 2^53.
 */

import { LIMITS } from "../../base/limits.ts";
import { type Int64, US_PER_SEC } from "../../base/units.ts";
import { History } from "./history.ts";
import type { PaperTrade } from "./rest/trades.ts";

/** The sums of the trades of a stretch of time. */
export interface TradeSummary {
  open_e8: number;
  high_e8: number;
  low_e8: number;
  close_e8: number;
  close_qty_e8: Int64;
  n_trades: number;
  first_trade_id: number;
  last_trade_id: number;
  /** Base quantity at 1e-8. */
  volume_e8: bigint;
  taker_buy_e8: bigint;
  /** Price × quantity at 1e-16. */
  quote_e16: bigint;
  taker_buy_quote_e16: bigint;
}

interface Bar extends TradeSummary {
  readonly sec: number;
}

const secondOf = (bar: Bar): number => bar.sec;

export class BarHistory {
  readonly #bars = new History<Bar>(LIMITS.exchange_bars_kept);

  /** Start of the first second that has a trade (µs). */
  get first_us(): number | undefined {
    const first = this.#bars.at(0);
    return first && first.sec * US_PER_SEC;
  }

  add(trade: PaperTrade): void {
    const sec = Math.floor(trade.ts_us / US_PER_SEC);
    const last = this.#bars.last;
    if (last === undefined || sec > last.sec) {
      this.#bars.add({ sec, ...summaryOf(trade) });
      return;
    }
    // A trade of an earlier second is counted there, or in the next second that had a trade.
    const bar = this.#bars.at(this.#bars.firstFrom(sec, secondOf));
    if (bar) fold(bar, summaryOf(trade));
  }

  /** What happened in [from_us, to_us), both on whole seconds; undefined where nothing was traded. */
  summary(from_us: number, to_us: number): TradeSummary | undefined {
    let total: TradeSummary | undefined;
    const to_sec = to_us / US_PER_SEC;
    for (let i = this.#bars.firstFrom(from_us / US_PER_SEC, secondOf); i < this.#bars.length; i++) {
      const bar = this.#bars.at(i)!;
      if (bar.sec >= to_sec) break;
      if (total) fold(total, bar);
      else total = { ...bar };
    }
    return total;
  }

  /** The last price before `time_us` (on a whole second). */
  closeBefore(time_us: number): number | undefined {
    return this.#bars.at(this.#bars.firstFrom(time_us / US_PER_SEC, secondOf) - 1)?.close_e8;
  }
}

function summaryOf(trade: PaperTrade): TradeSummary {
  const qty = BigInt(trade.qty_e8);
  const quote = BigInt(trade.price_e8) * qty;
  return {
    open_e8: trade.price_e8,
    high_e8: trade.price_e8,
    low_e8: trade.price_e8,
    close_e8: trade.price_e8,
    close_qty_e8: trade.qty_e8,
    n_trades: 1,
    first_trade_id: trade.trade_id,
    last_trade_id: trade.trade_id,
    volume_e8: qty,
    taker_buy_e8: trade.is_buyer_maker ? 0n : qty,
    quote_e16: quote,
    taker_buy_quote_e16: trade.is_buyer_maker ? 0n : quote,
  };
}

/** Adds what came later to what came before. */
function fold(total: TradeSummary, later: TradeSummary): void {
  total.high_e8 = Math.max(total.high_e8, later.high_e8);
  total.low_e8 = Math.min(total.low_e8, later.low_e8);
  total.close_e8 = later.close_e8;
  total.close_qty_e8 = later.close_qty_e8;
  total.n_trades += later.n_trades;
  total.last_trade_id = later.last_trade_id;
  total.volume_e8 += later.volume_e8;
  total.taker_buy_e8 += later.taker_buy_e8;
  total.quote_e16 += later.quote_e16;
  total.taker_buy_quote_e16 += later.taker_buy_quote_e16;
}
