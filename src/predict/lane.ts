/**
 * One symbol's way from events to feature vectors: synchronous, deterministic, without I/O. Whoever feeds
 * it (live streams, a recording, a test) gets the same seconds, in order, each closed once.
 *
 * A lane starts by holding events back until its look-back is filled, then runs; after a break in the data
 * it goes on at once, cold, and is filled again when the missing trades have been fetched.
 */

import { LIMITS } from "../base/limits.ts";
import { type Micros, secondOf, type UnixSec, unixSec } from "../base/units.ts";
import type {
  DepthDiffEvent,
  DepthSnapshotEvent,
  DisconnectEvent,
  MarketEvent,
  QuoteEvent,
  StreamName,
  TradeEvent,
} from "../binance/events.ts";
import { TradeLedger } from "../binance/trade_ledger.ts";
import type { BookSums } from "../features/columns.ts";
import { FeatureEngine } from "../features/engine.ts";
import type { FeatureSet } from "../features/set.ts";
import type { FeatureVector } from "../features/vector.ts";
import { BookSeconds, type SumsAt } from "./book_seconds.ts";
import { engineFrom, type LookBack } from "./look_back.ts";
import { SecondCloser } from "./second_closer.ts";

/** A second that is over, and what was known at its end. */
export interface ClosedSecond {
  readonly symbol: string;
  /** The vectors are as of this instant, the end of the closed second. */
  readonly ts_sec: UnixSec;
  /** One a feature set, in the lane's order. */
  readonly vectors: readonly FeatureVector[];
  /** bid + ask (e8) as of ts_sec; undefined where no quote stands. */
  readonly mid_sum_e8: number | undefined;
  /** Exchange time of the newest event known at ts_sec (µs); undefined before the first. */
  readonly newest_event_us: Micros | undefined;
}

/** What comes out of a lane, called synchronously in the order things happen. */
export interface LaneOutput {
  /** A new trade (never a duplicate). `late`: its second was closed, so no bar holds it. */
  trade(event: TradeEvent, late: boolean): void;
  quote(event: QuoteEvent, late: boolean): void;
  disconnect(event: DisconnectEvent): void;
  depth(event: DepthDiffEvent | DepthSnapshotEvent): void;
  /** The book's sums at the end of second `sec`, which the vector as of sec + 1 knows. Once a second at most. */
  bookSums(sec: UnixSec, sums: BookSums): void;
  closed(second: ClosedSecond): void;
  /** Trades are missing: fetch them and call `hold` and `release`. Called once a break. */
  fillWanted(reason: string): void;
}

export interface LaneCounters {
  events: number;
  trades: number;
  quotes: number;
  trades_duplicate: number;
  trades_late: number;
  quotes_late: number;
  /** Events whose exchange time is implausibly far ahead of all others; dropped. */
  times_implausible: number;
  seconds_closed: number;
  /** Seconds of outages longer than LIMITS.close_jump_s_max: nobody closed them. */
  seconds_leapt: number;
  disconnects: number;
  /** Times so many events were held back that the lane went on without its look-back. */
  holds_overflowed: number;
}

export interface LaneOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** The subscribed streams; they decide when a second closes. */
  readonly streams: readonly StreamName[];
  readonly grace_ms: number;
  /** Where the book's sums are read; without it the features of the book are null. */
  readonly sumsAt?: SumsAt;
  readonly output: LaneOutput;
}

const STREAM_OF = {
  trade: "trade",
  quote: "bestBidAsk",
  depth_diff: "depth",
  depth_snapshot: "depth20",
} as const;

export class Lane {
  readonly symbol: string;
  readonly ledger = new TradeLedger();
  readonly counters: LaneCounters = {
    events: 0,
    trades: 0,
    quotes: 0,
    trades_duplicate: 0,
    trades_late: 0,
    quotes_late: 0,
    times_implausible: 0,
    seconds_closed: 0,
    seconds_leapt: 0,
    disconnects: 0,
    holds_overflowed: 0,
  };
  readonly #options: LaneOptions;
  readonly #closer: SecondCloser<StreamName>;
  readonly #book_seconds: BookSeconds;
  #engine: FeatureEngine;
  /** Events held back while the look-back is being filled; undefined while running. */
  #held: MarketEvent[] | undefined;
  /** The next second to close; undefined before the first event. */
  #next_sec: UnixSec | undefined;
  #highest_us = 0 as Micros;
  /** Where plausible times are measured from; 0 until an event has come since the start or a disconnect. */
  #trusted_us = 0;
  #gaps_seen = 0;

  constructor(options: LaneOptions) {
    this.symbol = options.symbol;
    this.#options = options;
    this.#book_seconds = new BookSeconds(options.sumsAt ?? (() => undefined));
    this.#closer = new SecondCloser({ streams: options.streams, grace_ms: options.grace_ms });
    this.#engine = new FeatureEngine({ symbol: options.symbol, sets: options.sets });
  }

  /** Takes an event as it comes; closes the seconds it ends. */
  onEvent(event: MarketEvent): void {
    this.counters.events++;
    if (!this.#held) {
      this.#process(event);
      return;
    }
    this.#held.push(event);
    if (this.#held.length > LIMITS.warm_up_events_max) {
      this.counters.holds_overflowed++;
      this.release(undefined);
    }
  }

  /** Closes the seconds that the wall clock has ended. Call it at `clockDeadline` or every few ms. */
  onTime(now_us: Micros): void {
    if (!this.#held) this.#closeThrough(this.#closer.closedByClock(now_us));
  }

  /** When `onTime` has something to do next (wall clock, µs); ∞ while nothing is open. */
  get clockDeadline(): number {
    if (this.#held || this.#next_sec === undefined) return Number.POSITIVE_INFINITY;
    return this.#closer.clockDeadline(this.#next_sec);
  }

  /** Holds events back from now on, until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** Exchange time of the first event held back; undefined while there is none. */
  get firstHeld(): MarketEvent | undefined {
    return this.#held?.find((event) => event.kind !== "disconnect");
  }

  /** Ids of trades held back; for whoever fetches what came before them. */
  firstHeldTrade(): TradeEvent | undefined {
    return this.#held?.find((event) => event.kind === "trade");
  }

  /**
   * Goes on, from a look-back where one could be had. Seconds already closed are rebuilt in silence: only
   * seconds after them come out. Nothing happens where the lane has gone on by itself: a look-back that was
   * fetched before it did knows nothing of the trades since, and would pass for complete.
   */
  release(lookBack: LookBack | undefined): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    if (lookBack) this.#rebuild(lookBack, held);
    for (const event of held) this.#process(event);
  }

  #process(event: MarketEvent): void {
    if (event.kind === "disconnect") this.#onDisconnect(event);
    // The REST snapshot has no time, and closes nothing.
    else if (event.ts_us === 0) this.#options.output.depth(event as DepthSnapshotEvent);
    else if (this.#plausible(event.ts_us)) this.#onTimed(event);
    else this.counters.times_implausible++;
  }

  #plausible(ts_us: Micros): boolean {
    return this.#trusted_us === 0 || ts_us <= this.#trusted_us + LIMITS.time_jump_us_max;
  }

  #onTimed(event: Exclude<MarketEvent, DisconnectEvent>): void {
    if (event.ts_us > this.#highest_us) this.#highest_us = event.ts_us;
    this.#trusted_us = this.#highest_us;
    this.#reach(secondOf(event.ts_us));
    if (event.kind === "trade") this.#onTrade(event);
    else if (event.kind === "quote") this.#onQuote(event);
    else this.#onDepth(event);
    this.#closer.observe(STREAM_OF[event.kind], event.ts_us, event.received_us);
    this.#closeThrough(this.#closer.closedByEvents());
  }

  /** Begins at the first event's second, and anew after an outage too long to close second by second. */
  #reach(sec: UnixSec): void {
    if (this.#next_sec === undefined) this.#next_sec = sec;
    if (sec - this.#next_sec <= LIMITS.close_jump_s_max) return;
    this.counters.seconds_leapt += sec - this.#next_sec;
    this.#engine = new FeatureEngine({ symbol: this.symbol, sets: this.#options.sets });
    this.#next_sec = sec;
  }

  #onTrade(event: TradeEvent): void {
    if (this.ledger.accept(event.trade_id) === "duplicate") {
      this.counters.trades_duplicate++;
      return;
    }
    const late = !this.#engine.onTrade(event);
    this.counters.trades++;
    if (late) this.counters.trades_late++;
    this.#options.output.trade(event, late);
    if (this.ledger.counters.gaps > this.#gaps_seen) this.#onTradeGap(event);
  }

  /** Ids jumped without a disconnect: the bars miss trades from here on, which is a break like any other. */
  #onTradeGap(event: TradeEvent): void {
    this.#gaps_seen = this.ledger.counters.gaps;
    const gap = this.ledger.missing().at(-1);
    if (!gap) return;
    const reason = `trades ${gap.from} to ${gap.to} did not come`;
    const { symbol, received_us } = event;
    this.#break({ kind: "disconnect", symbol, ts_us: this.#highest_us, received_us, reason });
  }

  #onQuote(event: QuoteEvent): void {
    const late = !this.#engine.onQuote(event);
    this.counters.quotes++;
    if (late) this.counters.quotes_late++;
    this.#options.output.quote(event, late);
  }

  #onDepth(event: DepthDiffEvent | DepthSnapshotEvent): void {
    if (event.kind === "depth_diff") this.#book_seconds.onDiff(event, this.#next_sec!, this.#takeBook);
    this.#options.output.depth(event);
  }

  readonly #takeBook = (sec: UnixSec, sums: BookSums): boolean => {
    const open = this.#engine.onBook(sec, sums);
    if (open) this.#options.output.bookSums(sec, sums);
    return open;
  };

  #onDisconnect(event: DisconnectEvent): void {
    this.#book_seconds.onBreak();
    this.#closer.disconnected();
    this.#trusted_us = 0;
    this.#break(event);
  }

  #break(event: DisconnectEvent): void {
    this.counters.disconnects++;
    // Vectors of closed seconds are out: the break counts from the first open one at the earliest.
    const ts_us = this.#engine.onDisconnect(event);
    this.#options.output.disconnect({ ...event, ts_us });
    this.#options.output.fillWanted(event.reason);
  }

  #closeThrough(sec: number): void {
    if (this.#next_sec === undefined) return;
    while (this.#next_sec <= sec) {
      const closing = this.#next_sec;
      this.#book_seconds.onClose(closing, this.#takeBook);
      this.#next_sec = unixSec(closing + 1);
      const vectors = this.#engine.closeSecond(closing);
      this.counters.seconds_closed++;
      this.#options.output.closed({
        symbol: this.symbol,
        ts_sec: this.#next_sec,
        vectors,
        mid_sum_e8: this.#engine.midSumAsOf(this.#next_sec),
        newest_event_us: this.#engine.newest_event_us,
      });
    }
  }

  /** Goes on from a fresh engine that has seen the look-back, up to where the lane stands. */
  #rebuild(lookBack: LookBack, held: readonly MarketEvent[]): void {
    const first = held.find((event) => event.kind !== "disconnect" && event.ts_us > 0);
    const resume = this.#next_sec ?? (first ? secondOf(first.ts_us) : undefined);
    if (resume === undefined) return;
    this.#learn(lookBack);
    const { symbol, sets } = this.#options;
    this.#engine = engineFrom(lookBack, { symbol, sets, book_seconds: this.#book_seconds, resume });
    this.#next_sec = resume;
  }

  /** Records the look-back's trades, so that held ones are known as duplicates; new ones come out. */
  #learn({ trades }: LookBack): void {
    for (const { trade, stored } of trades) {
      if (this.ledger.accept(trade.trade_id) === "duplicate" || stored) continue;
      this.counters.trades++;
      this.#options.output.trade(trade, false);
    }
    this.#gaps_seen = this.ledger.counters.gaps;
  }
}
