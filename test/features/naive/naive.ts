/**
 * The referee: set v1 written a second time, straight from FEATURES.md, from raw trades and quotes, by
 * scanning arrays. It shares no code with the engine or the algebra, its arithmetic is BigInt until the one
 * division, and it is as slow as it is plain. Where it and the product differ, one of them has a bug.
 */

import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";

/** What reaches the live path, in the order it does: events, and the moments at which seconds close. */
export type Arrival =
  | { readonly kind: "event"; readonly event: TradeEvent | QuoteEvent | DisconnectEvent }
  | { readonly kind: "close"; readonly sec: number };

/** The events a vector may know of: those on time, and the times from which breaks count. */
export interface Sifted {
  readonly trades: readonly TradeEvent[];
  readonly quotes: readonly QuoteEvent[];
  readonly markers_us: readonly number[];
  /** Trades and quotes whose second had closed when they came. */
  readonly late: ReadonlySet<TradeEvent | QuoteEvent>;
}

/** An event whose second has closed is late; a marker whose second has closed counts from the next one. */
export function sift(arrivals: readonly Arrival[]): Sifted {
  const trades: TradeEvent[] = [];
  const quotes: QuoteEvent[] = [];
  const markers_us: number[] = [];
  const late = new Set<TradeEvent | QuoteEvent>();
  let open_from_us = Number.NEGATIVE_INFINITY;
  for (const arrival of arrivals) {
    if (arrival.kind === "close") {
      open_from_us = (arrival.sec + 1) * 1e6;
      continue;
    }
    const { event } = arrival;
    if (event.kind === "disconnect") markers_us.push(Math.max(event.ts_us, open_from_us));
    else if (event.ts_us < open_from_us) late.add(event);
    else if (event.kind === "trade") trades.push(event);
    else quotes.push(event);
  }
  return { trades, quotes, markers_us, late };
}

export interface Expected {
  readonly warm: boolean;
  /** In the page's order; null is null. */
  readonly values: readonly (number | null)[];
}

/** The page's column names, in its order. */
export const V1_NAMES = [
  "ret_1s",
  "ret_2s",
  "ret_5s",
  "vwap_5s_dev",
  "n_trades_1s",
  "n_trades_5s",
  "buy_vol_1s",
  "sell_vol_1s",
  "tvi_1s",
  "buy_vol_5s",
  "sell_vol_5s",
  "tvi_5s",
  "avg_trade_size_1s",
  "vol_ret_10s",
  "burst_1s",
  "large_trade_flag_5s",
  "time_since_last_trade_ms",
  "last_price_minus_1s",
  "last_price_minus_5s",
  "spread",
  "mid_dev",
  "book_imbalance",
] as const;

/** The page's logarithm, digit for digit. */
export function pageLnr(a: bigint, b: bigint): number {
  const z = Number(a - b) / Number(a + b);
  const w = z * z;
  return (
    2 *
    z *
    (1 + w * (1 / 3 + w * (1 / 5 + w * (1 / 7 + w * (1 / 9 + w * (1 / 11 + w * (1 / 13 + w * (1 / 15))))))))
  );
}

const ratio = (a: bigint, b: bigint): number => Number(a) / Number(b);

export class NaiveV1 {
  readonly #events: Sifted;
  readonly #data_from_sec: number;
  readonly #by_second = new Map<number, TradeEvent[]>();
  readonly #last_trades = new Map<number, TradeEvent | undefined>();
  readonly #standing = new Map<number, QuoteEvent | undefined>();
  readonly #thresholds = new Map<number, bigint | null>();

  constructor(events: Sifted, data_from_sec: number) {
    this.#events = events;
    this.#data_from_sec = data_from_sec;
    for (const trade of events.trades) {
      const sec = Math.floor(trade.ts_us / 1e6);
      const known = this.#by_second.get(sec);
      if (known) known.push(trade);
      else this.#by_second.set(sec, [trade]);
    }
  }

  /** The vector as of t. */
  at(t: number): Expected {
    const values = [
      this.#ret(t, 1),
      this.#ret(t, 2),
      this.#ret(t, 5),
      this.#vwapDev(t),
      this.#n(t, 1),
      this.#n(t, 5),
      this.#volume(t, 1, "buy"),
      this.#volume(t, 1, "sell"),
      this.#tvi(t, 1),
      this.#volume(t, 5, "buy"),
      this.#volume(t, 5, "sell"),
      this.#tvi(t, 5),
      this.#averageSize(t),
      this.#volatility(t),
      this.#burst(t),
      this.#largeTrade(t),
      this.#timeSinceLastTrade(t),
      this.#priceChange(t, 1),
      this.#priceChange(t, 5),
      ...this.#quoteColumns(t),
    ];
    return { warm: this.#warm(t), values };
  }

  /** The quote with the highest update id among those with time < t, unless a break came at or after it. */
  standingQuote(t: number): QuoteEvent | undefined {
    if (!this.#standing.has(t)) this.#standing.set(t, this.#findStanding(t));
    return this.#standing.get(t);
  }

  #findStanding(t: number): QuoteEvent | undefined {
    let last: QuoteEvent | undefined;
    for (const quote of this.#events.quotes) {
      if (quote.ts_us < t * 1e6 && (!last || quote.update_id > last.update_id)) last = quote;
    }
    if (!last) return undefined;
    for (const marker_us of this.#events.markers_us) {
      if (last.ts_us <= marker_us && marker_us < t * 1e6) return undefined;
    }
    return last;
  }

  /** y(t) over `horizon_s`; null where a quote is missing at an end or the data broke in between. */
  label(t: number, horizon_s: number): number | null {
    const now = this.standingQuote(t);
    const then = this.standingQuote(t + horizon_s);
    if (!now || !then) return null;
    for (const marker_us of this.#events.markers_us) {
      if (t * 1e6 <= marker_us && marker_us < (t + horizon_s) * 1e6) return null;
    }
    return pageLnr(midSum(then), midSum(now));
  }

  #lastTrade(t: number): TradeEvent | undefined {
    if (this.#last_trades.has(t)) return this.#last_trades.get(t);
    let last: TradeEvent | undefined;
    for (const trade of this.#events.trades) {
      if (trade.ts_us < t * 1e6 && (!last || trade.trade_id > last.trade_id)) last = trade;
    }
    this.#last_trades.set(t, last);
    return last;
  }

  #close(t: number): bigint | null {
    const last = this.#lastTrade(t);
    return last ? BigInt(last.price_e8) : null;
  }

  #window(t: number, k: number): TradeEvent[] {
    const found: TradeEvent[] = [];
    for (let sec = t - k; sec < t; sec++) found.push(...(this.#by_second.get(sec) ?? []));
    return found;
  }

  #quantity(t: number, k: number, side: "buy" | "sell"): bigint {
    let total = 0n;
    for (const trade of this.#window(t, k)) {
      if (trade.is_buyer_maker === (side === "sell")) total += BigInt(trade.qty_e8);
    }
    return total;
  }

  #ret(t: number, k: number): number | null {
    const now = this.#close(t);
    const then = this.#close(t - k);
    return now === null || then === null ? null : pageLnr(now, then);
  }

  #vwapDev(t: number): number | null {
    const trades = this.#window(t, 5);
    if (trades.length === 0) return 0;
    let q = 0n;
    let pq = 0n;
    for (const trade of trades) {
      q += BigInt(trade.qty_e8);
      pq += BigInt(trade.price_e8) * BigInt(trade.qty_e8);
    }
    return ratio(this.#close(t)! * q - pq, pq);
  }

  #n(t: number, k: number): number {
    return this.#window(t, k).length;
  }

  #volume(t: number, k: number, side: "buy" | "sell"): number {
    return Number(this.#quantity(t, k, side)) / 1e8;
  }

  #tvi(t: number, k: number): number {
    const b = this.#quantity(t, k, "buy");
    const s = this.#quantity(t, k, "sell");
    return b + s === 0n ? 0 : ratio(b - s, b + s);
  }

  #averageSize(t: number): number {
    const n = this.#n(t, 1);
    if (n === 0) return 0;
    const q = this.#quantity(t, 1, "buy") + this.#quantity(t, 1, "sell");
    return ratio(q, BigInt(n) * 100_000_000n);
  }

  #volatility(t: number): number | null {
    const x: number[] = [];
    for (let at = t - 9; at <= t; at++) {
      const ret = this.#ret(at, 1);
      if (ret === null) return null;
      x.push(ret);
    }
    const m = x.reduce((a, b) => a + b) / 10;
    const squares = x.map((value) => (value - m) * (value - m));
    return Math.sqrt(squares.reduce((a, b) => a + b) / 9);
  }

  #burst(t: number): number {
    const now = this.#n(t, 1);
    let smaller = 0;
    for (let at = t - 60; at <= t - 1; at++) if (this.#n(at, 1) < now) smaller++;
    return smaller >= 30 ? 1 : 0;
  }

  #threshold(t: number): bigint | null {
    const start = Math.floor(t / 300) * 300 - 300;
    const known = this.#thresholds.get(start);
    if (known !== undefined) return known;
    const sizes = this.#window(start + 300, 300).map((trade) => BigInt(trade.qty_e8));
    sizes.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const threshold = sizes[Math.ceil(0.95 * sizes.length) - 1] ?? null;
    this.#thresholds.set(start, threshold);
    return threshold;
  }

  #largeTrade(t: number): number | null {
    const threshold = this.#threshold(t);
    if (threshold === null) return null;
    return this.#window(t, 5).some((trade) => BigInt(trade.qty_e8) >= threshold) ? 1 : 0;
  }

  #timeSinceLastTrade(t: number): number | null {
    const last = this.#lastTrade(t);
    return last ? Number((BigInt(t) * 1_000_000n - BigInt(last.ts_us)) / 1000n) : null;
  }

  #priceChange(t: number, k: number): number | null {
    const now = this.#close(t);
    const then = this.#close(t - k);
    return now === null || then === null ? null : Number(now - then) / 1e8;
  }

  #quoteColumns(t: number): [number | null, number | null, number | null] {
    const quote = this.standingQuote(t);
    if (!quote) return [null, null, null];
    const close = this.#close(t);
    const [bid_qty, ask_qty] = [BigInt(quote.bid_qty_e8), BigInt(quote.ask_qty_e8)];
    return [
      Number(BigInt(quote.ask_price_e8) - BigInt(quote.bid_price_e8)) / 1e8,
      close === null ? null : ratio(midSum(quote) - 2n * close, 2n * close),
      ratio(bid_qty - ask_qty, bid_qty + ask_qty),
    ];
  }

  /** Uninterrupted from the start of the previous complete 5-minute block. */
  #warm(t: number): boolean {
    const start = Math.floor(t / 300) * 300 - 300;
    const broken = this.#events.markers_us.some((us) => us >= start * 1e6 && us < t * 1e6);
    return this.#data_from_sec <= start && !broken;
  }
}

const midSum = (quote: QuoteEvent): bigint => BigInt(quote.bid_price_e8) + BigInt(quote.ask_price_e8);
