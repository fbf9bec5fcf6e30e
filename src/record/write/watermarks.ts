/**
 * How far the database holds everything of a table. No row of a closed second follows (or it is marked
 * late, and no bar holds it), so once all rows given before a close are in the database, the seconds before it are
 * complete there, with other rows still on their way. Bars are refreshed up to this point and no further.
 *
 * Per symbol, and the lowest counts: a continuous aggregate has one threshold for all symbols.
 */

import type { Clock } from "../../base/clock.ts";
import { type Micros, US_PER_SEC } from "../../base/units.ts";

export type Source = "trades" | "quotes";

/** What the watermark of a table is read from. */
export interface Delivered {
  /** Rows given so far. */
  given(source: Source): number;
  /** Whether the first `given` rows, and all that earlier runs left, have been settled. */
  isThrough(source: Source, given: number): boolean;
}

interface Close {
  readonly us: Micros;
  readonly given: Readonly<Record<Source, number>>;
}

interface Progress {
  /** Closes whose rows are not all known to be in the database, oldest first. */
  readonly closes: Close[];
  through_us: number;
}

/** A symbol whose seconds stopped closing this long ago no longer holds the others up. */
const STALLED_US = 30 * US_PER_SEC;
/**
 * Closes kept per symbol; beyond it every other one is dropped, which makes the watermark coarser, not wrong.
 */
const CLOSES_MAX = 4_096;
const SOURCES: readonly Source[] = ["trades", "quotes"];

export class Watermarks {
  readonly #clock: Clock;
  readonly #delivered: Delivered;
  readonly #symbols = new Map<string, { closed_us: number; progress: Record<Source, Progress> }>();

  constructor(clock: Clock, delivered: Delivered) {
    this.#clock = clock;
    this.#delivered = delivered;
  }

  /** The seconds of `symbol` before `us` are closed, and their rows have been given. */
  closed(symbol: string, us: Micros): void {
    const known = this.#symbols.get(symbol) ?? {
      closed_us: 0,
      progress: { trades: begun(), quotes: begun() },
    };
    this.#symbols.set(symbol, known);
    known.closed_us = this.#clock.monotonicUs();
    const given = { trades: this.#delivered.given("trades"), quotes: this.#delivered.given("quotes") };
    for (const source of SOURCES) {
      const { closes } = known.progress[source];
      const last = closes.at(-1);
      if (last && last.us >= us) continue;
      // Nothing came since: the later close holds for the same rows.
      if (last && last.given[source] === given[source]) closes.pop();
      closes.push({ us, given });
      if (closes.length > CLOSES_MAX)
        closes.splice(0, closes.length, ...closes.filter((_, i) => i % 2 === 1));
    }
  }

  /**
   * Exchange time before which everything of `source` is in the database; ∞ where nothing is on its way, −∞ where
   * nothing is known yet.
   */
  through(source: Source): number {
    const now_us = this.#clock.monotonicUs();
    let lowest_us = Number.POSITIVE_INFINITY;
    for (const { closed_us, progress } of this.#symbols.values()) {
      const { closes } = progress[source];
      const reached = progress[source];
      while (closes[0] && this.#delivered.isThrough(source, closes[0].given[source])) {
        reached.through_us = closes.shift()!.us;
      }
      const stalled = closes.length === 0 && now_us - closed_us > STALLED_US;
      if (!stalled) lowest_us = Math.min(lowest_us, reached.through_us);
    }
    if (lowest_us < Number.POSITIVE_INFINITY) return lowest_us;
    // No symbol's seconds are closing: only what has been given, or was left by an earlier run, can be on its way.
    const idle = this.#delivered.isThrough(source, this.#delivered.given(source));
    return idle ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
}

const begun = (): Progress => ({ closes: [], through_us: Number.NEGATIVE_INFINITY });
