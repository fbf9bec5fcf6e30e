/**
 * A stretch of events through a fresh engine, in order of time and without lateness: what a recording, a
 * training run or a probe needs.
 */

import { startOf, unixSec } from "../../../src/base/units.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";

export interface TimedBookSums {
  readonly sec: number;
  readonly sums: BookSums;
}

export interface ReplayInput {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** In any order; depth events are passed over. */
  readonly events: readonly MarketEvent[];
  /** Sums of the book, by the second they were taken in. */
  readonly books?: readonly TimedBookSums[];
  /** Trades are complete from the start of this second, the first to close. */
  readonly data_from_sec: number;
  /** The last second to close. */
  readonly through_sec: number;
  /** How far events run ahead of the second being closed (s); 0 where not given. */
  readonly ahead_s?: number;
}

/** @returns the vectors of every second closed, by their `ts_sec`. */
export function replay(input: ReplayInput): Map<number, readonly FeatureVector[]> {
  const { symbol, sets, data_from_sec, through_sec, ahead_s = 0 } = input;
  const engine = new FeatureEngine({ symbol, sets, data_from_sec });
  const events = [...input.events].sort((a, b) => a.ts_us - b.ts_us);
  const by_sec = new Map<number, readonly FeatureVector[]>();
  const books = [...(input.books ?? [])].sort((a, b) => a.sec - b.sec);
  let next = 0;
  let next_book = 0;
  for (let sec = data_from_sec; sec <= through_sec; sec += 1) {
    const until_us = startOf(sec + 1 + ahead_s);
    for (; next < events.length && events[next]!.ts_us < until_us; next += 1) feed(engine, events[next]!);
    for (; next_book < books.length && books[next_book]!.sec <= sec + ahead_s; next_book += 1) {
      engine.onBook(unixSec(books[next_book]!.sec), books[next_book]!.sums);
    }
    by_sec.set(sec + 1, engine.closeSecond(unixSec(sec)));
  }
  return by_sec;
}

function feed(engine: FeatureEngine, event: MarketEvent): void {
  if (event.kind === "trade") engine.onTrade(event);
  else if (event.kind === "quote") engine.onQuote(event);
  else if (event.kind === "disconnect") engine.onDisconnect(event);
}
