/**
 * What does the live feature path cost: a trade, a quote, a second's close with set v1, with each other set
 * and with all? Beside it, in the same run, what the same seconds of v1 cost when each vector is recomputed
 * from arrays of raw events (the naive referee of the tests, which keeps nothing running).
 *
 *   bun bench/hot_path/features.ts
 */

import { seededRng } from "../../src/base/rng.ts";
import { micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import { FeatureEngine } from "../../src/features/live/engine.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { NaiveV1 } from "../../test/features/naive/naive.ts";
import { byTurns, machine, median, printTable, quantile } from "../peers/measure.ts";

const SYMBOL = "BTCUSDT";
const FIRST_SEC = 1_700_000_100;
const SECONDS = 3_600;
const TRADES_PER_S = 30;
const QUOTES_PER_S = 45;
const ROUNDS = 7;
/** Seconds of the tape's end that the referee recomputes: it is too slow for more. */
const NAIVE_SECONDS = 60;

interface Second {
  readonly trades: readonly TradeEvent[];
  readonly quotes: readonly QuoteEvent[];
}

function makeTape(): Second[] {
  const rng = seededRng(1);
  let [trade_id, update_id, cents] = [1, 1, 6_000_000];
  const tape: Second[] = [];
  for (let sec = FIRST_SEC; sec < FIRST_SEC + SECONDS; sec += 1) {
    const time = (index: number, count: number) => micros(sec * 1e6 + Math.floor((index * 1e6) / count));
    const trades = Array.from(
      { length: rng.below(2 * TRADES_PER_S) },
      (_, index, count = 2 * TRADES_PER_S) => {
        cents += rng.below(21) - 10;
        return {
          kind: "trade" as const,
          epoch: 0,
          symbol: SYMBOL,
          ts_us: time(index, count),
          received_us: time(index, count),
          trade_id: tradeId(trade_id++),
          price_e8: priceE8(cents * 1e6),
          qty_e8: qtyE8((1 + Math.floor(rng.exponential(300))) * 1_000),
          is_buyer_maker: rng.uniform() < 0.5,
        };
      },
    );
    const quotes = Array.from({ length: QUOTES_PER_S }, (_, index) => ({
      kind: "quote" as const,
      epoch: 0,
      symbol: SYMBOL,
      ts_us: time(index, QUOTES_PER_S),
      received_us: time(index, QUOTES_PER_S),
      update_id: updateId(update_id++),
      bid_price_e8: priceE8((cents - 1) * 1e6),
      bid_qty_e8: qtyE8(1e6 * (1 + rng.below(900))),
      ask_price_e8: priceE8(cents * 1e6),
      ask_qty_e8: qtyE8(1e6 * (1 + rng.below(900))),
    }));
    tape.push({ trades, quotes });
  }
  return tape;
}

interface Cost {
  trade_ns: number;
  quote_ns: number;
  close_us: number;
  close_us_p99: number;
  close_us_max: number;
}

const SUMS = {
  bid_qty_top5_e8: 5e8,
  ask_qty_top5_e8: 4e8,
  bid_qty_top20_e8: 30e8,
  ask_qty_top20_e8: 31e8,
};

function live(tape: readonly Second[], sets: readonly FeatureSet[]): Cost {
  const engine = new FeatureEngine({ symbol: SYMBOL, sets, data_from_sec: FIRST_SEC });
  let [trades_ms, quotes_ms, trades, quotes] = [0, 0, 0, 0];
  const closes: number[] = [];
  for (const [index, second] of tape.entries()) {
    const begun = performance.now();
    for (const trade of second.trades) engine.onTrade(trade);
    const traded = performance.now();
    for (const quote of second.quotes) engine.onQuote(quote);
    engine.onBook(unixSec(FIRST_SEC + index), SUMS);
    const quoted = performance.now();
    engine.closeSecond(unixSec(FIRST_SEC + index));
    closes.push((performance.now() - quoted) * 1e3);
    trades_ms += traded - begun;
    quotes_ms += quoted - traded;
    trades += second.trades.length;
    quotes += second.quotes.length;
  }
  const total = closes.reduce((a, b) => a + b);
  return {
    trade_ns: (trades_ms / trades) * 1e6,
    quote_ns: (quotes_ms / quotes) * 1e6,
    close_us: total / closes.length,
    close_us_p99: quantile(closes, 0.99),
    close_us_max: Math.max(...closes),
  };
}

/** µs a vector, recomputed from the last ten minutes of raw events. */
function naive(tape: readonly Second[]): number {
  const kept = tape.slice(-700);
  const trades = kept.flatMap((second) => second.trades);
  const quotes = kept.flatMap((second) => second.quotes);
  const referee = new NaiveV1({ trades, quotes, markers_us: [], late: new Set() }, FIRST_SEC);
  const begun = performance.now();
  for (let back = NAIVE_SECONDS; back > 0; back -= 1) referee.at(FIRST_SEC + SECONDS - back);
  return ((performance.now() - begun) * 1e3) / NAIVE_SECONDS;
}

/** What a second is closed with: each set alone, and all of them, as the service does. */
const VARIANTS: ReadonlyMap<string, readonly FeatureSet[]> = new Map([
  ...FEATURE_SETS.map((set) => [set.name, [set]] as const),
  ["all", FEATURE_SETS] as const,
]);

const tape = makeTape();
live(tape, FEATURE_SETS); // warm-up
naive(tape);
const costs = new Map([...VARIANTS.keys()].map((name) => [name, [] as Cost[]]));
const peers: number[] = [];
byTurns([...VARIANTS.keys(), "naive"], ROUNDS, (variant) => {
  const sets = VARIANTS.get(variant);
  if (sets) costs.get(variant)!.push(live(tape, sets));
  else peers.push(naive(tape));
});
const of = (name: string, key: keyof Cost): number => median(costs.get(name)!.map((cost) => cost[key]));
const peer_us = median(peers);
console.log("the live features against vectors recomputed from arrays of events");
console.log(`${SECONDS} s, ~${TRADES_PER_S} trades/s, ${QUOTES_PER_S} quotes/s`);
console.log(`median of ${ROUNDS} rounds\n${machine()}\n`);
const columns = (sets: readonly FeatureSet[]): number => sets.flatMap((set) => set.columns).length;
printTable(
  ["", "mean", "p99", "max"],
  [
    ["a trade, ns", of("v1", "trade_ns").toFixed(0)],
    ["a quote, ns", of("v1", "quote_ns").toFixed(0)],
    ...[...VARIANTS].map(([name, sets]) => [
      `a second's close, ${name} (${columns(sets)} columns), µs`,
      ...(["close_us", "close_us_p99", "close_us_max"] as const).map((key) => of(name, key).toFixed(1)),
    ]),
    ["one recomputed vector of v1, µs", peer_us.toFixed(1)],
  ],
);
console.log(`\nclosing v1 is ${(peer_us / of("v1", "close_us")).toFixed(0)} × cheaper than recomputing`);
console.log("max holds the first close, which fills every look-back, and a block's percentile");
