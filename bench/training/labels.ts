/**
 * What may a label be taken of where there are no quotes? Ten-second returns of the last trade price, of the midpoint
 * of the last taker-buy and taker-sell prices, and of one-second VWAPs, each beside those of the mid on the same
 * seconds. A price that is smooth shows in its own one-second returns: those of a traded price hardly go together.
 *
 *   bun bench/training/labels.ts [file…]     recordings (.gz) of one stretch, or one tape; where none is given the recording in
 *                                   ../shared/data, else two simulated hours
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ForetickError } from "../../src/base/errors.ts";
import { type Micros, secondOf, US_PER_SEC } from "../../src/base/units.ts";
import type { MarketSource } from "../../src/binance/capture/market_source.ts";
import { readTape } from "../../src/binance/capture/tape_read.ts";
import type { QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import { quoteEvent, tradeEvents } from "../../src/binance/market_events.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { recordingSource } from "../../src/sim/recording/recording.ts";
import { machine, printTable } from "../peers/measure.ts";

const HORIZON_S = 10;
const SIMULATED_S = 7_200;
const SHARED = ["spot_btcusdt_20240808.gz", "spot_btcusdt_20240809.gz"].map((name) =>
  join(import.meta.dir, "..", "..", "..", "shared", "data", name),
);

/** What a price is at the end of each second, quote units; NaN before the first. */
const PRICES = [
  "mid",
  "last price",
  "midpoint of taker prices",
  "VWAP of the second before",
  "VWAP of the second after",
] as const;
type Prices = Record<(typeof PRICES)[number], number[]>;

async function sourceOf(paths: readonly string[]): Promise<MarketSource> {
  const [first] = paths;
  if (first === undefined)
    return simulatedSource({ seed: 7, start_us: 1_767_225_600_000_000, r2: 0.02, depth: false });
  return first.endsWith(".gz") ? recordingSource(paths) : readTape(first);
}

/** What a second held: the last of each kind by id, and all that was traded. */
interface Second {
  quote?: QuoteEvent;
  trade?: TradeEvent;
  bought?: TradeEvent;
  sold?: TradeEvent;
  notional: number;
  qty: number;
}

/** Events by the second of their exchange time, in whatever order they come. */
class Seconds {
  readonly #seconds = new Map<number, Second>();

  onQuote(quote: QuoteEvent): void {
    const second = this.#of(quote.ts_us);
    if (!second.quote || quote.update_id > second.quote.update_id) second.quote = quote;
  }

  onTrade(trade: TradeEvent): void {
    const second = this.#of(trade.ts_us);
    const side = trade.is_buyer_maker ? "sold" : "bought";
    for (const kind of ["trade", side] as const) {
      if (!second[kind] || trade.trade_id > second[kind].trade_id) second[kind] = trade;
    }
    second.notional += (trade.price_e8 / 1e8) * Number(trade.qty_e8);
    second.qty += Number(trade.qty_e8);
  }

  /** Every second from the first to the last, what is not new carried on. */
  prices(): Prices {
    const vwaps: number[] = [];
    const prices: Prices = {
      ...{ mid: [], "last price": [], "midpoint of taker prices": [] },
      ...{ "VWAP of the second before": vwaps, "VWAP of the second after": [] },
    };
    const [first, last] = [Math.min(...this.#seconds.keys()), Math.max(...this.#seconds.keys())];
    let carried: Second = { notional: Number.NaN, qty: 1 };
    for (let sec = first; sec <= last; sec++) {
      const second = this.#seconds.get(sec);
      const traded = second && second.qty > 0 ? second : carried;
      carried = { ...carried, ...second, notional: traded.notional, qty: traded.qty };
      const { quote, trade, bought, sold } = carried;
      prices.mid.push(((quote?.bid_price_e8 ?? Number.NaN) + (quote?.ask_price_e8 ?? Number.NaN)) / 2e8);
      prices["last price"].push(priceOf(trade));
      prices["midpoint of taker prices"].push((priceOf(bought) + priceOf(sold)) / 2);
      vwaps.push(carried.notional / carried.qty);
    }
    // What follows the last second is not known.
    prices["VWAP of the second after"].push(...vwaps.slice(1), vwaps.at(-1)!);
    return prices;
  }

  #of(ts_us: number): Second {
    const sec = secondOf(ts_us as Micros);
    const second = this.#seconds.get(sec) ?? { notional: 0, qty: 0 };
    this.#seconds.set(sec, second);
    return second;
  }
}

const priceOf = (trade: TradeEvent | undefined): number => (trade?.price_e8 ?? Number.NaN) / 1e8;

function readSeconds(source: MarketSource): Prices {
  const seconds = new Seconds();
  const end_us = source.description.startsWith("simulator")
    ? source.start_us + SIMULATED_S * US_PER_SEC
    : Number.POSITIVE_INFINITY;
  const messages = source.messages();
  for (let next = messages.next(); !next.done && next.value.at_us < end_us; next = messages.next()) {
    const { at_us, message } = next.value;
    const received_us = at_us as Micros;
    if (message.kind === "trades") {
      const events = tradeEvents(message, received_us, (error) => {
        throw error;
      });
      if (events instanceof ForetickError) throw events;
      for (const event of events) seconds.onTrade(event);
    } else if (message.kind === "best_bid_ask") {
      const event = quoteEvent(message, received_us);
      if (event instanceof ForetickError) throw event;
      seconds.onQuote(event);
    }
  }
  return seconds.prices();
}

const returns = (prices: readonly number[], over_s: number): number[] =>
  prices.slice(over_s).map((price, t) => Math.log(price / prices[t]!));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const rms = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => value * value)));

function correlation(a: readonly number[], b: readonly number[]): number {
  const [mean_a, mean_b] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, t) => (value - mean_a) * (b[t]! - mean_b)));
  const deviation = (values: readonly number[], of: number): number => rms(values.map((value) => value - of));
  return covariance / (deviation(a, mean_a) * deviation(b, mean_b));
}

/** All prices from the first second on at which each is known; recordings begin and end inside a second. */
function study(all: Prices): { readonly seconds: number; readonly rows: string[][] } {
  const from = Math.max(...PRICES.map((name) => all[name].findIndex((price) => !Number.isNaN(price))));
  const pricesOf = (name: (typeof PRICES)[number]): number[] => all[name].slice(from + 1, -1);
  const truth = returns(pricesOf("mid"), HORIZON_S);
  const rows = PRICES.map((name) => {
    const own = returns(pricesOf(name), HORIZON_S);
    const one_s = returns(pricesOf(name), 1);
    return [
      name,
      correlation(own, truth).toFixed(4),
      (1e4 * rms(own.map((value, t) => value - truth[t]!))).toFixed(2),
      (1e4 * rms(own)).toFixed(2),
      correlation(one_s.slice(1), one_s.slice(0, -1)).toFixed(2),
    ];
  });
  return { seconds: pricesOf("mid").length, rows };
}

const asked = process.argv.slice(2);
const source = await sourceOf(
  asked.length > 0 ? asked : SHARED.every((path) => existsSync(path)) ? SHARED : [],
);
const { seconds, rows } = study(readSeconds(source));
console.log(`${source.symbol}, ${source.description}: ${seconds} seconds; ${machine()}\n`);
printTable(
  [
    "price",
    `correlation with the mid's ${HORIZON_S} s`,
    "difference, bp rms",
    "own, bp rms",
    "1 s autocorrelation",
  ],
  rows,
);
