/**
 * Klines and the 24-hour ticker, in Binance's fields, their order and their decimals. A second, minute or day
 * without a trade is a bar like any other: flat at the last price, with no volume.
 */

import { DAY_US, formatE8, US_PER_SEC } from "../../../base/units.ts";
import type { BarHistory, TradeSummary } from "../bars.ts";
import type { PaperMarket } from "../market.ts";
import type { Interval } from "./intervals.ts";

export interface KlineWindow {
  readonly interval: Interval;
  readonly limit: number;
  /** Inclusive bounds on the opening time (µs). */
  readonly start_us?: number;
  readonly end_us?: number;
}

/** Times as the request wants them: µs as they are, or whole milliseconds. */
export type TimeFormat = (time_us: number) => number;

/** With a start the oldest from there, otherwise the most recent up to the end. */
export function klines(
  bars: BarHistory,
  window: KlineWindow,
  market_us: number,
  time: TimeFormat,
): unknown[] {
  const { interval, limit } = window;
  if (bars.first_us === undefined) return [];
  const first_open_us = interval.openOf(bars.first_us);
  const last_open_us = Math.min(interval.openOf(market_us), interval.openOf(window.end_us ?? market_us));
  let open_us = Math.max(first_open_us, interval.step(last_open_us, 1 - limit));
  if (window.start_us !== undefined) {
    const asked_us = interval.openOf(window.start_us);
    const from_us = asked_us < window.start_us ? interval.step(asked_us, 1) : asked_us;
    open_us = Math.max(first_open_us, from_us);
  }
  const rows: unknown[] = [];
  while (open_us <= last_open_us && rows.length < limit) {
    const next_us = interval.step(open_us, 1);
    rows.push(klineRow(bars, open_us, next_us, time));
    open_us = next_us;
  }
  return rows;
}

function klineRow(bars: BarHistory, open_us: number, next_us: number, time: TimeFormat): unknown[] {
  const bar = bars.summary(open_us, next_us);
  const flat_e8 = bar ? 0 : (bars.closeBefore(open_us) ?? 0);
  return [
    time(open_us),
    formatE8(bar?.open_e8 ?? flat_e8),
    formatE8(bar?.high_e8 ?? flat_e8),
    formatE8(bar?.low_e8 ?? flat_e8),
    formatE8(bar?.close_e8 ?? flat_e8),
    formatBigE8(bar?.volume_e8 ?? 0n),
    time(next_us - 1),
    formatQuote(bar?.quote_e16 ?? 0n),
    bar?.n_trades ?? 0,
    formatBigE8(bar?.taker_buy_e8 ?? 0n),
    formatQuote(bar?.taker_buy_quote_e16 ?? 0n),
    "0",
  ];
}

/** Over the last 24 hours of market time, to the second. */
export function ticker24h(market: PaperMarket, market_us: number, mini: boolean, time: TimeFormat): unknown {
  const from_us = Math.floor((market_us - DAY_US) / US_PER_SEC) * US_PER_SEC;
  const day = market.bars.summary(from_us, Number.POSITIVE_INFINITY);
  const { symbol } = market;
  const lastPrice = formatE8(day?.close_e8 ?? 0);
  const range = {
    openPrice: formatE8(day?.open_e8 ?? 0),
    highPrice: formatE8(day?.high_e8 ?? 0),
    lowPrice: formatE8(day?.low_e8 ?? 0),
  };
  const totals = {
    volume: formatBigE8(day?.volume_e8 ?? 0n),
    quoteVolume: formatQuote(day?.quote_e16 ?? 0n),
    openTime: time(market_us - DAY_US),
    closeTime: time(market_us),
    firstId: day?.first_trade_id ?? -1,
    lastId: day?.last_trade_id ?? -1,
    count: day?.n_trades ?? 0,
  };
  if (mini) return { symbol, ...range, lastPrice, ...totals };
  const change = changeFields(market, day, from_us);
  return { symbol, ...change, lastPrice, ...quoteFields(market, day), ...range, ...totals };
}

function changeFields(market: PaperMarket, day: TradeSummary | undefined, from_us: number): object {
  const change_e8 = day ? day.close_e8 - day.open_e8 : 0;
  const average_e8 = day && day.volume_e8 > 0n ? day.quote_e16 / day.volume_e8 : 0n;
  return {
    priceChange: formatE8(change_e8),
    priceChangePercent: (day ? (change_e8 / day.open_e8) * 100 : 0).toFixed(3),
    weightedAvgPrice: formatBigE8(average_e8),
    prevClosePrice: formatE8(market.bars.closeBefore(from_us) ?? day?.open_e8 ?? 0),
  };
}

function quoteFields(market: PaperMarket, day: TradeSummary | undefined): object {
  const quote = market.quote();
  return {
    lastQty: formatE8(day?.close_qty_e8 ?? 0),
    bidPrice: formatE8(quote.bid_price_e8),
    bidQty: formatE8(quote.bid_qty_e8),
    askPrice: formatE8(quote.ask_price_e8),
    askQty: formatE8(quote.ask_qty_e8),
  };
}

/** An integer at 1e-8 too large for a double, written as `formatE8` does. */
export function formatBigE8(value: bigint): string {
  const digits = value.toString().padStart(9, "0");
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** Price × quantity at 1e-16; finer than eight places is cut off. */
export function formatQuote(value_e16: bigint): string {
  return formatBigE8(value_e16 / 100_000_000n);
}
