/**
 * Which rows of one symbol are believed. Decided once, where they enter, and stored with them, so that the live
 * path and SQL cannot differ. Synchronous and without I/O: what comes out depends on what comes in, and on
 * nothing else.
 *
 * Rows of one stream come out in their order; of several, an unlikely one may come out after later ones of others.
 */

import { LIMITS } from "../../base/limits.ts";
import { startOf, US_PER_SEC } from "../../base/units.ts";
import type {
  DepthDiffEvent,
  DepthSnapshotEvent,
  QuoteEvent,
  SetAside,
  StreamName,
  TradeEvent,
} from "../events.ts";
import type { TradeLedger } from "../trade_ledger.ts";
import { BelievedStream, type Decisions } from "./believed_stream.ts";
import { DiffChecks } from "./diff_checks.ts";
import { ExchangeTime } from "./exchange_time.ts";
import { QuoteChecks } from "./quote_checks.ts";
import type { Witness } from "./row_faults.ts";
import { NO_CHECKS, type Numbering, type Row } from "./stream_checks.ts";
import { TradeChecks } from "./trade_checks.ts";
import { Witnesses } from "./witnesses.ts";

export interface BeliefOutput {
  believed(row: Row): void;
  setAside(row: Row, reason: SetAside): void;
  /** The exchange's server time is wanted: its streams and the local clock disagree. */
  timeDoubted(): void;
}

export interface BeliefOptions {
  readonly streams: readonly StreamName[];
  /** Which trades have come. Trades set aside never enter it; the lane records those believed. */
  readonly ledger: TradeLedger;
  readonly output: BeliefOutput;
  /** The middle of the rebuilt book. */
  readonly book?: () => Witness | undefined;
}

const ASK_EVERY_US = LIMITS.belief_server_time_every_s * US_PER_SEC;

export class Belief {
  readonly time: ExchangeTime;
  /** Rows set aside, by reason. */
  readonly set_aside = new Map<SetAside, number>();
  readonly #output: BeliefOutput;
  readonly #trade_checks: TradeChecks;
  readonly #quote_checks: QuoteChecks;
  readonly #diff_checks = new DiffChecks();
  readonly #trades: BelievedStream<TradeEvent>;
  readonly #quotes: BelievedStream<QuoteEvent>;
  readonly #diffs: BelievedStream<DepthDiffEvent>;
  readonly #tops: BelievedStream<DepthSnapshotEvent>;
  readonly #all: readonly Pick<
    BelievedStream<Row>,
    "settle" | "decideBefore" | "decideAll" | "deadline_us"
  >[];
  #asked_at_us = Number.NEGATIVE_INFINITY;
  /** Rows waited after the last one was taken; false: none waits. */
  #some_wait = false;

  constructor({ streams, ledger, output, book }: BeliefOptions) {
    this.#output = output;
    this.time = new ExchangeTime(streams.length);
    const witnesses = new Witnesses(book);
    this.#trade_checks = new TradeChecks(witnesses, ledger);
    this.#quote_checks = new QuoteChecks(witnesses);
    const to: Decisions = {
      believed: (row) => output.believed(row),
      setAside: (row, reason) => this.#setAside(row, reason),
    };
    // A stream that is not subscribed does not count for the time.
    const of = (stream: StreamName): number => streams.indexOf(stream);
    const { time } = this;
    this.#trades = new BelievedStream<TradeEvent>(of("trade"), time, this.#trade_checks, to);
    this.#quotes = new BelievedStream<QuoteEvent>(of("bestBidAsk"), time, this.#quote_checks, to);
    this.#diffs = new BelievedStream<DepthDiffEvent>(of("depth"), time, this.#diff_checks, to);
    this.#tops = new BelievedStream<DepthSnapshotEvent>(of("depth20"), time, NO_CHECKS, to);
    this.#all = [this.#trades, this.#quotes, this.#diffs, this.#tops];
  }

  take(row: Row): void {
    if (!this.#some_wait && this.#isBelievedAtOnce(row)) return;
    const decided = this.#takeRow(row);
    if (decided && !this.#some_wait) return;
    this.#settle(row.received_us);
    this.#some_wait = this.waiting > 0;
  }

  /** Rows that wait for what decides them. */
  get waiting(): number {
    return this.#trades.waiting + this.#quotes.waiting + this.#diffs.waiting + this.#tops.waiting;
  }

  /** When a wait ends that nothing else has ended (local clock, µs); ∞ where no row waits. */
  get deadline_us(): number {
    let soonest_us = Number.POSITIVE_INFINITY;
    if (!this.#some_wait) return soonest_us;
    for (const stream of this.#all) soonest_us = Math.min(soonest_us, stream.deadline_us);
    return soonest_us;
  }

  /** The local clock says `now_us`: rows that have waited for too long are decided. */
  onTime(now_us: number): void {
    if (this.waiting > 0) this.#settle(now_us);
  }

  /** Second `sec` is about to close: rows of it that wait are decided, with what is known. */
  beforeClose(sec: number): void {
    if (this.waiting === 0) return;
    for (const stream of this.#all) stream.decideBefore(startOf(sec + 1));
  }

  /**
   * The connection is gone: nothing can confirm what waits, and the next one determines the time from the
   * start.
   */
  disconnected(): void {
    for (const stream of this.#all) stream.decideAll();
    this.time.disconnected();
    this.#diff_checks.disconnected();
  }

  /** The exchange's server time, in answer to `timeDoubted`. */
  onServerTime(server_us: number, received_us: number): void {
    this.time.onServerTime(server_us, received_us);
    this.#settle(received_us);
  }

  onNoServerTime(received_us: number): void {
    this.time.onNoServerTime();
    this.#settle(received_us);
  }

  /** The end of each stream's numbering so far; a restart continues from it. */
  get numbering(): { readonly trade: Numbering; readonly quote: Numbering } {
    return { trade: this.#trade_checks.numbering, quote: this.#quote_checks.numbering };
  }

  resume({
    trade,
    quote,
  }: {
    readonly trade?: Numbering | undefined;
    readonly quote?: Numbering | undefined;
  }): void {
    if (trade) this.#trade_checks.resume(trade);
    if (quote) this.#quote_checks.resume(quote);
  }

  /** A look-back's trades become part of what is known, up to `newest`. `stamp` those that the exchange's history gave. */
  learn(newest: TradeEvent): void {
    this.#trade_checks.learn(newest);
  }

  /** The trade with the epoch that is now. */
  stamp(trade: TradeEvent): TradeEvent {
    return this.#trade_checks.stamp(trade);
  }

  /**
   * The usual row, which the clock bears out and which goes on from the last of its stream: believed in one go. What
   * it says no to is judged in full.
   */
  #isBelievedAtOnce(row: Row): boolean {
    const { time } = this;
    const { ts_us, received_us } = row;
    switch (row.kind) {
      case "trade": {
        const { index } = this.#trades;
        if (!time.claimLikely(index, ts_us, received_us) || !this.#trade_checks.isNext(row)) return false;
        time.observe(index, ts_us, received_us);
        this.#output.believed(this.#trade_checks.stamp(row));
        return true;
      }
      case "quote": {
        const { index } = this.#quotes;
        if (!time.claimLikely(index, ts_us, received_us) || !this.#quote_checks.isNext(row)) return false;
        time.observe(index, ts_us, received_us);
        this.#output.believed(this.#quote_checks.stamp(row));
        return true;
      }
      case "depth_diff": {
        const { index } = this.#diffs;
        if (!time.claimLikely(index, ts_us, received_us) || !this.#diff_checks.isNext(row)) return false;
        time.observe(index, ts_us, received_us);
        this.#output.believed(this.#diff_checks.stamp(row));
        return true;
      }
      case "depth_snapshot":
        return false;
    }
  }

  #takeRow(row: Row): boolean {
    switch (row.kind) {
      case "trade":
        return this.#trades.take(row);
      case "quote":
        return this.#quotes.take(row);
      case "depth_diff":
        return this.#diffs.take(row);
      case "depth_snapshot":
        return this.#tops.take(row);
    }
  }

  #settle(received_us: number): void {
    for (const stream of this.#all) stream.settle(received_us);
    if (!this.time.disputed || received_us - this.#asked_at_us < ASK_EVERY_US) return;
    this.#asked_at_us = received_us;
    this.#output.timeDoubted();
  }

  #setAside(row: Row, reason: SetAside): void {
    this.set_aside.set(reason, (this.set_aside.get(reason) ?? 0) + 1);
    this.#output.setAside(row, reason);
  }
}
