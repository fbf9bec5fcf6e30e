/**
 * The past a lane is rebuilt from: stored or fetched events, folded into a fresh engine in silence, second by
 * second, up to where the lane stands. What comes out afterwards equals what a lane that saw it all would say.
 */

import { secondOf, type UnixSec, unixSec } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../binance/events.ts";
import { FeatureEngine } from "../features/engine.ts";
import type { FeatureSet } from "../features/set.ts";
import type { BookSeconds } from "./book_seconds.ts";

/** What a lane replays to fill its look-back: stored or fetched events, late ones left out. */
export interface LookBack {
  /**
   * Ascending by trade id. Those the lane has not seen come out of it, unless they are `stored`. Late ones are
   * known, and in no bar.
   */
  readonly trades: readonly {
    readonly trade: TradeEvent;
    readonly late: boolean;
    readonly stored: boolean;
  }[];
  readonly quotes: readonly QuoteEvent[];
  readonly disconnects: readonly DisconnectEvent[];
  /** From this second on the trades are complete. */
  readonly complete_from_sec: UnixSec;
}

export interface RebuildOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** What the book held at the ends of seconds: no look-back can be asked for that. */
  readonly book_seconds: BookSeconds;
  /** The first second that is left open. */
  readonly resume: UnixSec;
}

/** A fresh engine that has closed every second of the look-back before `resume`, and holds what came since. */
export function engineFrom(lookBack: LookBack, options: RebuildOptions): FeatureEngine {
  const { symbol, sets, book_seconds, resume } = options;
  const engine = new FeatureEngine({ symbol, sets, data_from_sec: lookBack.complete_from_sec });
  const events = bySecond(lookBack);
  let at = 0;
  for (let sec = Math.min(resume, lookBack.complete_from_sec); sec < resume; sec++) {
    for (; at < events.length && secondOf(events[at]!.ts_us) <= sec; at++) fold(engine, events[at]!);
    const sums = book_seconds.at(sec);
    if (sums) engine.onBook(unixSec(sec), sums);
    engine.closeSecond(unixSec(sec));
  }
  for (; at < events.length; at++) fold(engine, events[at]!);
  for (const [sec, sums] of book_seconds.since(resume)) engine.onBook(sec, sums);
  return engine;
}

type Replayed = TradeEvent | QuoteEvent | DisconnectEvent;

function fold(engine: FeatureEngine, event: Replayed): void {
  // The look-back's trades are complete across its breaks: that is what it was fetched for.
  if (event.kind === "disconnect") engine.onDisconnect(event, true);
  else if (event.kind === "quote") engine.onQuote(event);
  else engine.onTrade(event);
}

/**
 * The look-back in the order a lane replays it: by second, and inside a second trades by id, then quotes by
 * id, then markers. Bars do not depend on the order inside a second; a marker after the quotes it ends does
 * not either, for it is compared with them by time.
 */
function bySecond(lookBack: LookBack): Replayed[] {
  const rank = { trade: 0, quote: 1, disconnect: 2 } as const;
  const trades = lookBack.trades.filter(({ late }) => !late).map(({ trade }) => trade);
  const events: Replayed[] = [...trades, ...lookBack.quotes, ...lookBack.disconnects];
  return events
    .map((event, index) => ({ event, index, sec: secondOf(event.ts_us) }))
    .sort((a, b) => a.sec - b.sec || rank[a.event.kind] - rank[b.event.kind] || a.index - b.index)
    .map(({ event }) => event);
}
