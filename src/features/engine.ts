/**
 * The live side: one symbol's events in, one vector a set and second out. An event costs a few stores in its
 * second's bar; closing a second costs the steps of the compiled sets, whatever the length of the history.
 *
 * Streams run ahead of each other, so bars of later seconds may be open while a second closes. An event for
 * a second that has closed is late: it is refused, nowhere folded in, and whoever stores it marks it so.
 */

import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { type Micros, micros, secondOf, startOf, type UnixSec, unixSec } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../binance/events.ts";
import { SecondBar } from "./bar.ts";
import type { BookSums } from "./columns.ts";
import { LivePlan } from "./compile_live.ts";
import { Instant } from "./instant.ts";
import { lookBackStart, mergeLookBacks, warmUpMaxSeconds } from "./look_back.ts";
import { RecentQuotes, type StandingQuote } from "./recent.ts";
import type { FeatureSet } from "./set.ts";
import type { FeatureVector } from "./vector.ts";

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
  /** Refused because LIMITS.open_seconds_max seconds were open: nobody was closing them. */
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
  readonly #symbol: string;
  readonly #sets: readonly FeatureSet[];
  readonly #instant = new Instant();
  readonly #plan: LivePlan;
  readonly #recent = new RecentQuotes();
  readonly #window_s: number;
  readonly #warm_up_s: number;
  readonly #open = new Map<number, SecondBar>();
  readonly #spare: SecondBar[] = [];
  /** The bar the last event went to: most go to the same. */
  #hot = new SecondBar();
  /** The last second closed. */
  #closed_sec = NOT_YET;
  #data_from_sec: number | undefined;
  /** The second the caller means to close first, where it said so. */
  #start_sec: number | undefined;

  constructor(options: FeatureEngineOptions) {
    this.#symbol = options.symbol;
    this.#sets = options.sets;
    this.#plan = new LivePlan(options.sets, this.#instant);
    const look_back = mergeLookBacks(options.sets.map((set) => set.look_back));
    this.#window_s = look_back.window_s;
    this.#warm_up_s = warmUpMaxSeconds(look_back);
    this.#data_from_sec = options.data_from_sec;
    this.#start_sec = options.data_from_sec;
  }

  /**
   * Second `sec` will be the first to close. Without `data_from_sec`, data begins somewhere inside it, so it
   * is complete from the next one on; without this call, inside the second of the first event.
   */
  startAt(sec: UnixSec): void {
    this.#start_sec = sec;
    this.#data_from_sec ??= sec + 1;
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
    for (const block of this.#plan.blocks) block.add(sec, trade.qty_e8);
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
   * Notes a break in the data. Returns the time the break counts from, which is what a store must keep: the
   * marker's own, or the start of the first open second where the marker's has closed already, since
   * vectors of closed seconds are out and cannot have known of it.
   *
   * @param trades_filled the trades of the break are among those folded in (a look-back fetched them): no
   *   quote stands across it, but it leaves nothing cold.
   */
  onDisconnect(marker: DisconnectEvent, trades_filled = false): Micros {
    const first_open_us = this.#closed_sec === NOT_YET ? 0 : startOf(this.#closed_sec + 1);
    const ts_us = micros(Math.max(marker.ts_us, first_open_us));
    const bar = this.#open.get(secondOf(ts_us)) ?? this.#barForMarker(secondOf(ts_us));
    bar.marker_us = Math.max(bar.marker_us, ts_us);
    if (!trades_filled) bar.hole_us = Math.max(bar.hole_us, ts_us);
    return ts_us;
  }

  /**
   * Closes every second up to and including `sec` and returns the vectors as of sec + 1, one for each set
   * due at that instant, in the sets' order. Seconds jumped over are closed too, their vectors dropped
   * (`closeThrough` hands them out). The first call begins at the start (`startAt`, else `data_from_sec`,
   * else `sec`), or with the earliest event held, as far back as the sets look.
   *
   * @throws ForetickError INVARIANT where `sec` is closed already, or lies more than
   *   LIMITS.close_jump_s_max past the last one: rebuild the engine instead.
   */
  closeSecond(sec: UnixSec): readonly FeatureVector[] {
    this.#reach(sec);
    while (this.#closed_sec < sec) this.#closeNext();
    return this.#vectors();
  }

  /** As `closeSecond`, handing the vectors of every second closed to `emit`, in order. */
  closeThrough(sec: UnixSec, emit: (vectors: readonly FeatureVector[]) => void): void {
    this.#reach(sec);
    while (this.#closed_sec < sec) {
      this.#closeNext();
      emit(this.#vectors());
    }
  }

  /** The quote that stood at `ts_sec`; undefined where none did, or the instant is not among the kept. */
  quoteAsOf(ts_sec: UnixSec): StandingQuote | undefined {
    return this.#recent.quoteAsOf(ts_sec);
  }

  /** bid + ask (e8) of the quote that stood at `ts_sec`: twice the mid. Undefined as `quoteAsOf`. */
  midSumAsOf(ts_sec: UnixSec): number | undefined {
    return this.#recent.midSumAsOf(ts_sec);
  }

  /**
   * lnr(bid + ask at ts_sec + horizon_s, bid + ask at ts_sec); undefined where either has no quote, is not
   * closed yet, or the data broke between them.
   */
  labelAsOf(ts_sec: UnixSec, horizon_s: number): number | undefined {
    return this.#recent.label(ts_sec, horizon_s);
  }

  /** Exchange time of the newest event the last vectors know (µs); undefined before the first. */
  get newest_event_us(): Micros | undefined {
    return this.#instant.newest_us < 0 ? undefined : micros(this.#instant.newest_us);
  }

  /** Seconds with events that have not closed. */
  get open_seconds(): number {
    return this.#open.size;
  }

  #barFor(sec: number): SecondBar | undefined {
    if (sec <= this.#closed_sec) return undefined;
    const open = this.#open.get(sec);
    if (open) {
      this.#hot = open;
      return open;
    }
    if (this.#open.size >= LIMITS.open_seconds_max) {
      this.counters.events_refused += 1;
      return undefined;
    }
    this.#data_from_sec ??= sec + 1;
    return this.#openBar(sec);
  }

  #openBar(sec: number): SecondBar {
    const bar = this.#spare.pop() ?? new SecondBar();
    bar.reset(sec);
    this.#open.set(sec, bar);
    this.#hot = bar;
    return bar;
  }

  /** A break is never forgotten: where no more seconds may open, it counts in the earliest that is. */
  #barForMarker(sec: number): SecondBar {
    if (this.#open.size < LIMITS.open_seconds_max) return this.#openBar(sec);
    return this.#open.get(Math.min(...this.#open.keys()))!;
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

  /**
   * Before the first second all was empty: as many empty seconds as the sets look back bring every ring and
   * window into that state. Events far older than the look-back only leave what carries forward.
   */
  #begin(sec: number): void {
    const start = Math.min(sec, this.#start_sec ?? sec);
    const first = Math.max(Math.min(start, ...this.#open.keys()), start - this.#warm_up_s);
    this.#data_from_sec ??= first + 1;
    for (const bar of [...this.#open.values()]) {
      if (bar.sec >= first) continue;
      this.#instant.advance(bar.sec + 1, bar);
      this.#recycle(bar);
    }
    for (let t_sec = first - this.#window_s + 1; t_sec <= first; t_sec += 1) {
      this.#instant.advance(t_sec, undefined);
      this.#plan.advance();
    }
    this.#closed_sec = first - 1;
  }

  #closeNext(): void {
    const sec = this.#closed_sec + 1;
    const bar = this.#open.get(sec);
    for (const block of this.#plan.blocks) block.closeSecond(sec);
    this.#instant.advance(sec + 1, bar);
    this.#plan.advance();
    this.#recent.record(this.#instant);
    this.#closed_sec = sec;
    this.counters.seconds_closed += 1;
    if (bar) this.#recycle(bar);
  }

  #recycle(bar: SecondBar): void {
    this.#open.delete(bar.sec);
    bar.reset(-1);
    this.#spare.push(bar);
  }

  #vectors(): readonly FeatureVector[] {
    const ts_sec = unixSec(this.#closed_sec + 1);
    const vectors: FeatureVector[] = [];
    for (let index = 0; index < this.#sets.length; index += 1) {
      const set = this.#sets[index]!;
      if (ts_sec % set.cadence_s !== 0) continue;
      vectors.push({
        symbol: this.#symbol,
        ts_sec,
        feature_set: set.name,
        set_hash: set.hash,
        warm: this.#isWarm(set, ts_sec),
        names: set.names,
        values: this.#plan.values(index),
      });
    }
    return vectors;
  }

  /** All look-backs lie inside uninterrupted data (docs/features-warmth.md). */
  #isWarm(set: FeatureSet, t_sec: number): boolean {
    const start = lookBackStart(set.look_back, t_sec);
    return this.#data_from_sec! <= start && this.#instant.hole_us < startOf(start);
  }
}
