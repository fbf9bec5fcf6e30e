/**
 * What the referees of the sets are made of: sums over seconds, and the measures of chart reading on bars,
 * written from docs/features.md by loops. Integers are BigInt until the one division.
 */

import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { pageLnr, type Sifted } from "./naive.ts";
import { naiveSeconds, type Second } from "./seconds.ts";

/** Thrown where a value is not known: the whole column is then null. */
const UNKNOWN = Symbol("unknown");

export function known<T>(value: T | null): T {
  if (value === null) throw UNKNOWN;
  return value;
}

export function orNull(column: () => number): number | null {
  try {
    return column();
  } catch (error) {
    if (error === UNKNOWN) return null;
    throw error;
  }
}

export const ratio = (a: bigint, b: bigint): number => Number(a) / Number(b);
export const ratioOr = (otherwise: number, a: bigint, b: bigint): number =>
  b === 0n ? otherwise : ratio(a, b);
export const imbalance = (a: bigint, b: bigint): number => ratioOr(0, a - b, a + b);
const largest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
export const total = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b);

/** Left to right. */
export const added = (x: readonly number[]): number => x.reduce((a, b) => a + b);

export function sampleDeviation(x: readonly number[]): number {
  const m = added(x) / x.length;
  return Math.sqrt(added(x.map((value) => (value - m) * (value - m))) / (x.length - 1));
}

/** Weights of an exponential mean of `span`, newest first: w, w·k, w·k², … 2·span of them, their sum one. */
function weights(span: number): number[] {
  const k = 1 - 2 / (span + 1);
  const raw: number[] = [];
  for (let i = 0, w = 1; i < 2 * span; i++, w *= k) raw.push(w);
  const sum = added(raw);
  return raw.map((w) => w / sum);
}

export interface World {
  readonly events: Sifted;
  readonly books: ReadonlyMap<number, BookSums>;
  /** The last second there is. */
  readonly to_sec: number;
}

export class Market {
  readonly second: (t: number) => Second;
  readonly #memo = new Map<string, number | bigint>();
  readonly #large_sizes = new Map<number, bigint | null>();

  constructor({ events, books, to_sec }: World) {
    this.second = naiveSeconds(events, books, to_sec);
  }

  /** Remembers what was found for t; an unknown value is looked for again. */
  once<T extends number | bigint>(name: string, t: number, find: () => T): T {
    const key = `${name} ${t}`;
    const before = this.#memo.get(key);
    if (before !== undefined) return before as T;
    const found = find();
    this.#memo.set(key, found);
    return found;
  }

  close = (t: number): bigint => known(this.second(t).close);
  ret = (t: number, k: number): number => pageLnr(this.close(t), this.close(t - k));
  quote = (t: number) => {
    const quote = known(this.second(t).quote);
    const { bid_price_e8, ask_price_e8, bid_qty_e8, ask_qty_e8 } = quote;
    return {
      bid: BigInt(bid_price_e8),
      ask: BigInt(ask_price_e8),
      bid_qty: BigInt(bid_qty_e8),
      ask_qty: BigInt(ask_qty_e8),
    };
  };

  over(t: number, k: number, of: (second: Second) => bigint): bigint {
    let sum = 0n;
    for (let at = t - k + 1; at <= t; at++) sum += of(this.second(at));
    return sum;
  }

  /** The 95th percentile of the trade sizes in the previous complete block of 300 s. */
  largeSize(t: number): bigint {
    const start = Math.floor(t / 300) * 300 - 300;
    return known(this.#largeSizes(start));
  }

  #largeSizes(start: number): bigint | null {
    const before = this.#large_sizes.get(start);
    if (before !== undefined) return before;
    const sizes = this.bars(start + 300, 300, 1, (at) => this.second(at).sizes).flat();
    sizes.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const size = sizes[Math.ceil(0.95 * sizes.length) - 1] ?? null;
    this.#large_sizes.set(start, size);
    return size;
  }

  /** Whether [t − 1, t) has a trade of at least that size; without a threshold none is. */
  hasLargeTrade(t: number): boolean {
    const size = this.#largeSizes(Math.floor(t / 300) * 300 - 300);
    return size !== null && this.second(t).sizes.some((qty) => qty >= size);
  }

  n = (t: number, k: number): bigint => this.over(t, k, ({ n }) => n);
  q = (t: number, k: number): bigint => this.over(t, k, ({ buy, sell }) => buy + sell);
  pq = (t: number, k: number): bigint => this.over(t, k, ({ pq }) => pq);

  meanPrice(t: number, k: number): number {
    const q = this.q(t, k);
    return q === 0n ? Number(this.close(t)) / 1e8 : ratio(this.pq(t, k), q * 100_000_000n);
  }

  // Bars of `s` seconds that end at t, t − s, …

  /** Of `count` bars, the oldest first. */
  bars<T>(t: number, count: number, s: number, of: (t: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => of(t - (count - 1 - i) * s));
  }

  exponential(t: number, span: number, s: number, of: (t: number) => number): number {
    const w = weights(span).reverse();
    return added(this.bars(t, w.length, s, of).map((x, i) => w[i]! * x));
  }

  ema = (t: number, span: number, s: number): number =>
    this.once(`ema ${span} ${s}`, t, () => this.exponential(t, span, s, (at) => Number(this.close(at))));

  macd = (t: number, s: number): number => this.ema(t, 12, s) - this.ema(t, 26, s);
  macdSignal = (t: number, s: number): number => this.exponential(t, 9, s, (at) => this.macd(at, s));

  rsi(t: number, count: number, s: number): number {
    const moves = this.bars(t, count, s, (at) => this.close(at) - this.close(at - s));
    const rises = total(moves.map((move) => (move > 0n ? move : 0n)));
    const falls = total(moves.map((move) => (move < 0n ? -move : 0n)));
    return ratioOr(50, 100n * rises, rises + falls);
  }

  /** S, and D = √(count·Σc² − S²). */
  bollinger(t: number, count: number, s: number): { sum: bigint; d: number } {
    const closes = this.bars(t, count, s, this.close);
    const sum = total(closes);
    const squares = total(closes.map((c) => c * c));
    return { sum, d: Math.sqrt(Number(BigInt(count) * squares - sum * sum)) };
  }

  high = (t: number, s: number): bigint =>
    this.once(`high ${s}`, t, () => largest(this.bars(t, s, 1, (at) => known(this.second(at).high))));
  low = (t: number, s: number): bigint =>
    this.once(`low ${s}`, t, () => least(this.bars(t, s, 1, (at) => known(this.second(at).low))));

  trueRange(t: number, s: number): bigint {
    const before = this.close(t - s);
    return largest([this.high(t, s), before]) - least([this.low(t, s), before]);
  }

  directionalIndex(t: number, count: number, s: number): number {
    let [ups, downs] = [0n, 0n];
    for (const at of this.bars(t, count, s, (bar) => bar)) {
      const up = this.high(at, s) - this.high(at - s, s);
      const down = this.low(at - s, s) - this.low(at, s);
      if (up > down && up > 0n) ups += up;
      if (down > up && down > 0n) downs += down;
    }
    const apart = ups > downs ? ups - downs : downs - ups;
    return ratioOr(0, 100n * apart, ups + downs);
  }

  stochastic(t: number, count: number, s: number): number {
    const low = least(this.bars(t, count, s, (at) => this.low(at, s)));
    const high = largest(this.bars(t, count, s, (at) => this.high(at, s)));
    return ratioOr(50, 100n * (this.close(t) - low), high - low);
  }
}
