/**
 * How long a stream may be silent before that is unusual, learnt from its own pauses. Of every stretch of time the
 * longest pause is kept; a multiple of what nearly all of them stay below is the patience. A few outages among
 * many stretches do not move it.
 *
 * A stream that has just begun is judged by the little there is: six short stretches in each of which it delivered, and
 * a larger multiple of the longest of all its pauses. One burst is one stretch and teaches nothing.
 */

import { US_PER_MS } from "../../base/units.ts";

export interface PatienceBounds {
  /** The shortest patience (ms). */
  readonly floor_ms: number;
  /** The longest patience; also before enough is known (ms). */
  readonly ceiling_ms: number;
}

/** The patience an earlier run had learnt, by `<symbol>@<stream>` (µs). */
export type LearntPatience = ReadonlyMap<string, number>;

/** Length of a stretch (µs). */
const STRETCH_US = 2_000_000;
/** Stretches kept: some minutes of a busy stream. */
const KEPT = 128;
/** Stretches after which what was learnt counts. */
const ENOUGH = 3;
/** Length of the short stretches a stream is judged by before that (µs), and how many of them it takes. */
const EARLY_STRETCH_US = 250_000;
const EARLY_ENOUGH = 6;
/** A silence is unusual by then beyond so many of the longest pause. */
const EARLY_TIMES = 8;
/** This share of the longest pauses stays below the usual one. */
const SHARE = 0.9;
/** A silence is unusual beyond so many usual pauses. */
const TIMES = 4;

export class Patience {
  readonly #floor_us: number;
  readonly #ceiling_us: number;
  readonly #longest = new Float64Array(KEPT);
  #stretches = 0;
  /** Of how many stretches `#patience_us` has been learnt. */
  #learnt = 0;
  #longest_us = 0;
  #stretch_end_us = Number.NEGATIVE_INFINITY;
  #patience_us: number;
  #early_stretches = 0;
  #early_longest_us = 0;
  #early_end_us = Number.NEGATIVE_INFINITY;
  readonly #before_us: number | undefined;

  /** @param before_us what an earlier run had learnt (µs): it counts until this one has. */
  constructor({ floor_ms, ceiling_ms }: PatienceBounds, before_us?: number) {
    this.#before_us = before_us;
    this.#floor_us = Math.min(floor_ms, ceiling_ms) * US_PER_MS;
    this.#ceiling_us = ceiling_ms * US_PER_MS;
    this.#patience_us = this.#ceiling_us;
  }

  /** Learnt when it is asked for: looks are rarer than stretches are. */
  get us(): number {
    if (this.#stretches < ENOUGH) return this.#early();
    if (this.#learnt !== this.#stretches) this.#learn();
    return this.#patience_us;
  }

  /** What the stream itself has taught; undefined before enough is known. */
  get learnt_us(): number | undefined {
    return this.#stretches < ENOUGH ? undefined : this.us;
  }

  /** The stream delivered at `now_us`, `pause_us` after its last event. */
  observe(pause_us: number, now_us: number): void {
    if (this.#stretches < ENOUGH) this.#observeEarly(pause_us, now_us);
    if (pause_us > this.#longest_us) this.#longest_us = pause_us;
    if (now_us < this.#stretch_end_us) return;
    if (this.#stretch_end_us > 0) this.#longest[this.#stretches++ % KEPT] = this.#longest_us;
    this.#longest_us = 0;
    this.#stretch_end_us = now_us + STRETCH_US;
  }

  #observeEarly(pause_us: number, now_us: number): void {
    if (pause_us > this.#early_longest_us) this.#early_longest_us = pause_us;
    if (now_us < this.#early_end_us) return;
    this.#early_stretches += 1;
    this.#early_end_us = now_us + EARLY_STRETCH_US;
  }

  #early(): number {
    if (this.#before_us !== undefined) return this.#within(this.#before_us);
    // The first event ends no stretch.
    if (this.#early_stretches <= EARLY_ENOUGH) return this.#ceiling_us;
    return this.#within(EARLY_TIMES * this.#early_longest_us);
  }

  #learn(): void {
    this.#learnt = this.#stretches;
    const known = this.#longest.slice(0, Math.min(this.#stretches, KEPT)).sort();
    const usual_us = known[Math.ceil(known.length * SHARE) - 1]!;
    this.#patience_us = this.#within(TIMES * usual_us);
  }

  #within(patience_us: number): number {
    return Math.min(this.#ceiling_us, Math.max(this.#floor_us, patience_us));
  }
}
