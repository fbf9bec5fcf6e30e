/**
 * Two questions every feature set must answer, asked by experiment rather than by reading code.
 *
 * Look-ahead: whatever happens at or after t, does the vector at t stay the same? Warm-up: does a vector
 * that calls itself warm depend on when the engine was started?
 */

import type { Rng } from "../../../src/base/rng.ts";
import {
  type Int64,
  type Micros,
  type PriceE8,
  type QtyE8,
  startOf,
  type TradeId,
  type UpdateId,
  US_PER_SEC,
} from "../../../src/base/units.ts";
import type { DisconnectEvent, MarketEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { type ReplayInput, replay, type TimedBookSums } from "./replay.ts";

export interface ProbeDifference {
  readonly ts_sec: number;
  readonly feature_set: string;
  /** A column's name, or "warm". */
  readonly column: string;
  readonly expected: number;
  readonly found: number;
}

export interface ProbeReport {
  readonly vectors_compared: number;
  /** Empty: the set passes. */
  readonly differences: readonly ProbeDifference[];
}

/** Seconds of altered future an engine has already been told when it closes the second before t. */
const AHEAD_S = 20;

/** Alters everything at or after each t of `at`, and compares the vectors at t. */
export function probeLookAhead(input: ReplayInput, at: readonly number[], rng: Rng): ProbeReport {
  const untouched = replay(input);
  const differences: ProbeDifference[] = [];
  let vectors_compared = 0;
  for (const t_sec of at) {
    const events = alterFrom(input.events, t_sec, rng);
    const books = (input.books ?? []).map((book) => (book.sec < t_sec ? book : alterBook(book, rng)));
    const altered = replay({ ...input, events, books, through_sec: t_sec - 1, ahead_s: AHEAD_S });
    for (const [expected, found] of pairs(untouched.get(t_sec), altered.get(t_sec))) {
      vectors_compared += 1;
      differences.push(...compareVectors(expected, found));
    }
  }
  return { vectors_compared, differences };
}

/**
 * Starts again at each of `starts`, knowing nothing from before, and compares where the later run is warm.
 * Values that carry (the last price, the last quote) are compared once there has been one to carry since
 * the start, before the longest window: until then they are null, which is the honest answer.
 */
export function probeWarmUp(input: ReplayInput, starts: readonly number[]): ProbeReport {
  const reference = replay(input);
  const differences: ProbeDifference[] = [];
  let vectors_compared = 0;
  for (const data_from_sec of starts) {
    const events = input.events.filter((event) => event.ts_us >= startOf(data_from_sec));
    const books = (input.books ?? []).filter((book) => book.sec >= data_from_sec);
    const comparable_us = new Map(
      input.sets.map(({ name, sources, look_back }) => [
        name,
        lastOfFirsts(events, sources) + look_back.window_s * US_PER_SEC,
      ]),
    );
    for (const [t_sec, vectors] of replay({ ...input, events, books, data_from_sec })) {
      for (const [expected, found] of pairs(reference.get(t_sec), vectors)) {
        if (!found.warm || comparable_us.get(found.feature_set)! >= startOf(t_sec)) continue;
        vectors_compared += 1;
        differences.push(...compareVectors(expected, found));
      }
    }
  }
  return { vectors_compared, differences };
}

/** When the first trade, and the first quote if quotes are read, had both come. */
function lastOfFirsts(events: readonly MarketEvent[], sources: readonly string[]): number {
  const first_us = (kind: MarketEvent["kind"]): number =>
    events.reduce(
      (first, event) => (event.kind === kind ? Math.min(first, event.ts_us) : first),
      Number.POSITIVE_INFINITY,
    );
  return Math.max(first_us("trade"), sources.includes("quotes") ? first_us("quote") : 0);
}

function pairs(
  expected: readonly FeatureVector[] | undefined,
  found: readonly FeatureVector[] | undefined,
): [FeatureVector, FeatureVector][] {
  return (expected ?? []).flatMap((vector, index) => {
    const other = found?.[index];
    return other ? [[vector, other] as [FeatureVector, FeatureVector]] : [];
  });
}

/** Bit for bit: −0 differs from 0, null (NaN) equals null. */
export function compareVectors(expected: FeatureVector, found: FeatureVector): ProbeDifference[] {
  const { ts_sec, feature_set } = expected;
  const differences: ProbeDifference[] = [];
  const note = (column: string, a: number, b: number): void => {
    if (!Object.is(a, b)) differences.push({ ts_sec, feature_set, column, expected: a, found: b });
  };
  note("warm", Number(expected.warm), Number(found.warm));
  for (const [index, name] of expected.names.entries()) {
    note(name, expected.values[index]!, found.values[index]!);
  }
  return differences;
}

/** A different future from `t_sec` on: events vanish, change in every field, move later, and some that never were appear. */
export function alterFrom(events: readonly MarketEvent[], t_sec: number, rng: Rng): MarketEvent[] {
  const from_us = startOf(t_sec);
  const altered: MarketEvent[] = [];
  for (const event of events) {
    if (event.ts_us < from_us) altered.push(event);
    else if (rng.uniform() < 0.8) altered.push(alter(event, rng));
  }
  const model = events.find((event) => event.kind === "trade");
  if (model?.kind === "trade") altered.push(...inventAt(model, from_us, rng));
  return altered;
}

function alter(event: MarketEvent, rng: Rng): MarketEvent {
  const ts_us = (event.ts_us + rng.below(3_000_000)) as Micros;
  if (event.kind === "trade") return alterTrade(event, ts_us, rng);
  return event.kind === "quote" ? alterQuote(event, ts_us, rng) : { ...event, ts_us };
}

const scaled = (value: Int64, rng: Rng): number =>
  Math.min(1 + Math.floor(Number(value) * 2 * rng.uniform()), Number.MAX_SAFE_INTEGER);

function alterTrade(trade: TradeEvent, ts_us: Micros, rng: Rng): TradeEvent {
  return {
    ...trade,
    ts_us,
    trade_id: (trade.trade_id + rng.below(1_000)) as TradeId,
    price_e8: scaled(trade.price_e8, rng) as PriceE8,
    qty_e8: scaled(trade.qty_e8, rng) as QtyE8,
    is_buyer_maker: rng.uniform() < 0.5,
  };
}

function alterQuote(quote: QuoteEvent, ts_us: Micros, rng: Rng): QuoteEvent {
  return {
    ...quote,
    ts_us,
    update_id: (quote.update_id + rng.below(1_000)) as UpdateId,
    bid_price_e8: scaled(quote.bid_price_e8, rng) as PriceE8,
    bid_qty_e8: scaled(quote.bid_qty_e8, rng) as QtyE8,
    ask_qty_e8: scaled(quote.ask_qty_e8, rng) as QtyE8,
  };
}

function alterBook(book: TimedBookSums, rng: Rng): TimedBookSums {
  const { sums } = book;
  return {
    ...book,
    sums: {
      bid_qty_top5_e8: scaled(sums.bid_qty_top5_e8, rng),
      ask_qty_top5_e8: scaled(sums.ask_qty_top5_e8, rng),
      bid_qty_top20_e8: scaled(sums.bid_qty_top20_e8, rng),
      ask_qty_top20_e8: scaled(sums.ask_qty_top20_e8, rng),
    },
  };
}

/** At t exactly, the first instant that must not be seen: a trade, a quote and a break. */
function inventAt(model: TradeEvent, ts_us: Micros, rng: Rng): MarketEvent[] {
  const { symbol, received_us } = model;
  const highest = Number.MAX_SAFE_INTEGER;
  const trade: TradeEvent = {
    ...alterTrade(model, ts_us, rng),
    trade_id: highest as TradeId,
  };
  const quote: QuoteEvent = {
    kind: "quote",
    epoch: 0,
    symbol,
    ts_us,
    received_us,
    update_id: highest as UpdateId,
    bid_price_e8: model.price_e8,
    bid_qty_e8: model.qty_e8,
    ask_price_e8: (model.price_e8 + 1) as PriceE8,
    ask_qty_e8: model.qty_e8,
  };
  const marker: DisconnectEvent = {
    kind: "disconnect",
    symbol,
    ts_us,
    received_us,
    reason: "look-ahead probe",
  };
  return [trade, quote, marker];
}
