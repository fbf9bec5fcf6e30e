/**
 * What a new connection has sent while the old one still feeds. Its frames are held back, not mixed in: two
 * connections are never equally far, and whichever is ahead would make the other's events look old, or open a
 * gap in the book. Once the old one has delivered up to where the new one began, on every stream, the held
 * frames follow on without a hole, and what both sent is dropped by id.
 */

import type { Micros } from "../../base/units.ts";
import type { MarketEvent } from "../events.ts";
import type { Continuity } from "./continuity.ts";
import { FrameReader } from "./reader.ts";
import type { StreamMark } from "./stream_mark.ts";

export interface HeldFrame {
  readonly frame: Uint8Array;
  readonly received_us: Micros;
}

export class Overlap {
  readonly frames: HeldFrame[] = [];
  readonly #continuity: Continuity;
  /** Reads the held frames for their ids only; what they say counts when they are delivered. */
  readonly #scout: FrameReader;
  /** By mark: the first id the new connection sent, −1 before. */
  readonly #first_ids: Float64Array;

  constructor(continuity: Continuity, symbols: readonly string[]) {
    this.#continuity = continuity;
    this.#scout = new FrameReader({ symbols });
    this.#first_ids = new Float64Array(continuity.marks.length).fill(-1);
  }

  hold(frame: Uint8Array, received_us: Micros): void {
    this.frames.push({ frame, received_us });
    this.#scout.read(frame, received_us, this.#note);
  }

  /** Every stream has begun here, and the old connection has come up to its beginning. */
  caughtUp(): boolean {
    return this.#continuity.marks.every((mark) => this.#hasBegun(mark) && this.#follows(mark));
  }

  /** The streams that are silent on the old connection deliver here, and the others lose nothing. */
  replacesSilent(): boolean {
    return this.#continuity.marks.every((mark) => (mark.stale ? this.#hasBegun(mark) : this.#follows(mark)));
  }

  /** Whether taking over now would lose events of this stream. */
  leavesHole(mark: StreamMark): boolean {
    if (mark.last_id < 0 || !this.#hasBegun(mark)) return false;
    // Ids are whole numbers that rise: nothing can be between one and the next, be it trade, quote or diff.
    return this.#first_ids[mark.index]! > mark.last_id + 1;
  }

  /** Streams the old connection has delivered on since the new one subscribed, and the new one not. */
  withheld(subscribed_at_us: number): StreamMark[] {
    return this.#continuity.marks.filter(
      (mark) => !this.#hasBegun(mark) && mark.last_seen_us > subscribed_at_us,
    );
  }

  /** A silent stream's old connection comes up to nothing: the hole is there already. */
  #follows(mark: StreamMark): boolean {
    return mark.stale || !this.leavesHole(mark);
  }

  #hasBegun(mark: StreamMark): boolean {
    return this.#first_ids[mark.index]! >= 0;
  }

  readonly #note = (event: MarketEvent): void => {
    const mark = this.#continuity.markOf(event);
    if (mark && !this.#hasBegun(mark)) this.#first_ids[mark.index] = firstIdOf(event);
  };
}

/** The id an event continues from. */
function firstIdOf(event: MarketEvent): number {
  switch (event.kind) {
    case "trade":
      return event.trade_id;
    case "depth_diff":
      return event.first_update_id;
    case "quote":
    case "depth_snapshot":
      return event.update_id;
    case "disconnect":
      return -1;
  }
}
