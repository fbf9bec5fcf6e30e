/**
 * The order book of a tape: in step from the snapshot the tape begins with. A tape holds no later one, so after a
 * gap in its diffs the book's features are null to its end.
 */

import { micros, updateId } from "../../base/units.ts";
import type { TapeHeader } from "../../binance/capture/tape_format.ts";
import { BookSequencer } from "../../book/sequencer.ts";
import { type LaneBook, laneBook } from "../../predict/lane/book_seconds.ts";

export class TapeBook {
  readonly #sequencer: BookSequencer;
  readonly #header: TapeHeader;
  #wanted = false;

  constructor(header: TapeHeader) {
    this.#header = header;
    const { symbol } = header;
    this.#sequencer = new BookSequencer({ symbol, requestSnapshot: (reason) => this.#onAsked(reason) });
  }

  get book(): LaneBook {
    return laneBook(this.#sequencer);
  }

  /** Answers what the book has asked for; call it after each frame. */
  answer(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    const { symbol, start_us, snapshot } = this.#header;
    this.#sequencer.onSnapshot({
      ...{ kind: "depth_snapshot", symbol, ts_us: micros(0), received_us: micros(start_us) },
      ...{ update_id: updateId(snapshot.last_update_id), bids: snapshot.bids, asks: snapshot.asks },
    });
  }

  #onAsked(reason: string): void {
    this.#wanted = reason === "first_diff";
  }
}
