/**
 * Tells a step back of the exchange's clock from rows that are late: after a step every row of every stream comes
 * later by as much, while among late rows some are on time. One row on time ends the run.
 */

import { US_PER_SEC } from "../../base/units.ts";

const NONE = Number.POSITIVE_INFINITY;
/** A row whose delay exceeds the learnt offset by more than this is late (µs). */
export const LATE_US = US_PER_SEC;
/** A run of late rows is a step from so many rows on, over so long (rows; µs of receive time). A stall's rows come at once. */
const ROWS_MIN = 8;
const LENGTH_US_MIN = 2 * US_PER_SEC;

export class LateRun {
  /** Smallest delay of the run, by stream; ∞ where the stream has not spoken in it. */
  readonly least_us: Float64Array;
  #rows = 0;
  #begun_us = NONE;

  constructor(streams: number) {
    this.least_us = new Float64Array(streams).fill(NONE);
  }

  /** A row on time has come, or the offset has been learnt again. */
  end(): void {
    if (this.#rows === 0) return;
    this.#rows = 0;
    this.least_us.fill(NONE);
  }

  /** A late row has come. Returns whether the run is too long to be chance; which streams agree is in `least_us`. */
  add(index: number, delay_us: number, received_us: number): boolean {
    if (this.#rows++ === 0) this.#begun_us = received_us;
    if (delay_us < this.least_us[index]!) this.least_us[index] = delay_us;
    return this.#rows >= ROWS_MIN && received_us - this.#begun_us >= LENGTH_US_MIN;
  }

  /** The local clock was set. */
  shift(delta_us: number): void {
    for (let index = 0; index < this.least_us.length; index++) this.least_us[index]! += delta_us;
    this.#begun_us += delta_us;
  }
}
