import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Int64 } from "../../src/base/units.ts";
import { OrderBook } from "../../src/book/order_book.ts";
import { BOOK_MOVES, BookSequencer, type SyncReason } from "../../src/book/sequencer.ts";
import { diff, snapshot } from "./events.ts";

function sequencerOf(buffer_events_max?: number) {
  const asked: [SyncReason, number][] = [];
  const updates: number[] = [];
  const sequencer = new BookSequencer({
    symbol: "BTCUSDT",
    requestSnapshot: (reason, attempt) => asked.push([reason, attempt]),
    onUpdate: (book) => updates.push(book.update_id!),
    ...(buffer_events_max === undefined ? {} : { buffer_events_max }),
  });
  return { sequencer, asked, updates };
}

/** In step at update 20. */
function synced() {
  const all = sequencerOf();
  all.sequencer.onDiff(diff(15, 20, [99, 3]));
  all.sequencer.onSnapshot(snapshot(17, [98, 1], [101, 1]));
  return all;
}

const bids = (sequencer: BookSequencer): Int64[] => [...sequencer.book.depth(99).bids];

describe("BookSequencer", () => {
  it("asks for a snapshot at the first diff, not before, and once", () => {
    const { sequencer, asked } = sequencerOf();
    expect(sequencer.state).toEqual({ name: "idle" });
    expect(asked).toEqual([]);
    sequencer.onDiff(diff(10, 12));
    sequencer.onDiff(diff(13, 14));
    expect(asked).toEqual([["first_diff", 1]]);
    expect(sequencer.state).toEqual({ name: "waiting_snapshot", reason: "first_diff", attempt: 1 });
    expect(sequencer.book.best()).toBeUndefined();
  });

  it("drops the diffs that end at or before the snapshot and applies all later ones", () => {
    const { sequencer, updates } = sequencerOf();
    sequencer.onDiff(diff(10, 12, [50, 1]));
    sequencer.onDiff(diff(13, 14, [60, 1]));
    sequencer.onDiff(diff(15, 15, [70, 1]));
    sequencer.onSnapshot(snapshot(13, [40, 1], [101, 1]));
    expect(bids(sequencer)).toEqual([70, 1, 60, 1, 40, 1]);
    expect(sequencer.book.update_id).toBe(15 as never);
    expect(sequencer.state).toEqual({ name: "synced", snapshot_update_id: 13 } as never);
    expect(updates).toEqual([15]);
  });

  it("takes a snapshot newer than all diffs, and one just before the first", () => {
    const newer = sequencerOf().sequencer;
    newer.onDiff(diff(10, 12, [50, 1]));
    newer.onSnapshot(snapshot(99, [40, 1], [101, 1]));
    expect([newer.state.name, bids(newer)]).toEqual(["synced", [40, 1]]);
    const adjoining = sequencerOf().sequencer;
    adjoining.onDiff(diff(10, 12, [50, 1]));
    adjoining.onSnapshot(snapshot(9, [40, 1], [101, 1]));
    expect([adjoining.state.name, bids(adjoining)]).toEqual(["synced", [50, 1, 40, 1]]);
  });

  it("asks again, saying how often, where the snapshot is older than the first diff", () => {
    const { sequencer, asked } = sequencerOf();
    sequencer.onDiff(diff(10, 12));
    sequencer.onSnapshot(snapshot(8, [40, 1], [101, 1]));
    expect(sequencer.book.best()).toBeUndefined();
    sequencer.onSnapshot(snapshot(8, [40, 1], [101, 1]));
    expect(asked).toEqual([
      ["first_diff", 1],
      ["snapshot_too_old", 2],
      ["snapshot_too_old", 3],
    ]);
    sequencer.onSnapshot(snapshot(11, [40, 1], [101, 1]));
    expect(sequencer.state.name).toBe("synced");
    expect(sequencer.counters).toMatchObject({ snapshots_asked: 3, snapshots_too_old: 2, syncs: 1 });
  });

  it("applies the diff that starts where the last one ended, and one that overlaps it", () => {
    const { sequencer, updates } = synced();
    sequencer.onDiff(diff(21, 25, [97, 1]));
    sequencer.onDiff(diff(24, 30, [96, 1]));
    expect(bids(sequencer)).toEqual([99, 3, 98, 1, 97, 1, 96, 1]);
    expect(updates).toEqual([20, 25, 30]);
  });

  it("ignores and counts a diff seen before", () => {
    const { sequencer } = synced();
    sequencer.onDiff(diff(15, 20, [99, 0]));
    expect(bids(sequencer)).toEqual([99, 3, 98, 1]);
    expect(sequencer.counters).toMatchObject({ diffs: 2, diffs_applied: 1, diffs_old: 1, gaps: 0 });
  });

  it("resyncs after a gap and drops nothing older than the snapshot", () => {
    const { sequencer, asked, updates } = synced();
    sequencer.onDiff(diff(22, 23, [97, 1]));
    expect(sequencer.state).toEqual({ name: "waiting_snapshot", reason: "gap", attempt: 1 });
    expect(sequencer.book.best()).toBeUndefined();
    expect(sequencer.counters.gaps).toBe(1);
    expect(sequencer.last_error?.code).toBe("BOOK_SEQUENCE_GAP");
    expect(sequencer.last_error?.details).toEqual({ missing: 1 });
    sequencer.onDiff(diff(24, 26, [96, 1]));
    sequencer.onSnapshot(snapshot(22, [90, 1], [101, 1]));
    expect(bids(sequencer)).toEqual([97, 1, 96, 1, 90, 1]);
    expect(asked.at(-1)).toEqual(["gap", 1]);
    expect(updates).toEqual([20, 26]);
  });

  it("starts its waiting afresh where the diffs kept have a gap between them", () => {
    const { sequencer } = sequencerOf();
    sequencer.onDiff(diff(10, 12, [50, 1]));
    sequencer.onDiff(diff(14, 15, [60, 1]));
    expect(sequencer.counters.gaps).toBe(1);
    sequencer.onSnapshot(snapshot(12, [40, 1], [101, 1]));
    expect(sequencer.state).toMatchObject({ name: "waiting_snapshot", reason: "snapshot_too_old" });
    sequencer.onSnapshot(snapshot(13, [40, 1], [101, 1]));
    expect(bids(sequencer)).toEqual([60, 1, 40, 1]);
  });

  it("keeps no more diffs than allowed, and then starts over from the newest", () => {
    const { sequencer, asked } = sequencerOf(3);
    for (let id = 1; id <= 4; id++) sequencer.onDiff(diff(id, id, [id, 1]));
    expect(sequencer.counters.buffer_overflows).toBe(1);
    expect(asked.at(-1)).toEqual(["buffer_full", 2]);
    sequencer.onSnapshot(snapshot(2, [], [101, 1]));
    expect(sequencer.state.name).toBe("waiting_snapshot");
    sequencer.onSnapshot(snapshot(3, [3, 1], [101, 1]));
    expect(bids(sequencer)).toEqual([4, 1, 3, 1]);
  });

  it("gives up a crossed book and asks for a snapshot that follows the diff which crossed it", () => {
    const { sequencer, updates } = synced();
    sequencer.onDiff(diff(21, 21, [101, 1]));
    expect(sequencer.state).toEqual({ name: "waiting_snapshot", reason: "crossed", attempt: 1 });
    expect(sequencer.last_error?.code).toBe("BOOK_CROSSED");
    expect(updates).toEqual([20]);
    sequencer.onSnapshot(snapshot(21, [101, 1], [102, 1]));
    expect(sequencer.state.name).toBe("synced");
  });

  it("never comes into step with a snapshot that is itself crossed", () => {
    const { sequencer } = sequencerOf();
    sequencer.onDiff(diff(10, 12));
    sequencer.onDiff(diff(13, 13));
    sequencer.onSnapshot(snapshot(12, [101, 1], [101, 1]));
    expect(sequencer.state).toMatchObject({ name: "waiting_snapshot", reason: "crossed" });
    sequencer.onSnapshot(snapshot(12, [100, 1], [101, 1]));
    expect(sequencer.book.update_id).toBe(13 as never);
  });

  it("starts over after a disconnect, and ignores an answer to a question from before it", () => {
    const { sequencer, asked } = synced();
    sequencer.onDisconnect();
    sequencer.onDisconnect();
    expect(sequencer.state).toEqual({ name: "idle" });
    expect(sequencer.book.best()).toBeUndefined();
    sequencer.onSnapshot(snapshot(30, [1, 1], [2, 1]));
    expect(sequencer.counters.snapshots_ignored).toBe(1);
    sequencer.onDiff(diff(40, 41));
    expect(asked.at(-1)).toEqual(["first_diff", 1]);
  });

  it("repeats its request when no answer will come, while one is needed", () => {
    const { sequencer, asked } = sequencerOf();
    sequencer.askAgain();
    sequencer.onDiff(diff(10, 12));
    sequencer.askAgain();
    sequencer.onSnapshot(snapshot(12, [1, 1], [2, 1]));
    sequencer.askAgain();
    expect(asked).toEqual([
      ["first_diff", 1],
      ["asked_again", 2],
    ]);
  });

  it("in step, always equals the exchange's book, whatever is lost, repeated or cut on the way", () => {
    // The exchange: update i sets one level. The wire: diffs of several updates, some lost, some twice.
    const update = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 }));
    const fate = fc.oneof(
      { arbitrary: fc.constant("sent" as const), weight: 12 },
      { arbitrary: fc.constantFrom("lost", "twice", "disconnect", "answer"), weight: 3 },
    );
    const run = fc.array(fc.tuple(fc.array(update, { minLength: 1, maxLength: 4 }), fate), { maxLength: 80 });
    const property = fc.property(run, (steps) => {
      const exchange = new OrderBook();
      exchange.applySnapshot(snapshot(1, [50, 1], [51, 1]));
      let wanted = 0;
      const sequencer = new BookSequencer({ symbol: "BTCUSDT", requestSnapshot: () => (wanted += 1) });
      const answer = (): void => {
        if (wanted === 0) return;
        wanted = 0;
        const { bids, asks } = exchange.depth(1_000);
        sequencer.onSnapshot(snapshot(exchange.update_id!, bids, asks));
      };
      for (const [updates, fate] of steps) {
        const first = exchange.update_id! + 1;
        // Bids below 50, asks above 51: the exchange's own book is never crossed.
        const flat = (is_bid: boolean) =>
          updates
            .filter(([bid]) => bid === is_bid)
            .flatMap(([, offset, qty]) => [is_bid ? 50 - offset : 51 + offset, qty]);
        const event = diff(first, first + updates.length - 1, flat(true), flat(false));
        exchange.applyDiff(event);
        if (fate === "answer") answer();
        if (fate === "disconnect") sequencer.onDisconnect();
        if (fate !== "lost") sequencer.onDiff(event);
        if (fate === "twice") sequencer.onDiff(event);
        if (sequencer.state.name === "synced" && fate !== "lost") {
          expect(sequencer.book.update_id).toBe(exchange.update_id);
          expect(sequencer.book.depth(1_000)).toEqual(exchange.depth(1_000));
        }
      }
      answer();
      answer();
      if (sequencer.state.name !== "idle") {
        sequencer.onDiff(diff(exchange.update_id! + 1, exchange.update_id! + 1));
        answer();
        expect(sequencer.state.name).toBe("synced");
        expect(sequencer.book.depth(1_000)).toEqual(exchange.depth(1_000));
      }
    });
    fc.assert(property, { numRuns: 400 });
  });

  it("moves only as its table allows, which leads from every state to every other", () => {
    expect(Object.keys(BOOK_MOVES).sort()).toEqual(["idle", "synced", "waiting_snapshot"]);
    expect(BOOK_MOVES.idle).not.toContain("synced");
    expect(BOOK_MOVES.synced).not.toContain("synced");
  });
});
