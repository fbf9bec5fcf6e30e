/**
 * Random tapes for the equality suites: a stretch of market made of what breaks feature code (ties in time,
 * empty seconds, bursts, ids that run against time, late events, breaks, numbers near 2^53), in the order
 * it would reach a process, with the moments its seconds close. A tape is a function of its knobs.
 */

import fc from "fast-check";
import { type Rng, seededRng } from "../../../src/base/rng.ts";
import {
  type Int64,
  type Micros,
  narrowed,
  type PriceE8,
  QTY_E8_MAX,
  type QtyE8,
  type TradeId,
  type UpdateId,
} from "../../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import type { Arrival } from "./naive.ts";

export interface Knobs {
  readonly seed: number;
  /** Seconds from the first event to the last close. */
  readonly seconds: number;
  /** Position of the first second inside its five-minute block. */
  readonly offset_s: number;
  readonly trades_per_s: number;
  readonly quotes_per_s: number;
  /** Share of seconds without a trade. */
  readonly empty: number;
  /** Share of seconds with twenty times the trades. */
  readonly burst: number;
  /** Times are rounded down to this (µs): ties. */
  readonly tick_us: number;
  /** Share of ids swapped with one a few places off. */
  readonly id_swaps: number;
  /** Share of events delayed past their second's close. */
  readonly late: number;
  readonly disconnects: number;
  /** "token": a price of a thousandth of a cent, whole quantities up to the exchange's largest order. */
  readonly numbers: "market" | "extreme" | "token";
}

export const arbitraryKnobs: fc.Arbitrary<Knobs> = fc.record({
  seed: fc.integer(),
  seconds: fc.integer({ min: 1, max: 900 }),
  offset_s: fc.integer({ min: 0, max: 299 }),
  trades_per_s: fc.constantFrom(0.05, 0.5, 2, 6),
  quotes_per_s: fc.constantFrom(0, 0.3, 3),
  empty: fc.constantFrom(0, 0.2, 0.7),
  burst: fc.constantFrom(0, 0.02),
  tick_us: fc.constantFrom(1, 1_000, 500_000, 1_000_000),
  id_swaps: fc.constantFrom(0, 0.05, 0.5),
  late: fc.constantFrom(0, 0.02),
  disconnects: fc.constantFrom(0, 0, 1, 4),
  numbers: fc.constantFrom("market", "market", "extreme", "token"),
});

/** Twenty minutes of a busy market with breaks, late events and ids against time. */
export const BUSY: Knobs = {
  seed: 7,
  seconds: 1_300,
  offset_s: 170,
  trades_per_s: 5,
  quotes_per_s: 4,
  empty: 0.2,
  burst: 0.02,
  tick_us: 1_000,
  id_swaps: 0.1,
  late: 0.01,
  disconnects: 1,
  numbers: "market",
};

export interface Tape {
  readonly symbol: string;
  readonly first_sec: number;
  readonly last_sec: number;
  readonly arrivals: readonly Arrival[];
}

/** 2023-11-14 22:15:00 UTC, the start of a five-minute block. */
const EPOCH_SEC = 1_700_000_100;
const SYMBOL = "BTCUSDT";

interface Timed {
  readonly at_us: number;
  readonly arrival: Arrival;
}

export function randomTape(knobs: Knobs): Tape {
  const rng = seededRng(knobs.seed);
  const first_sec = EPOCH_SEC + knobs.offset_s;
  const last_sec = first_sec + knobs.seconds - 1;
  const outages = drawOutages(rng, knobs, first_sec);
  const silent = (ts_us: number): boolean =>
    outages.some(({ from_us, to_us }) => ts_us >= from_us && ts_us < to_us);
  const events = [...drawTrades(rng, knobs, first_sec), ...drawQuotes(rng, knobs, first_sec)].filter(
    (event) => !silent(event.ts_us),
  );
  const timed: Timed[] = events.map((event) => ({
    at_us: event.ts_us + delay(rng, knobs, event.kind),
    arrival: { kind: "event", event },
  }));
  timed.push(...drawCloses(rng, first_sec, last_sec));
  timed.push(...outages.map(({ from_us }) => ({ at_us: from_us + 10, arrival: disconnect() })));
  timed.sort((a, b) => a.at_us - b.at_us);
  return { symbol: SYMBOL, first_sec, last_sec, arrivals: withMarkerTimes(timed) };
}

function delay(rng: Rng, knobs: Knobs, kind: "trade" | "quote"): number {
  const usual = rng.exponential(kind === "trade" ? 40_000 : 5_000);
  return rng.uniform() < knobs.late ? usual + rng.uniform() * 5_000_000 : usual;
}

function drawCounts(rng: Rng, knobs: Knobs, rate: number, empty: number): number {
  if (rng.uniform() < empty) return 0;
  const boosted = rng.uniform() < knobs.burst ? rate * 20 : rate;
  return Math.floor(rng.exponential(boosted) + rng.uniform());
}

function drawTimes(rng: Rng, knobs: Knobs, first_sec: number, rate: number, empty: number): number[] {
  const times: number[] = [];
  for (let sec = first_sec; sec < first_sec + knobs.seconds; sec++) {
    const count = drawCounts(rng, knobs, rate, empty);
    for (let i = 0; i < count; i++) {
      const within_us = Math.floor((rng.uniform() * 1e6) / knobs.tick_us) * knobs.tick_us;
      times.push(sec * 1e6 + within_us);
    }
  }
  return times.sort((a, b) => a - b);
}

/** Ids ascending with time, then some swapped with a neighbour up to thirty places away. */
function drawIds(rng: Rng, knobs: Knobs, count: number, first: number, step_max: number): number[] {
  const ids: number[] = [];
  for (let i = 0, id = first; i < count; i++) {
    ids.push(id);
    id += 1 + rng.below(step_max);
  }
  for (let i = 0; i < count; i++) {
    if (rng.uniform() >= knobs.id_swaps) continue;
    const other = Math.min(count - 1, i + rng.below(30));
    [ids[i], ids[other]] = [ids[other]!, ids[i]!];
  }
  return ids;
}

function drawTrades(rng: Rng, knobs: Knobs, first_sec: number): TradeEvent[] {
  const times = drawTimes(rng, knobs, first_sec, knobs.trades_per_s, knobs.empty);
  const ids = drawIds(rng, knobs, times.length, 3_000_000_000, 1);
  const walk = priceWalk(rng, knobs);
  return times.map((ts_us, i) => ({
    kind: "trade",
    epoch: 0,
    symbol: SYMBOL,
    ts_us: ts_us as Micros,
    received_us: ts_us as Micros,
    trade_id: ids[i] as TradeId,
    price_e8: walk() as PriceE8,
    qty_e8: drawQty(rng, knobs) as QtyE8,
    is_buyer_maker: rng.uniform() < 0.5,
  }));
}

function drawQuotes(rng: Rng, knobs: Knobs, first_sec: number): QuoteEvent[] {
  const times = drawTimes(rng, knobs, first_sec, knobs.quotes_per_s, 0.1);
  const ids = drawIds(rng, knobs, times.length, 50_000_000_000, 9);
  const walk = priceWalk(rng, knobs);
  return times.map((ts_us, i) => {
    const [bid, ask] = [walk(), walk()].sort((a, b) => a - b) as [number, number];
    return {
      kind: "quote",
      epoch: 0,
      symbol: SYMBOL,
      ts_us: ts_us as Micros,
      received_us: ts_us as Micros,
      update_id: ids[i] as UpdateId,
      bid_price_e8: bid as PriceE8,
      bid_qty_e8: drawQty(rng, knobs) as QtyE8,
      ask_price_e8: ask as PriceE8,
      ask_qty_e8: drawQty(rng, knobs) as QtyE8,
    };
  });
}

const EXTREMES = [1, 2, 3, 2 ** 26, 2 ** 50 - 1, 2 ** 50, 2 ** 52, 2 ** 53 - 2, 2 ** 53 - 1] as const;

function priceWalk(rng: Rng, knobs: Knobs): () => number {
  if (knobs.numbers === "extreme") return () => drawExtreme(rng);
  if (knobs.numbers === "token") return () => 900 + rng.below(200);
  let cents = 6_000_000;
  return () => {
    cents += Math.round(rng.normal() * 100);
    return cents * 1_000_000;
  };
}

/** Past 2^53 − 1 too, where a float64 is some integer near it. */
const WIDE_EXTREMES = [2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n, QTY_E8_MAX - 1n, QTY_E8_MAX] as const;

export function drawWideQty(rng: Rng): Int64 {
  if (rng.uniform() < 0.4) return drawExtreme(rng);
  if (rng.uniform() < 0.5) return WIDE_EXTREMES[rng.below(WIDE_EXTREMES.length)]!;
  return narrowed((BigInt(rng.below(2 ** 31)) << 32n) + BigInt(rng.below(2 ** 32)));
}

function drawQty(rng: Rng, knobs: Knobs): Int64 {
  if (knobs.numbers === "extreme") return drawWideQty(rng);
  if (knobs.numbers === "token") {
    return narrowed(BigInt(Math.floor(46_116_860_414 ** rng.uniform())) * 100_000_000n);
  }
  return (1 + Math.floor(rng.exponential(200))) * 1_000;
}

const drawExtreme = (rng: Rng): number =>
  rng.uniform() < 0.5 ? EXTREMES[rng.below(EXTREMES.length)]! : 1 + rng.below(Number.MAX_SAFE_INTEGER);

/** Each second closes up to 400 ms after its end, never before the one before it. */
function drawCloses(rng: Rng, first_sec: number, last_sec: number): Timed[] {
  const closes: Timed[] = [];
  let at_us = 0;
  for (let sec = first_sec; sec <= last_sec; sec++) {
    at_us = Math.max(at_us, (sec + 1) * 1e6 + rng.uniform() * 400_000);
    closes.push({ at_us, arrival: { kind: "close", sec } });
  }
  return closes;
}

interface Outage {
  readonly from_us: number;
  readonly to_us: number;
}

function drawOutages(rng: Rng, knobs: Knobs, first_sec: number): Outage[] {
  return Array.from({ length: knobs.disconnects }, () => {
    const from_us = Math.floor((first_sec + rng.uniform() * knobs.seconds) * 1e6);
    return { from_us, to_us: from_us + rng.below(20_000_000) };
  });
}

/** A marker's time is filled in where it arrives. */
function disconnect(): Arrival {
  const ts_us = 0 as Micros;
  const event: DisconnectEvent = {
    kind: "disconnect",
    symbol: SYMBOL,
    ts_us,
    received_us: ts_us,
    reason: "test",
  };
  return { kind: "event", event };
}

function withMarkerTimes(timed: readonly Timed[]): Arrival[] {
  let highest_us = 0;
  return timed.map(({ arrival }) => {
    if (arrival.kind === "close") return arrival;
    if (arrival.event.kind === "disconnect") {
      return { kind: "event", event: { ...arrival.event, ts_us: highest_us as Micros } };
    }
    highest_us = Math.max(highest_us, arrival.event.ts_us);
    return arrival;
  });
}

/** Book sums for three in four of a tape's seconds, each number drawn independently. */
export function randomBooks(tape: Tape, rng: Rng, draw: () => Int64): Map<number, BookSums> {
  const books = new Map<number, BookSums>();
  for (let sec = tape.first_sec; sec <= tape.last_sec; sec++) {
    if (rng.below(4) === 0) continue;
    books.set(sec, {
      bid_qty_top5_e8: draw(),
      ask_qty_top5_e8: draw(),
      bid_qty_top20_e8: draw(),
      ask_qty_top20_e8: draw(),
    });
  }
  return books;
}
