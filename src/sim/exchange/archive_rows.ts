/** The rows of the archive's CSVs, as the exchange writes them. */

import { formatE8 } from "../../base/units.ts";
import type { ArchiveKind } from "../../binance/archive/layout.ts";
import type { PaperMarket } from "./market.ts";
import { intervalOf } from "./rest/intervals.ts";
import { formatBigE8, formatQuote, klines } from "./rest/klines.ts";
import type { PaperTrade } from "./rest/trades.ts";

export const ARCHIVE_HEADERS: Readonly<Record<ArchiveKind, string>> = {
  trades: "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match",
  aggTrades:
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match",
  klines:
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore",
};

type Rows<Market = PaperMarket> = (
  market: Market,
  from_us: number,
  to_us: number,
  market_us: number,
  time: (time_us: number) => number,
) => string[];

/** As Python writes them, which is what the archive is made with. */
const booleanText = (value: boolean): string => (value ? "True" : "False");

export function tradeRow(trade: PaperTrade, time_us: number): string {
  const { trade_id, price_e8, qty_e8, is_buyer_maker } = trade;
  const quote = formatQuote(BigInt(price_e8) * BigInt(qty_e8));
  return `${trade_id},${formatE8(price_e8)},${formatE8(qty_e8)},${quote},${time_us},${booleanText(is_buyer_maker)},True`;
}

const tradeRows: Rows = ({ history }, from_us, to_us, _, time) =>
  history.between(from_us, to_us).map((trade) => tradeRow(trade, time(trade.ts_us)));

const aggregateRows: Rows = ({ history }, from_us, to_us, market_us, time) =>
  history
    .aggregatesBetween(from_us, to_us - 1, Number.MAX_SAFE_INTEGER, market_us)
    .map((row) =>
      [
        row.aggregate_id,
        formatE8(row.price_e8),
        formatBigE8(row.qty_e8),
        row.first_trade_id,
        row.last_trade_id,
        time(row.ts_us),
        booleanText(row.is_buyer_maker),
        "True",
      ].join(","),
    );

/** Klines of a minute, from their beginnings in [from_us, to_us). */
export const klineRows: Rows<Pick<PaperMarket, "bars">> = ({ bars }, from_us, to_us, market_us, time) => {
  const window = { interval: intervalOf("1m", 0)!, limit: 50_000, start_us: from_us, end_us: to_us - 1 };
  return klines(bars, window, market_us, time).map((row) => (row as readonly unknown[]).join(","));
};

export const ARCHIVE_ROWS: Readonly<Record<ArchiveKind, Rows>> = {
  trades: tradeRows,
  aggTrades: aggregateRows,
  klines: klineRows,
};
