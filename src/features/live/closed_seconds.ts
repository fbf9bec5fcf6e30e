/**
 * The seconds that have closed, one after the other without a gap: each moves the compiled sets on by one instant and
 * gives their vectors as of its end.
 */

import { type Micros, micros, type UnixSec, unixSec } from "../../base/units.ts";
import { COLUMN_INDEX } from "../algebra/columns.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import type { FeatureVector } from "../vector.ts";
import type { SecondBar } from "./bar.ts";
import type { BlockQuantiles } from "./block.ts";
import { Instant } from "./instant.ts";
import type { KnownData } from "./known_data.ts";
import { LivePlan } from "./plan.ts";
import { RecentQuotes } from "./recent.ts";

export class ClosedSeconds {
  readonly recent = new RecentQuotes();
  readonly #symbol: string;
  readonly #sets: readonly FeatureSet[];
  readonly #known: KnownData;
  readonly #instant = new Instant();
  readonly #plan: LivePlan;

  constructor(symbol: string, sets: readonly FeatureSet[], known: KnownData) {
    this.#symbol = symbol;
    this.#sets = sets;
    this.#known = known;
    this.#plan = new LivePlan(sets, this.#instant);
  }

  /** Trade sizes go in here as they come; one per block length the sets use. */
  get blocks(): readonly BlockQuantiles[] {
    return this.#plan.blocks;
  }

  /** Takes from a bar older than the first second what carries forward. */
  carry(bar: SecondBar): void {
    this.#instant.advance(bar.sec + 1, bar);
  }

  /** Before the first second all was empty: `window_s` empty seconds bring every ring and window into that state. */
  begin(first_sec: number, window_s: number): void {
    for (let t_sec = first_sec - window_s + 1; t_sec <= first_sec; t_sec += 1) {
      this.#instant.advance(t_sec, undefined);
      this.#plan.advance();
    }
  }

  close(sec: number, bar: SecondBar | undefined): void {
    for (const block of this.#plan.blocks) block.closeSecond(sec);
    this.#instant.advance(sec + 1, bar);
    this.#plan.advance();
    this.recent.record(this.#instant);
  }

  /** As of the end of the second closed last, one for each set due then, in the sets' order. */
  vectors(closed_sec: number): readonly FeatureVector[] {
    const ts_sec: UnixSec = unixSec(closed_sec + 1);
    const vectors: FeatureVector[] = [];
    for (let index = 0; index < this.#sets.length; index += 1) {
      const set = this.#sets[index]!;
      if (ts_sec % set.cadence_s !== 0) continue;
      const cold_reason = this.#known.coldReason(set, ts_sec);
      const vector: FeatureVector = {
        symbol: this.#symbol,
        ts_sec,
        feature_set: set.name,
        set_hash: set.hash,
        warm: cold_reason === undefined,
        names: set.names,
        values: this.#plan.values(index),
      };
      vectors.push(cold_reason === undefined ? vector : { ...vector, cold_reason });
    }
    return vectors;
  }

  /** Exchange time of the newest event (µs); undefined before the first. */
  get newest_event_us(): Micros | undefined {
    return this.#instant.newest_us < 0 ? undefined : micros(this.#instant.newest_us);
  }

  /** Price of the last trade (e8); undefined before the first. */
  get close_e8(): number | undefined {
    const close_e8 = this.#instant.numbers[COLUMN_INDEX.close_e8]!;
    return Number.isNaN(close_e8) ? undefined : close_e8;
  }
}
