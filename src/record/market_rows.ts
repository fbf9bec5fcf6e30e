/** Rows of the market's tables, as the driver gives them (times and int8 as text), and the events they were. */

import {
  type Micros,
  micros,
  priceE8,
  setHash,
  tradeId,
  US_PER_SEC,
  unixSec,
  updateId,
} from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, SetAside } from "../binance/events.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { StoredTrade } from "./fill_history.ts";
import { exactNumber, exactQty } from "./sql/columns.ts";
import { microsFromText } from "./sql/time_text.ts";

export interface TradeRow {
  symbol: string;
  ts: string;
  trade_id: string;
  price_e8: string;
  qty_e8: string;
  is_buyer_maker: boolean;
  late: boolean;
  received_at: string;
  epoch: number;
  set_aside: SetAside | null;
}

export const TRADE_COLUMNS =
  "symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, late, received_at, epoch, set_aside";

export function storedTrade(row: TradeRow): StoredTrade {
  const trade = {
    kind: "trade",
    epoch: row.epoch,
    symbol: row.symbol,
    ts_us: microsFromText(row.ts),
    received_us: microsFromText(row.received_at),
    trade_id: tradeId(exactNumber(row.trade_id)),
    price_e8: priceE8(exactNumber(row.price_e8)),
    qty_e8: exactQty(row.qty_e8),
    is_buyer_maker: row.is_buyer_maker,
  } as const;
  return { trade, late: row.late, set_aside: row.set_aside };
}

export interface QuoteRow {
  symbol: string;
  ts: string;
  update_id: string;
  bid_price_e8: string;
  bid_qty_e8: string;
  ask_price_e8: string;
  ask_qty_e8: string;
  received_at: string;
  epoch: number;
}

export const QUOTE_COLUMNS =
  "symbol, ts, update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch";

export function quoteEvent(row: QuoteRow): QuoteEvent {
  return {
    kind: "quote",
    epoch: row.epoch,
    symbol: row.symbol,
    ts_us: microsFromText(row.ts),
    received_us: microsFromText(row.received_at),
    update_id: updateId(exactNumber(row.update_id)),
    bid_price_e8: priceE8(exactNumber(row.bid_price_e8)),
    bid_qty_e8: exactQty(row.bid_qty_e8),
    ask_price_e8: priceE8(exactNumber(row.ask_price_e8)),
    ask_qty_e8: exactQty(row.ask_qty_e8),
  };
}

/** Reason of the marker a process leaves when it begins; `received_at` is when. */
export const SERVICE_STARTED = "service started";

/** A marker in the data, and when the trades it interrupts had been fetched; null while they have not. */
export interface StoredDisconnect {
  readonly event: DisconnectEvent;
  readonly filled_us: Micros | null;
}

/** A vector as the live path computed it, bit for bit. Its names are those of the set with its hash. */
export interface StoredVector extends Omit<FeatureVector, "names"> {
  readonly closed_us: Micros;
}

export interface VectorRow {
  symbol: string;
  ts: string;
  feature_set: string;
  set_hash: string;
  warm: boolean;
  values: string;
  closed_at: string;
}

export function storedVector(row: VectorRow): StoredVector {
  return {
    symbol: row.symbol,
    ts_sec: unixSec(microsFromText(row.ts) / US_PER_SEC),
    feature_set: row.feature_set,
    set_hash: setHash(row.set_hash),
    warm: row.warm,
    values: floatsOf(row.values),
    closed_us: micros(microsFromText(row.closed_at)),
  };
}

/** `{1,-0,NULL}` → [1, −0, NaN]: float8 text reads back to the same bits. */
export function floatsOf(literal: string): Float64Array {
  const inner = literal.slice(1, -1);
  if (inner === "") return new Float64Array(0);
  return Float64Array.from(inner.split(","), (text) => (text === "NULL" ? Number.NaN : Number(text)));
}
