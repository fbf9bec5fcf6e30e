/**
 * What the book held at the end of each second, by the exchange's time. A diff of a later second says that
 * the ones before it are over, so the sums are read when it comes and before it is applied: the book then holds
 * every update with time < t and none after. Where the book is so quiet that the second closes first, they are
 * read at the close, like the last quote. Diffs reach the book only through here, so the order "read, then
 * apply" cannot be broken from outside.
 *
 * Kept for as many seconds as an engine that is built again may need.
 */

import { LIMITS } from "../../base/limits.ts";
import { secondOf, type UnixSec, unixSec } from "../../base/units.ts";
import type { DepthDiffEvent } from "../../binance/events.ts";
import type { BookSequencer } from "../../book/sequencer.ts";
import type { BookSums } from "../../features/algebra/columns.ts";

/** The order book a lane reads and keeps up to date. */
export interface LaneBook {
  /** The sums of the book exactly at this update; undefined where there is no such book. */
  sumsAt(update_id: number): BookSums | undefined;
  /** The next diff, after the book has been read for the seconds it ends. */
  onDiff(diff: DepthDiffEvent): void;
  /** Diffs are missing from here on. */
  onDisconnect(): void;
}

/** Called with a second's sums; false where its bar is closed. */
export type TakeSums = (sec: UnixSec, sums: BookSums) => boolean;

/**
 * Reads a sequencer's book. A snapshot may be ahead of the diffs that still come, and what it holds beyond
 * them happened later: asking for one update keeps it out.
 */
export function sumsAt({ state, book }: BookSequencer, update_id: number): BookSums | undefined {
  if (state.name !== "synced" || book.update_id !== update_id) return undefined;
  return {
    bid_qty_top5_e8: book.sums("bid", 5),
    ask_qty_top5_e8: book.sums("ask", 5),
    bid_qty_top20_e8: book.sums("bid", 20),
    ask_qty_top20_e8: book.sums("ask", 20),
  };
}

/** A sequencer as a lane's book. */
export const laneBook = (sequencer: BookSequencer): LaneBook => ({
  sumsAt: (update_id) => sumsAt(sequencer, update_id),
  onDiff: (diff) => sequencer.onDiff(diff),
  onDisconnect: () => sequencer.onDisconnect(),
});

export class BookSeconds {
  /** Without one no second's sums are known. */
  readonly #book: LaneBook | undefined;
  /** The newest diff since the last break; undefined before the first. */
  #newest: DepthDiffEvent | undefined;
  /** By second, oldest first. */
  readonly #kept = new Map<number, BookSums>();

  constructor(book: LaneBook | undefined) {
    this.#book = book;
  }

  /** Reports each second the diff ends, from `open_from` on, in order; then applies the diff. */
  onDiff(diff: DepthDiffEvent, open_from: UnixSec, take: TakeSums): void {
    if (!this.#book) return;
    this.#read(this.#book, diff, open_from, take);
    this.#book.onDiff(diff);
  }

  #read(book: LaneBook, diff: DepthDiffEvent, open_from: UnixSec, take: TakeSums): void {
    const sec = secondOf(diff.ts_us);
    const since = this.#newest && secondOf(this.#newest.ts_us);
    if (since !== undefined && sec < since) return;
    this.#newest = diff;
    if (since === undefined || sec === since) return;
    const sums = book.sumsAt(diff.first_update_id - 1);
    if (!sums) return;
    for (let over = Math.max(since, open_from); over < sec; over++) this.#tell(over, sums, take);
  }

  /** Before `sec` closes. Reports it where no diff of a later second has done so. */
  onClose(sec: UnixSec, take: TakeSums): void {
    const newest = this.#newest;
    if (newest === undefined || secondOf(newest.ts_us) > sec) return;
    const sums = this.#book?.sumsAt(newest.last_update_id);
    if (sums) this.#tell(sec, sums, take);
  }

  /** Diffs may be missing from here on: the book before does not hold for the seconds after. */
  onBreak(): void {
    this.#newest = undefined;
    this.#book?.onDisconnect();
  }

  at(sec: number): BookSums | undefined {
    return this.#kept.get(sec);
  }

  /** The kept seconds from `sec` on, in order. */
  *since(sec: number): Iterable<[UnixSec, BookSums]> {
    for (const [kept, sums] of this.#kept) if (kept >= sec) yield [unixSec(kept), sums];
  }

  #tell(sec: number, sums: BookSums, take: TakeSums): void {
    if (!take(unixSec(sec), sums)) return;
    this.#kept.set(sec, sums);
    if (this.#kept.size <= LIMITS.bars_kept_min) return;
    const oldest = this.#kept.keys().next();
    if (!oldest.done) this.#kept.delete(oldest.value);
  }
}
