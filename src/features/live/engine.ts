/**
 * The live side: one symbol's events in, one vector per set and second out. An event costs a few stores in
 * its second's bar; closing a second costs the steps of the compiled sets, whatever the length of the
 * history.
 *
 * Streams run ahead of each other, so bars of later seconds may be open while a second closes. An event for
 * a second that has closed is late: it is refused and not folded in; its row is stored with `late = true`.
 */

import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, secondOf, startOf, type UnixSec } from "../../base/units.ts";
import type { BrokenStream, DisconnectEvent, QuoteEvent, TradeEvent } from "../../binance/events.ts";
import type { BookSums } from "../algebra/columns.ts";
import { mergeLookBacks, warmUpMaxSeconds } from "../algebra/look_back.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import type { FeatureVector } from "../vector.ts";
import { SecondBar } from "./bar.ts";
import type { BlockQuantiles } from "./block.ts";
import { ClosedSeconds } from "./closed_seconds.ts";
import { KnownData } from "./known_data.ts";
import { OpenBars } from "./open_bars.ts";
import type { StandingQuote } from "./recent.ts";

export interface FeatureEngineOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** Trades are complete from the start of this second. Without it: from the second after `startAt`'s. */
  readonly data_from_sec?: number;
}

/** Plain numbers, counted as things happen. */
export interface EngineCounters {
  trades_late: number;
  quotes_late: number;
  /** Refused because LIMITS.open_seconds_max seconds were open and not being closed. */
  events_refused: number;
  seconds_closed: number;
}

const NOT_YET = Number.NEGATIVE_INFINITY;

export class FeatureEngine {
  readonly counters: EngineCounters = {
    trades_late: 0,
    quotes_late: 0,
    events_refused: 0,
    seconds_closed: 0,
  };
  readonly #known = new KnownData();
  readonly #seconds: ClosedSeconds;
  readonly #blocks: readonly BlockQuantiles[];
  readonly #window_s: number;
  readonly #warm_up_s: number;
  readonly #open = new OpenBars();
  /** The bar the last event went to: most go to the same. */
  #hot = new SecondBar();
  /** The last second closed. */
  #closed_sec = NOT_YET;
  /** The second the caller means to close first, where it said so. */
  #start_sec: number | undefined;

  constructor(options: FeatureEngineOptions) {
    this.#seconds = new ClosedSeconds(options.symbol, options.sets, this.#known);
    this.#blocks = this.#seconds.blocks;
    const look_back = mergeLookBacks(options.sets.map((set) => set.look_back));
    this.#window_s = look_back.window_s;
    this.#warm_up_s = warmUpMaxSeconds(look_back);
    this.#start_sec = options.data_from_sec;
    if (options.data_from_sec !== undefined) this.#known.beginsAt(options.data_from_sec);
  }

  /**
   * Second `sec` will be the first to close. Without `data_from_sec`, data begins somewhere inside it, so it
   * is complete from the next one on; without this call, inside the second of the first event.
   */
  startAt(sec: UnixSec): void {
    this.#start_sec = sec;
    this.#known.beginsAt(sec + 1);
  }

  /** Folds a trade into its second; false where that second is closed (late), and then nothing changes. */
  onTrade(trade: TradeEvent): boolean {
    const sec = secondOf(trade.ts_us);
    const bar = sec === this.#hot.sec ? this.#hot : this.#barFor(sec);
    if (bar === undefined) {
      if (sec <= this.#closed_sec) this.counters.trades_late += 1;
      return false;
    }
    bar.addTrade(trade);
    for (const block of this.#blocks) block.add(sec, trade.qty_e8);
    return true;
  }

  /** Folds a quote into its second; false where that second is closed (late), and then nothing changes. */
  onQuote(quote: QuoteEvent): boolean {
    const sec = secondOf(quote.ts_us);
    const bar = sec === this.#hot.sec ? this.#hot : this.#barFor(sec);
    if (bar === undefined) {
      if (sec <= this.#closed_sec) this.counters.quotes_late += 1;
      return false;
    }
    bar.addQuote(quote);
    return true;
  }

  /** The book's sums during second `sec`; the last call of a second counts. False where it is closed. */
  onBook(sec: UnixSec, sums: BookSums): boolean {
    const bar = this.#barFor(sec);
    if (bar) bar.book = sums;
    return bar !== undefined;
  }

  /**
   * Notes a break in the data. Returns the time from which vectors can know of it: the marker's own, or the start
   * of the first open second where the marker's has closed already, since vectors of closed seconds are out.
   *
   * A break of all streams or of the quotes: no quote is current across it. One of all or of the trades:
   * their windows are cold while they reach into it, from its time to `until_us` (its own time where that is
   * undefined).
   *
   * @param trades "filled": they are among those folded in (a look-back fetched them), it leaves nothing cold.
   *   "open": it has not ended yet; `endBreak` ends it.
   */
  onDisconnect(marker: DisconnectEvent, trades: "missing" | "open" | "filled" = "missing"): Micros {
    const first_open_us = this.#closed_sec === NOT_YET ? 0 : startOf(this.#closed_sec + 1);
    const ts_us = micros(Math.max(marker.ts_us, first_open_us));
    const { stream = "all", reason } = marker;
    if (stream === "all" || stream === "quote") {
      const bar = this.#open.of(secondOf(ts_us)) ?? this.#barForMarker(secondOf(ts_us));
      bar.marker_us = Math.max(bar.marker_us, ts_us);
    }
    if (trades === "filled" || stream === "quote" || stream === "depth") return ts_us;
    const until_us = trades === "open" ? Number.POSITIVE_INFINITY : (marker.until_us ?? ts_us);
    this.#known.breaks.add({ stream, from_us: ts_us, until_us, reason });
    return ts_us;
  }

  /** The first event after an open break has come. `filled`: no trade is missing between. */
  endBreak(stream: BrokenStream, until_us: Micros, filled = false): void {
    this.#known.breaks.end(stream, until_us, filled);
  }

  /**
   * Closes every second up to and including `sec` and returns the vectors as of sec + 1, one for each set
   * due at that instant, in the sets' order. Seconds jumped over are closed too, their vectors dropped
   * (`closeThrough` hands them out). The first call begins at the start (`startAt`, else `data_from_sec`,
   * else `sec`), or with the earliest event held, as far back as the sets look.
   *
   * @throws ForetickError INVARIANT where `sec` is closed already, or is more than
   *   LIMITS.close_jump_s_max past the last one: rebuild the engine instead.
   */
  closeSecond(sec: UnixSec): readonly FeatureVector[] {
    this.#reach(sec);
    while (this.#closed_sec < sec) this.#closeNext();
    return this.#seconds.vectors(this.#closed_sec);
  }

  /** As `closeSecond`, handing the vectors of every second closed to `emit`, in order. */
  closeThrough(sec: UnixSec, emit: (vectors: readonly FeatureVector[]) => void): void {
    this.#reach(sec);
    while (this.#closed_sec < sec) {
      this.#closeNext();
      emit(this.#seconds.vectors(this.#closed_sec));
    }
  }

  /**
   * The quote that was current at `ts_sec`; undefined where none was, or the instant is not among the kept.
   */
  quoteAsOf(ts_sec: UnixSec): StandingQuote | undefined {
    return this.#seconds.recent.quoteAsOf(ts_sec);
  }

  /** bid + ask (e8) of the quote that was current at `ts_sec`: twice the mid. Undefined as `quoteAsOf`. */
  midSumAsOf(ts_sec: UnixSec): number | undefined {
    return this.#seconds.recent.midSumAsOf(ts_sec);
  }

  /**
   * lnr(bid + ask at ts_sec + horizon_s, bid + ask at ts_sec); undefined where either has no quote, is not
   * closed yet, or the data broke between them.
   */
  labelAsOf(ts_sec: UnixSec, horizon_s: number): number | undefined {
    return this.#seconds.recent.label(ts_sec, horizon_s);
  }

  /** Exchange time of the newest event in the last vectors (µs); undefined before the first. */
  get newest_event_us(): Micros | undefined {
    return this.#seconds.newest_event_us;
  }

  /** Price of the last trade (e8) in the last vectors; undefined before the first. */
  get close_e8(): number | undefined {
    return this.#seconds.close_e8;
  }

  /** Seconds with events that have not closed. */
  get open_seconds(): number {
    return this.#open.size;
  }

  #barFor(sec: number): SecondBar | undefined {
    if (sec <= this.#closed_sec) return undefined;
    const open = this.#open.of(sec);
    if (open) {
      this.#hot = open;
      return open;
    }
    if (this.#open.isFull) {
      this.counters.events_refused += 1;
      return undefined;
    }
    this.#known.beginsAt(sec + 1);
    return this.#openBar(sec);
  }

  #openBar(sec: number): SecondBar {
    this.#hot = this.#open.open(sec);
    return this.#hot;
  }

  /** A break is never dropped: where no more seconds may open, it counts in the earliest that is. */
  #barForMarker(sec: number): SecondBar {
    return this.#open.isFull ? this.#open.of(this.#open.earliest_sec)! : this.#openBar(sec);
  }

  #reach(sec: number): void {
    if (this.#closed_sec === NOT_YET) this.#begin(sec);
    const jump = sec - this.#closed_sec;
    if (!Number.isSafeInteger(sec) || jump < 1 || jump > LIMITS.close_jump_s_max) {
      fail(
        "INVARIANT",
        `closeSecond expected a second 1 to ${LIMITS.close_jump_s_max} after ${this.#closed_sec}, was ${sec}`,
      );
    }
  }

  /** Events far older than the look-back only leave what carries forward. */
  #begin(sec: number): void {
    const start = Math.min(sec, this.#start_sec ?? sec);
    const first = Math.max(Math.min(start, this.#open.earliest_sec), start - this.#warm_up_s);
    this.#known.beginsAt(first + 1);
    for (const bar of this.#open.before(first)) {
      this.#seconds.carry(bar);
      this.#open.recycle(bar);
    }
    this.#seconds.begin(first, this.#window_s);
    this.#closed_sec = first - 1;
  }

  #closeNext(): void {
    const sec = this.#closed_sec + 1;
    const bar = this.#open.of(sec);
    this.#seconds.close(sec, bar);
    this.#closed_sec = sec;
    this.counters.seconds_closed += 1;
    if (bar) this.#open.recycle(bar);
  }
}
