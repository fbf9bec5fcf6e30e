/**
 * One symbol's order book kept in step with the exchange: which snapshots are asked of REST, when, and for how
 * long they are waited for. The lane reads the book and gives it its diffs.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Witness } from "../../binance/belief/row_faults.ts";
import type { DepthDiffEvent, DepthSnapshotEvent, QuoteEvent } from "../../binance/events.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import { BookSequencer } from "../../book/sequencer.ts";
import { TouchCheck } from "../../book/touch_check.ts";
import type { BookSums } from "../../features/algebra/columns.ts";
import { type LaneBook, sumsAt } from "../../predict/lane/book_seconds.ts";

/** What the book asks of REST. */
export type BookRest = Pick<RestClient, "depth">;

export interface BookSyncOptions {
  readonly symbol: string;
  /** A view of REST whose requests end when the signal is aborted. */
  readonly rest: (signal: AbortSignal) => BookRest;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs what may find a broken invariant, so that it is reported as a defect of this symbol. */
  readonly guarded: (run: () => void) => void;
  /** Sees each snapshot before the book does. */
  readonly onSnapshot?: (snapshot: DepthSnapshotEvent) => void;
}

/** Levels per side asked of REST for the book. */
const SNAPSHOT_LEVELS = 1_000;
/** Snapshots asked for one after the other before there is a wait between them. */
const SNAPSHOTS_AT_ONCE = 3;

export class BookSync implements LaneBook {
  readonly sequencer: BookSequencer;
  /** Whether the rebuilt book and the exchange's quotes agree. */
  readonly touch = new TouchCheck();
  readonly #options: BookSyncOptions;
  readonly #closing = new AbortController();
  #fetching = false;
  /** Exchange time of the newest diff (µs); 0 before the first. */
  #newest_us = 0;
  #again: Timer | undefined;

  constructor(options: BookSyncOptions) {
    this.#options = options;
    this.sequencer = new BookSequencer({
      symbol: options.symbol,
      requestSnapshot: (_, attempt) => this.#ask(attempt),
      onUpdate: (book) => this.touch.onBook(book),
    });
  }

  sumsAt(update_id: number): BookSums | undefined {
    return sumsAt(this.sequencer, update_id);
  }

  onDiff(diff: DepthDiffEvent): void {
    this.#newest_us = diff.ts_us;
    this.sequencer.onDiff(diff);
  }

  /** The middle of the rebuilt book where it is in step; prices are checked against it. */
  price(): Witness | undefined {
    const { state, book } = this.sequencer;
    const touch = state.name === "synced" ? book.best() : undefined;
    if (!touch) return undefined;
    return { price_e8: (touch.bid_price_e8 + touch.ask_price_e8) / 2, ts_us: this.#newest_us };
  }

  /** A snapshot that was asked for. */
  take(snapshot: DepthSnapshotEvent): void {
    this.#options.onSnapshot?.(snapshot);
    this.sequencer.onSnapshot(snapshot);
  }

  onQuote(quote: QuoteEvent): void {
    this.touch.onQuote(quote);
  }

  onDisconnect(): void {
    this.sequencer.onDisconnect();
    this.touch.onDisconnect();
  }

  /** Asks no more, and ends the request under way. May be called twice. */
  close(): void {
    this.#again?.cancel();
    this.#closing.abort();
  }

  /** The first snapshots are asked for at once; an exchange whose answers stay too old is given time. */
  #ask(attempt: number): void {
    if (attempt <= SNAPSHOTS_AT_ONCE) void this.#fetch();
    else this.#askLater();
  }

  #askLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#again?.cancel();
    this.#again = this.#options.clock.after(LIMITS.book_retry_ms, () => void this.#fetch());
  }

  async #fetch(): Promise<void> {
    if (this.#fetching || this.#closing.signal.aborted) return;
    const { log, symbol, guarded } = this.#options;
    this.#fetching = true;
    try {
      const snapshot = await this.#snapshot();
      // Over before the book sees the answer: one that is too old makes it ask again at once.
      this.#fetching = false;
      guarded(() => this.take(snapshot));
    } catch (error) {
      this.#fetching = false;
      if (this.#closing.signal.aborted) return;
      log.error({ symbol, error: describeError(error) }, "no book snapshot; asking again");
      this.#askLater();
    }
  }

  #snapshot(): Promise<DepthSnapshotEvent> {
    const { rest, clock, symbol } = this.#options;
    const cut = new AbortController();
    return withDeadline(rest(cut.signal).depth(symbol, SNAPSHOT_LEVELS), {
      ...{ clock, limit: "book_snapshot_ms_max", what: `a book snapshot of ${symbol}` },
      signal: this.#closing.signal,
      onGivenUp: () => cut.abort(),
    });
  }
}
