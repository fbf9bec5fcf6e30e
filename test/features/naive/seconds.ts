/**
 * The market as a list of seconds: what each held and what was current at its end, from raw trades, quotes
 * and breaks. The basis of the naive sets; integers are BigInt, and what is not known is null.
 */

import type { QuoteEvent } from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import type { Sifted } from "./naive.ts";

/** As of t: the second [t−1, t), and what carries. */
export interface Second {
  readonly n: bigint;
  readonly buy: bigint;
  readonly sell: bigint;
  /** Σ price · quantity. */
  readonly pq: bigint;
  /** Quantity of each trade. */
  readonly sizes: readonly bigint[];
  /** Of the second's trades; without one, the carried close. */
  readonly high: bigint | null;
  readonly low: bigint | null;
  /** Price of the trade with the highest id so far. */
  readonly close: bigint | null;
  /** The quote with the highest update id so far, unless a break came at or after it. */
  readonly quote: QuoteEvent | null;
  readonly book: BookSums | null;
}

const BEFORE: Second = {
  n: 0n,
  buy: 0n,
  sell: 0n,
  pq: 0n,
  sizes: [],
  high: null,
  low: null,
  close: null,
  quote: null,
  book: null,
};

/** By t, from the first event's second to `to_sec`; before it there was nothing. */
export function naiveSeconds(
  { trades, quotes, markers_us }: Sifted,
  books: ReadonlyMap<number, BookSums>,
  to_sec: number,
): (t: number) => Second {
  const secOf = ({ ts_us }: { readonly ts_us: number }): number => Math.floor(ts_us / 1e6);
  const traded = Map.groupBy(trades, secOf);
  const quoted = Map.groupBy(quotes, secOf);
  const first = Math.min(...traded.keys(), ...quoted.keys(), ...books.keys(), to_sec);
  const known = new Map<number, Second>();
  let last_trade = { trade_id: -1, price: null as bigint | null };
  let last_quote: QuoteEvent | null = null;
  for (let sec = first; sec <= to_sec; sec++) {
    const inside = traded.get(sec) ?? [];
    for (const { trade_id, price_e8 } of inside) {
      if (trade_id > last_trade.trade_id) last_trade = { trade_id, price: BigInt(price_e8) };
    }
    for (const quote of quoted.get(sec) ?? []) {
      if (last_quote === null || quote.update_id > last_quote.update_id) last_quote = quote;
    }
    const current = last_quote;
    const broken = markers_us.some((us) => current && current.ts_us <= us && us < (sec + 1) * 1e6);
    const prices = inside.map(({ price_e8 }) => price_e8);
    const quantity = (sold: boolean): bigint =>
      inside.reduce((sum, trade) => (trade.is_buyer_maker === sold ? sum + BigInt(trade.qty_e8) : sum), 0n);
    known.set(sec + 1, {
      n: BigInt(inside.length),
      buy: quantity(false),
      sell: quantity(true),
      pq: inside.reduce((sum, { price_e8, qty_e8 }) => sum + BigInt(price_e8) * BigInt(qty_e8), 0n),
      sizes: inside.map(({ qty_e8 }) => BigInt(qty_e8)),
      high: prices.length > 0 ? BigInt(Math.max(...prices)) : last_trade.price,
      low: prices.length > 0 ? BigInt(Math.min(...prices)) : last_trade.price,
      close: last_trade.price,
      quote: broken ? null : current,
      book: books.get(sec) ?? null,
    });
  }
  return (t) => known.get(t) ?? BEFORE;
}
