/**
 * When the breaks of one symbol begin and end: dated where the data ended, not where that was noticed, and ended by the first
 * believed row after them. At most one is open per stream, and one for all streams.
 */

import type { Micros } from "../../base/units.ts";
import type { Row } from "../../binance/belief/stream_checks.ts";
import type { BrokenStream, DisconnectEvent } from "../../binance/events.ts";

const STREAM_OF = {
  trade: "trade",
  quote: "quote",
  depth_diff: "depth",
  depth_snapshot: "depth",
} as const satisfies Record<Row["kind"], BrokenStream>;

type OneStream = Exclude<BrokenStream, "all">;

export const brokenStreamOf = (row: Row): OneStream => STREAM_OF[row.kind];

export class BreakDates {
  /** Newest believed exchange time, by stream (µs); 0 before the first. */
  #trade_us = 0;
  #quote_us = 0;
  #depth_us = 0;
  readonly #open = new Map<BrokenStream, DisconnectEvent>();

  /** The open breaks, in the order they were noticed. */
  get open(): readonly DisconnectEvent[] {
    return [...this.#open.values()];
  }

  /** Why data is not known now; undefined where no break is open. */
  get reason(): string | undefined {
    return this.#open.size === 0 ? undefined : this.#open.values().next().value?.reason;
  }

  isOpen(stream: BrokenStream): boolean {
    return this.#open.has(stream) || this.#open.has("all");
  }

  /** Newest believed exchange time of the stream (µs); 0 before the first. */
  knownUntil(stream: BrokenStream): number {
    if (stream === "trade") return this.#trade_us;
    if (stream === "quote") return this.#quote_us;
    return stream === "depth" ? this.#depth_us : Math.max(this.#trade_us, this.#quote_us, this.#depth_us);
  }

  /**
   * A break is noticed while `first_open_us` is the first exchange time still open. Returns it with its dates;
   * undefined where it is known already.
   */
  begin(noticed: DisconnectEvent, first_open_us: number): DisconnectEvent | undefined {
    const { stream = "all" } = noticed;
    if (this.isOpen(stream)) return undefined;
    const known_us = this.knownUntil(stream);
    const ts_us = (known_us > 0 ? known_us : noticed.ts_us) as Micros; // one of two times
    const noticed_us = Math.max(ts_us, first_open_us) as Micros; // one of two times
    const dated: DisconnectEvent = { ...noticed, stream, ts_us, noticed_us };
    this.#open.set(stream, dated);
    return dated;
  }

  /** The open break of `stream` is one that nothing can fill. */
  neverFilled(stream: BrokenStream): void {
    const event = this.#open.get(stream);
    if (event) this.#open.set(stream, { ...event, fillable: false });
  }

  /** A believed row has come. Returns the breaks it ends, with their ends; nearly always none. */
  onBelieved(row: Row): readonly DisconnectEvent[] {
    const ended = this.#open.size === 0 ? NONE : this.#end(brokenStreamOf(row), row.ts_us);
    const { kind, ts_us } = row;
    if (kind === "quote") {
      if (ts_us > this.#quote_us) this.#quote_us = ts_us;
    } else if (kind === "trade") {
      if (ts_us > this.#trade_us) this.#trade_us = ts_us;
    } else if (ts_us > this.#depth_us) this.#depth_us = ts_us;
    return ended;
  }

  /** Trades are known up to `ts_us` by a look-back: a break of them begins there. It ends none. */
  onLearnt(ts_us: Micros): void {
    if (ts_us > this.#trade_us) this.#trade_us = ts_us;
  }

  #end(stream: OneStream, until_us: Micros): readonly DisconnectEvent[] {
    const ended: DisconnectEvent[] = [];
    for (const [broken, event] of this.#open) {
      // The book alone does not end a break of all: neither trades nor quotes are known by it.
      if (broken !== stream && !(broken === "all" && stream !== "depth")) continue;
      // What comes late, from before the break, ends nothing.
      if (until_us <= event.ts_us) continue;
      this.#open.delete(broken);
      ended.push({ ...event, until_us });
    }
    return ended;
  }
}

const NONE: readonly DisconnectEvent[] = [];
