/**
 * Where the trades are not known: intervals of exchange time, from the last believed event before a break to the
 * first after it. Nearly always empty; one whose trades have been fetched is not here.
 */

import type { BrokenStream } from "../../binance/events.ts";

interface Unknown {
  readonly stream: BrokenStream;
  readonly from_us: number;
  /** ∞ while the break has not ended. */
  until_us: number;
  readonly reason: string;
}

/** More than a look-back can hold of breaks worth telling apart; beyond it the two oldest become one. */
const KEPT_MAX = 100;

export class UnknownStretches {
  readonly #kept: Unknown[] = [];

  add(stretch: Unknown): void {
    this.#kept.push({ ...stretch });
    if (this.#kept.length <= KEPT_MAX) return;
    const [oldest, next] = this.#kept as [Unknown, Unknown];
    const merged = { ...next, from_us: Math.min(oldest.from_us, next.from_us) };
    this.#kept.splice(0, 2, { ...merged, until_us: Math.max(oldest.until_us, next.until_us) });
  }

  /** The open breaks of `stream` end here; `filled`: nothing is missing after all. */
  end(stream: BrokenStream, until_us: number, filled: boolean): void {
    for (let index = this.#kept.length - 1; index >= 0; index -= 1) {
      const stretch = this.#kept[index]!;
      if (stretch.stream !== stream || stretch.until_us !== Number.POSITIVE_INFINITY) continue;
      if (filled) this.#kept.splice(index, 1);
      else stretch.until_us = until_us;
    }
  }

  /** Why [start_us, end_us) is not all known; undefined where it is. */
  reasonWithin(start_us: number, end_us: number): string | undefined {
    for (const { from_us, until_us, reason } of this.#kept) {
      if (from_us < end_us && until_us >= start_us) return reason;
    }
    return undefined;
  }
}
