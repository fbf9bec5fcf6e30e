/**
 * The paper exchange's trades and what it aggregates of them. An aggregate is a run of trades with one time,
 * price and taker side. It is shown once it can no longer grow: when the next one begins, or when market
 * time has passed it by `AGGREGATE_SETTLE_US`.
 */

import { LIMITS } from "../../../base/limits.ts";
import type { Int64 } from "../../../base/units.ts";
import type { TradesMessage } from "../../../binance/sbe/messages.ts";
import { History } from "../history.ts";

export interface PaperTrade {
  readonly trade_id: number;
  readonly ts_us: number;
  readonly price_e8: number;
  readonly qty_e8: Int64;
  readonly is_buyer_maker: boolean;
}

/** The trades of a message. At exponent −8 a mantissa is the e8 number itself. */
export const paperTrades = ({ transact_time_us, trades }: TradesMessage): PaperTrade[] =>
  trades.map(({ id, price, qty, is_buyer_maker }) => ({
    trade_id: Number(id),
    ts_us: Number(transact_time_us),
    price_e8: Number(price),
    qty_e8: qty,
    is_buyer_maker,
  }));

export interface AggregateTrade {
  /** An id space of its own, from 1 at the source's start. */
  readonly aggregate_id: number;
  readonly ts_us: number;
  readonly price_e8: number;
  readonly qty_e8: bigint;
  readonly first_trade_id: number;
  readonly last_trade_id: number;
  readonly is_buyer_maker: boolean;
}

/** Trades of one taker order arrive together; this is far longer than they take. */
const AGGREGATE_SETTLE_US = 250_000;

export class TradeHistory {
  readonly trades = new History<PaperTrade>(LIMITS.exchange_trades_kept);
  readonly #aggregates = new History<AggregateTrade>(LIMITS.exchange_trades_kept);
  #open: AggregateTrade | undefined;
  #open_since_us = 0;
  #next_aggregate_id = 1;

  add(trade: PaperTrade, at_us: number): void {
    this.trades.add(trade);
    const open = this.#open;
    const same =
      open !== undefined &&
      open.ts_us === trade.ts_us &&
      open.price_e8 === trade.price_e8 &&
      open.is_buyer_maker === trade.is_buyer_maker &&
      at_us - this.#open_since_us <= AGGREGATE_SETTLE_US;
    if (same) {
      this.#open = { ...open, qty_e8: open.qty_e8 + BigInt(trade.qty_e8), last_trade_id: trade.trade_id };
      return;
    }
    if (open) this.#aggregates.add(open);
    this.#open_since_us = at_us;
    this.#open = {
      aggregate_id: this.#next_aggregate_id++,
      ts_us: trade.ts_us,
      price_e8: trade.price_e8,
      qty_e8: BigInt(trade.qty_e8),
      first_trade_id: trade.trade_id,
      last_trade_id: trade.trade_id,
      is_buyer_maker: trade.is_buyer_maker,
    };
  }

  recent(limit: number): PaperTrade[] {
    return this.trades.slice(this.trades.length - limit, this.trades.length);
  }

  fromId(trade_id: number, limit: number): PaperTrade[] {
    const from = this.trades.firstFrom(trade_id, (trade) => trade.trade_id);
    return this.trades.slice(from, from + limit);
  }

  /** From ≤ time < to (µs). */
  between(from_us: number, to_us: number): PaperTrade[] {
    return this.trades.slice(0, this.trades.length).filter(({ ts_us }) => ts_us >= from_us && ts_us < to_us);
  }

  aggregatesFromId(aggregate_id: number, limit: number, market_us: number): AggregateTrade[] {
    this.#settle(market_us);
    const from = this.#aggregates.firstFrom(aggregate_id, (aggregate) => aggregate.aggregate_id);
    return this.#aggregates.slice(from, from + limit);
  }

  /** Both bounds inclusive. With a start the oldest from there, otherwise the most recent up to the end. */
  aggregatesBetween(
    start_us: number | undefined,
    end_us: number | undefined,
    limit: number,
    market_us: number,
  ): AggregateTrade[] {
    this.#settle(market_us);
    const time = (aggregate: AggregateTrade): number => aggregate.ts_us;
    const from = start_us === undefined ? 0 : this.#aggregates.firstFrom(start_us, time);
    const length = this.#aggregates.length;
    const to = end_us === undefined ? length : this.#aggregates.firstFrom(end_us + 1, time);
    if (start_us === undefined) return this.#aggregates.slice(Math.max(from, to - limit), to);
    return this.#aggregates.slice(from, Math.min(to, from + limit));
  }

  #settle(market_us: number): void {
    if (!this.#open || market_us - this.#open_since_us <= AGGREGATE_SETTLE_US) return;
    this.#aggregates.add(this.#open);
    this.#open = undefined;
  }
}
