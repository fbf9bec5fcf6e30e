/**
 * One symbol's way from events to feature vectors: synchronous, deterministic, without I/O. From any
 * source (live streams, a recording, a test) it gives the same seconds, in order, each closed once.
 *
 * A lane holds events back while its look-back is fetched (at its start, and after a break in the data). Where
 * that takes longer than a forecast can wait, it goes on without, cold, keeps what it takes, and changes over to
 * an engine built from the look-back when that has come.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Steps } from "../../base/turns.ts";
import type { Micros } from "../../base/units.ts";
import type { Numbering } from "../../binance/belief/stream_checks.ts";
import type { DisconnectEvent, MarketEvent, SetAside, TradeEvent } from "../../binance/events.ts";
import type { TradeLedger } from "../../binance/trade_ledger.ts";
import type { LaneBreaks } from "./breaks.ts";
import { firstTimeOf, firstTradeOf, heldSince } from "./held_events.ts";
import type { LookBack, Prepared } from "./look_back.ts";
import type { LaneOptions } from "./options.ts";
import { type LaneCounters, NOT_TAKEN, type Released, zeroLaneCounters } from "./output.ts";
import type { RememberedTrade } from "./recent_trades.ts";
import { LaneRun } from "./run.ts";
import { SinceHold } from "./since_hold.ts";

export class Lane {
  readonly symbol: string;
  readonly counters: LaneCounters = zeroLaneCounters();
  readonly #run: LaneRun;
  /** Events held back while the look-back is being filled; undefined while running. */
  #held: MarketEvent[] | undefined;

  constructor(options: LaneOptions) {
    this.symbol = options.symbol;
    this.#run = new LaneRun(options, this.counters);
  }

  /** Which trades have come. */
  get ledger(): TradeLedger {
    return this.#run.ledger;
  }

  get breaks(): LaneBreaks {
    return this.#run.breaks;
  }

  /** Takes an event as it comes; closes the seconds it ends. */
  onEvent(event: MarketEvent): void {
    this.counters.events++;
    if (!this.#held) {
      this.#run.take(event);
      return;
    }
    this.#held.push(event);
    if (this.#held.length > LIMITS.warm_up_events_max) {
      this.counters.holds_overflowed++;
      this.goOn();
    }
  }

  /** Closes the seconds that the wall clock has ended. Call it at `clockDeadline` or every few ms. */
  onTime(now_us: Micros): void {
    if (!this.#held) this.#run.onTime(now_us);
  }

  /** When `onTime` has something to do next (wall clock, µs); ∞ while nothing is open. */
  get clockDeadline(): number {
    return this.#held ? Number.POSITIVE_INFINITY : this.#run.clockDeadline;
  }

  /** The local clock was set by `delta_us`: what was learnt of its distance to the exchange's moves with it. */
  onClockStep(delta_us: number): void {
    this.#run.belief.time.shift(delta_us);
  }

  /** The exchange's server time, asked for by `timeDoubted`; undefined where it did not answer. */
  onServerTime(server_us: Micros | undefined, received_us: Micros): void {
    if (server_us === undefined) this.#run.belief.onNoServerTime(received_us);
    else this.#run.belief.onServerTime(server_us, received_us);
  }

  /** The exchange's time at `now_us` of the wall clock (µs); −∞ before the first event. */
  exchangeTime(now_us: Micros): number {
    return this.#run.belief.time.at(now_us);
  }

  /** Rows not believed, by reason. */
  get setAside(): ReadonlyMap<SetAside, number> {
    return this.#run.belief.set_aside;
  }

  /** The end of each stream's numbering so far. */
  get numbering(): { readonly trade: Numbering; readonly quote: Numbering } {
    return this.#run.belief.numbering;
  }

  /** Where an earlier run got to with the exchange's numbering; call it before the first release. */
  resume(stored: { readonly trade: Numbering | undefined; readonly quote: Numbering | undefined }): void {
    this.#run.belief.resume(stored);
  }

  /** Holds events back from now on, until `release` or `goOn`. */
  hold(): void {
    this.#held ??= [];
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** Exchange time when the hold began; undefined before an event has come since, and where nothing is kept. */
  get heldSince(): Micros | undefined {
    return this.#held ? this.#timeOf(this.#held) : this.#run.since?.since_us;
  }

  #timeOf(held: readonly MarketEvent[]): Micros | undefined {
    return heldSince(held, (ts_us, received_us) => this.#run.belief.time.isLikely(ts_us, received_us));
  }

  /** The first trade since then: what came before it is to be fetched. */
  firstHeldTrade(): TradeEvent | undefined {
    return this.#held ? firstTradeOf(this.#held) : this.#run.since?.firstTrade;
  }

  /** The trades it has before the first held one, ascending by id: they need not be fetched again. */
  remembered(): Iterable<RememberedTrade> {
    return this.#run.remembered(this.firstHeldTrade()?.trade_id);
  }

  /** The breaks it knows of, ended or not, as far back as it keeps any. */
  get rememberedBreaks(): readonly DisconnectEvent[] {
    return this.#run.rememberedBreaks;
  }

  /** Takes what was held, without a look-back, and keeps what it takes from the hold on for the one to come. */
  goOn(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#run.keep(new SinceHold(this.#timeOf(held)));
    for (const event of held) this.#run.take(event);
  }

  /** In steps, ahead of `release`: the long part of going over to a look-back. Events may be taken between them. */
  prepare(lookBack: LookBack): Steps<Prepared | undefined> {
    return this.#run.prepare(this.#run.ofThisNumbering(lookBack), () => this.#begunUs());
  }

  #begunUs(): Micros | undefined {
    const held = this.#held;
    return held && (this.#timeOf(held) ?? firstTimeOf(held));
  }

  /**
   * Ends the hold, with a look-back where one could be had. Seconds already closed are rebuilt in silence: only
   * seconds after them come out. A lane that goes on already changes over to the look-back between two events.
   */
  release(found: LookBack | undefined, prepared?: Prepared): Released {
    const lookBack = found && this.#run.ofThisNumbering(found);
    const held = this.#held;
    const begun_us = this.#begunUs();
    const { since } = this.#run;
    this.#held = undefined;
    this.#run.keep(undefined);
    if (!held) return lookBack && since ? this.#run.swap(lookBack, since, prepared) : NOT_TAKEN;
    const filled = lookBack ? this.#run.coveredBreaks(lookBack) : [];
    if (lookBack) this.#run.rebuild(lookBack, begun_us, prepared);
    for (const event of held) this.#run.take(event);
    return { taken: lookBack !== undefined, filled, open: [] };
  }
}
