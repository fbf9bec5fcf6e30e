/**
 * An exchange that begins to count from the start again, as a test network does when it is wiped: from one message
 * on, trade ids and update ids are those of a new numbering, in the streams and in REST alike.
 */

import type { SbeMessage } from "../../binance/sbe/messages.ts";

export class Renumbering {
  #wanted = false;
  #active = false;
  /** What the ids of the new numbering are lower by; undefined until the first of each has come. */
  #trades_by: number | undefined;
  #updates_by: number | undefined;

  /** How much lower trade ids are than before; 0 while there is no new numbering. */
  get trades_by(): number {
    return this.#trades_by ?? 0;
  }

  /** From the next message on. */
  begin(): void {
    this.#wanted = true;
  }

  /** Whether the message is the first of a new numbering: what came before has other ids. */
  takeBeginning(): boolean {
    const begins = this.#wanted;
    if (begins) {
      this.#wanted = false;
      this.#active = true;
      this.#trades_by = undefined;
      this.#updates_by = undefined;
    }
    return begins;
  }

  /** The message as the new numbering has it; itself where there is none. */
  of(message: SbeMessage): SbeMessage {
    if (!this.#active) return message;
    switch (message.kind) {
      case "trades": {
        this.#trades_by ??= Number(message.trades[0]?.id ?? 1) - 1;
        const by = this.#trades_by;
        return { ...message, trades: message.trades.map((one) => ({ ...one, id: Number(one.id) - by })) };
      }
      case "best_bid_ask":
      case "depth_snapshot":
        return { ...message, book_update_id: this.#update(Number(message.book_update_id)) };
      case "depth_diff": {
        const first = this.#update(Number(message.first_book_update_id));
        const last = Number(message.last_book_update_id) - this.#updates_by!;
        return { ...message, first_book_update_id: first, last_book_update_id: last };
      }
    }
  }

  /** Leaves room below the first: updates of the other stream may be a little older. */
  #update(id: number): number {
    this.#updates_by ??= id - 1_000;
    return Math.max(1, id - this.#updates_by);
  }
}
