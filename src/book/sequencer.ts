/**
 * Keeps an order book in step with the exchange, by Binance's rules: take diffs while a snapshot is fetched,
 * apply the ones that follow it, then check that every diff starts where the one before it ended.
 * https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#how-to-manage-a-local-order-book-correctly
 *
 * The sequencer asks for a snapshot and does not wait: the caller passes the answer to `onSnapshot`, at
 * any later time. An answer that is too old leads to another request. One that is no longer needed is
 * ignored.
 */

import { assert, ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { UpdateId } from "../base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent } from "../binance/events.ts";
import { OrderBook } from "./order_book.ts";

/** Why a snapshot is wanted. */
export type SyncReason =
  | "first_diff"
  | "snapshot_too_old"
  | "gap"
  | "crossed"
  | "buffer_full"
  | "asked_again";

export type BookState =
  /** Nothing has come since the start or the last disconnect. The book is empty. */
  | { readonly name: "idle" }
  /** Diffs are kept; a snapshot has been asked for `attempt` times since the book was last in step. */
  | { readonly name: "waiting_snapshot"; readonly reason: SyncReason; readonly attempt: number }
  /** The book is the exchange's, as of its `update_id`. */
  | { readonly name: "synced"; readonly snapshot_update_id: UpdateId };

/** From each state, where it may go. */
export const BOOK_MOVES = {
  idle: ["waiting_snapshot"],
  waiting_snapshot: ["waiting_snapshot", "synced", "idle"],
  synced: ["waiting_snapshot", "idle"],
} as const satisfies Record<BookState["name"], readonly BookState["name"][]>;

export interface SequencerCounters {
  diffs: number;
  diffs_applied: number;
  /** Diffs that end at or before the book's update: seen before, ignored. */
  diffs_old: number;
  /** Times a diff started later than the one before it ended. */
  gaps: number;
  /** Times the book was crossed. */
  crossed: number;
  /** Times more diffs came than are kept for a snapshot. */
  buffer_overflows: number;
  snapshots_asked: number;
  snapshots_too_old: number;
  /** Snapshots that came when none was wanted. */
  snapshots_ignored: number;
  /** Times the book came into step. */
  syncs: number;
}

export interface SequencerOptions {
  readonly symbol: string;
  readonly book?: OrderBook;
  /**
   * Asks for a REST snapshot; `attempt` counts from 1, so that the caller can wait longer each time. Must not
   * answer before it returns. A request that failed may be repeated by its owner or reported by `askAgain`.
   */
  readonly requestSnapshot: (reason: SyncReason, attempt: number) => void;
  /** After each update of the book that left it in step: the snapshot with its diffs, then every diff. */
  readonly onUpdate?: (book: OrderBook) => void;
  readonly buffer_events_max?: number;
}

export class BookSequencer {
  readonly book: OrderBook;
  readonly counters: SequencerCounters = {
    diffs: 0,
    diffs_applied: 0,
    diffs_old: 0,
    gaps: 0,
    crossed: 0,
    buffer_overflows: 0,
    snapshots_asked: 0,
    snapshots_too_old: 0,
    snapshots_ignored: 0,
    syncs: 0,
  };
  /** BOOK_SEQUENCE_GAP or BOOK_CROSSED: why the book was last discarded. */
  last_error: ForetickError | undefined;
  readonly #options: SequencerOptions;
  readonly #buffer_events_max: number;
  #state: BookState = { name: "idle" };
  /** Without gaps, oldest first. */
  #buffer: DepthDiffEvent[] = [];

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.book = options.book ?? new OrderBook();
    this.#buffer_events_max = options.buffer_events_max ?? LIMITS.book_buffer_events_max;
  }

  get state(): BookState {
    return this.#state;
  }

  /** The next diff of the stream. */
  onDiff(event: DepthDiffEvent): void {
    this.counters.diffs += 1;
    if (this.#state.name !== "synced") this.#keep(event);
    else if (this.#follow(event)) this.#options.onUpdate?.(this.book);
  }

  /** A REST snapshot, asked for or not. */
  onSnapshot(snapshot: DepthSnapshotEvent): void {
    if (this.#state.name !== "waiting_snapshot") {
      this.counters.snapshots_ignored += 1;
      return;
    }
    const first = this.#buffer[0];
    if (first && snapshot.update_id + 1 < first.first_update_id) {
      this.counters.snapshots_too_old += 1;
      this.#ask("snapshot_too_old");
      return;
    }
    this.#sync(snapshot);
  }

  /** The snapshot asked for will not come: asks once more, where it is still wanted. */
  askAgain(): void {
    if (this.#state.name === "waiting_snapshot") this.#ask("asked_again");
  }

  /** The diffs stop being continuous: the book is emptied, and the next diff starts a new sync. */
  onDisconnect(): void {
    this.book.clear();
    this.#buffer = [];
    if (this.#state.name !== "idle") this.#moveTo({ name: "idle" });
  }

  #sync(snapshot: DepthSnapshotEvent): void {
    const kept = this.#buffer.filter((event) => event.last_update_id > snapshot.update_id);
    this.#buffer = [];
    this.book.applySnapshot(snapshot);
    this.#moveTo({ name: "synced", snapshot_update_id: snapshot.update_id });
    if (this.book.crossed) this.#giveUpCrossed(undefined);
    for (const event of kept) {
      if (this.#state.name === "synced") this.#follow(event);
      else this.#keep(event);
    }
    if (this.#state.name !== "synced") return;
    this.counters.syncs += 1;
    this.#options.onUpdate?.(this.book);
  }

  /** Applies a diff to the book in step; false where it was not applied, or the book was discarded. */
  #follow(event: DepthDiffEvent): boolean {
    const { update_id } = this.book;
    assert(update_id !== undefined, "a book in step has applied an update");
    if (event.last_update_id <= update_id) {
      this.counters.diffs_old += 1;
      return false;
    }
    if (event.first_update_id > update_id + 1) {
      this.#giveUp("gap", this.#gapError(update_id, event), event);
      return false;
    }
    this.book.applyDiff(event);
    this.counters.diffs_applied += 1;
    if (!this.book.crossed) return true;
    this.#giveUpCrossed(event);
    return false;
  }

  /** Keeps a diff until there is a snapshot for it to follow. */
  #keep(event: DepthDiffEvent): void {
    const newest = this.#buffer.at(-1);
    if (newest && event.last_update_id <= newest.last_update_id) {
      this.counters.diffs_old += 1;
      return;
    }
    if (newest && event.first_update_id > newest.last_update_id + 1) {
      // What came before the gap can follow no snapshot that this diff can follow too.
      this.last_error = this.#gapError(newest.last_update_id, event);
      this.#buffer = [];
    }
    if (this.#buffer.length >= this.#buffer_events_max) {
      this.counters.buffer_overflows += 1;
      this.#buffer = [event];
      this.#ask("buffer_full");
      return;
    }
    this.#buffer.push(event);
    if (this.#state.name === "idle") this.#ask("first_diff");
  }

  #giveUpCrossed(event: DepthDiffEvent | undefined): void {
    this.counters.crossed += 1;
    const { symbol } = this.#options;
    const { update_id } = this.book;
    const touch = this.book.best();
    const message = `book of ${symbol} expected bid < ask at update ${update_id}, was ${touch?.bid_price_e8} ≥ ${touch?.ask_price_e8} (1e-8)`;
    this.#giveUp("crossed", new ForetickError("BOOK_CROSSED", message), event);
  }

  #giveUp(reason: SyncReason, error: ForetickError, event: DepthDiffEvent | undefined): void {
    this.last_error = error;
    this.book.clear();
    this.#buffer = event ? [event] : [];
    this.#ask(reason);
  }

  #gapError(update_id: number, event: DepthDiffEvent): ForetickError {
    this.counters.gaps += 1;
    const { symbol } = this.#options;
    return new ForetickError(
      "BOOK_SEQUENCE_GAP",
      `diff of ${symbol} expected to start at update ${update_id + 1} or before, was ${event.first_update_id}`,
      { details: { missing: event.first_update_id - update_id - 1 } },
    );
  }

  #ask(reason: SyncReason): void {
    const attempt = this.#state.name === "waiting_snapshot" ? this.#state.attempt + 1 : 1;
    this.#moveTo({ name: "waiting_snapshot", reason, attempt });
    this.counters.snapshots_asked += 1;
    this.#options.requestSnapshot(reason, attempt);
  }

  #moveTo(next: BookState): void {
    const moves: readonly BookState["name"][] = BOOK_MOVES[this.#state.name];
    assert(moves.includes(next.name), `a book may not go from ${this.#state.name} to ${next.name}`);
    this.#state = next;
  }
}
