/**
 * History as it is loaded, from any source: a trade, or a run of trades that the exchange gives as one (an
 * aggregate: fills of one taker order at one price and time, whose ids are consecutive).
 */

import type { Micros, PriceE8, QtyE8, TradeId } from "../base/units.ts";
import type { TradeEvent } from "./events.ts";
import type { AggTrade } from "./rest/body.ts";

/** Single trades, or the exchange's aggregates: lighter, without the sizes of single trades. */
export type HistoryKind = "trades" | "aggTrades";

export interface TradeRun {
  /** Equal to `last_trade_id`: one trade. */
  readonly first_trade_id: TradeId;
  readonly last_trade_id: TradeId;
  readonly ts_us: Micros;
  readonly price_e8: PriceE8;
  /** Of all trades of the run. */
  readonly qty_e8: QtyE8;
  readonly is_buyer_maker: boolean;
}

export function runOfTrade(trade: TradeEvent): TradeRun {
  const { trade_id, ts_us, price_e8, qty_e8, is_buyer_maker } = trade;
  return { first_trade_id: trade_id, last_trade_id: trade_id, ts_us, price_e8, qty_e8, is_buyer_maker };
}

export function runOfAggregate(aggregate: AggTrade): TradeRun {
  const { first_trade_id, last_trade_id, ts_us, price_e8, qty_e8, is_buyer_maker } = aggregate;
  return { first_trade_id, last_trade_id, ts_us, price_e8, qty_e8, is_buyer_maker };
}
