/**
 * What the book held at the end of each second, by the exchange's time. A diff of a later second says that
 * the ones before it are over, so the sums are read when it comes and before it is applied: what then stands
 * is the book of every update with time < t and of none after. Where the book is so quiet that the second
 * closes first, they are read at the close, like a quote that stands.
 *
 * Kept for as many seconds as an engine that is built anew may have to be told again.
 */

import { LIMITS } from "../base/limits.ts";
import { secondOf, type UnixSec, unixSec } from "../base/units.ts";
import type { DepthDiffEvent } from "../binance/events.ts";
import type { BookSequencer } from "../book/sequencer.ts";
import type { BookSums } from "../features/columns.ts";

/** The sums of the book that stands exactly at this update; undefined where there is no such book. */
export type SumsAt = (update_id: number) => BookSums | undefined;

/** Told of a second's sums; false where its bar is closed. */
export type TakeSums = (sec: UnixSec, sums: BookSums) => boolean;

/**
 * Reads a sequencer's book. A snapshot may be ahead of the diffs that still come, and what it knows more than
 * they do happened later: asking for one update keeps it out.
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

export class BookSeconds {
  readonly #sumsAt: SumsAt;
  /** The newest diff since the last break; undefined before the first. */
  #newest: DepthDiffEvent | undefined;
  /** By second, oldest first. */
  readonly #kept = new Map<number, BookSums>();

  constructor(sumsAt: SumsAt) {
    this.#sumsAt = sumsAt;
  }

  /** Before the diff is applied. Tells of each second the diff ends, from `open_from` on, in order. */
  onDiff(diff: DepthDiffEvent, open_from: UnixSec, take: TakeSums): void {
    const sec = secondOf(diff.ts_us);
    const since = this.#newest && secondOf(this.#newest.ts_us);
    if (since !== undefined && sec < since) return;
    this.#newest = diff;
    if (since === undefined || sec === since) return;
    const sums = this.#sumsAt(diff.first_update_id - 1);
    if (!sums) return;
    for (let over = Math.max(since, open_from); over < sec; over++) this.#tell(over, sums, take);
  }

  /** Before `sec` closes. Tells of it where no diff of a later second has come to do so. */
  onClose(sec: UnixSec, take: TakeSums): void {
    const newest = this.#newest;
    if (newest === undefined || secondOf(newest.ts_us) > sec) return;
    const sums = this.#sumsAt(newest.last_update_id);
    if (sums) this.#tell(sec, sums, take);
  }

  /** Diffs may be missing from here on: the book before says nothing of the seconds after. */
  onBreak(): void {
    this.#newest = undefined;
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
