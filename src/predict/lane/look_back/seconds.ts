/** Events of a look-back by second, and an engine that closes them in that order. */

import type { Steps } from "../../../base/turns.ts";
import { secondOf, type UnixSec, unixSec } from "../../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../binance/events.ts";
import type { FeatureEngine } from "../../../features/live/engine.ts";
import type { BookSeconds } from "../book_seconds.ts";

/** What closing a second costs beside folding a trade. */
const ROWS_A_SECOND = 40;
/** Rows sorted into their seconds in one step. */
export const LOT_ROWS = 64;

/** What is known of a break's trades. */
export type BreakTrades = "filled" | "missing" | "open";

/** Of a break that a look-back reaches across. */
const tradesAcross = (event: TradeEvent | QuoteEvent | DisconnectEvent): BreakTrades => {
  if (event.kind !== "disconnect" || event.fillable !== false) return "filled";
  return event.until_us === undefined ? "open" : "missing";
};

interface SecondEvents {
  /** By id. */
  readonly trades: TradeEvent[];
  readonly quotes: QuoteEvent[];
  readonly breaks: { readonly event: DisconnectEvent; readonly trades: BreakTrades }[];
}

/**
 * Events by second, in the order a lane replays them: inside a second trades by id, then quotes by id, then markers.
 * Bars do not depend on the order inside a second; a marker after the quotes it ends does not either, for it is
 * compared with them by time.
 */
export class Seconds {
  readonly #first: number;
  readonly #end: number;
  readonly #events = new Map<number, SecondEvents>();

  /** Seconds from `first` to before `end` are closed; what is of before them carries into them, what is of after stays open. */
  constructor(first: number, end: number) {
    this.#first = Math.min(first, end);
    this.#end = end;
  }

  add(event: TradeEvent | QuoteEvent | DisconnectEvent, trades: BreakTrades = tradesAcross(event)): void {
    const sec = secondOf(event.ts_us);
    const of = this.#events.get(sec) ?? { trades: [], quotes: [], breaks: [] };
    this.#events.set(sec, of);
    if (event.kind === "trade") of.trades.push(event);
    else if (event.kind === "quote") of.quotes.push(event);
    else of.breaks.push({ event, trades });
  }

  get closing(): { readonly first: number; readonly end: number } {
    return { first: this.#first, end: this.#end };
  }

  at(sec: number): SecondEvents | undefined {
    return this.#events.get(sec);
  }

  /** Seconds with events of before the first, or from the end on, ascending. */
  outside(side: "before" | "after"): SecondEvents[] {
    const wanted = [...this.#events.keys()].filter((sec) =>
      side === "before" ? sec < this.#first : sec >= this.#end,
    );
    return wanted.sort((a, b) => a - b).map((sec) => this.#events.get(sec)!);
  }
}

/** Closes every second from the first to before `end`, in steps; what is of later seconds stays open. */
export function* closeSeconds(
  engine: FeatureEngine,
  seconds: Seconds,
  book_seconds: BookSeconds,
  end: UnixSec,
): Steps<void> {
  for (const events of seconds.outside("before")) yield* fold(engine, events);
  for (let sec = seconds.closing.first; sec < end; sec++) {
    const events = seconds.at(sec);
    if (events) yield* fold(engine, events);
    const sums = book_seconds.at(sec);
    if (sums) engine.onBook(unixSec(sec), sums);
    engine.closeSecond(unixSec(sec));
    yield ROWS_A_SECOND;
  }
  for (const events of seconds.outside("after")) yield* fold(engine, events);
}

function* fold(engine: FeatureEngine, { trades, quotes, breaks }: SecondEvents): Steps<void> {
  let rows = 0;
  for (const trade of trades) {
    engine.onTrade(trade);
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (const quote of eachOnce(quotes)) {
    engine.onQuote(quote);
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (const { event, trades: known } of breaks) engine.onDisconnect(event, known);
  yield rows % LOT_ROWS;
}

/** Each quote once, in the order of (epoch, id). */
function eachOnce(quotes: readonly QuoteEvent[]): QuoteEvent[] {
  const byId = new Map<string, QuoteEvent>();
  for (const quote of quotes) byId.set(`${quote.epoch}:${quote.update_id}`, quote);
  return [...byId.values()].sort((a, b) => a.epoch - b.epoch || a.update_id - b.update_id);
}
