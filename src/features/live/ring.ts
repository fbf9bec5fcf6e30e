/**
 * The last values of one expression, one per second, addressed by tick (a count of seconds since the plan
 * began). A power-of-two array: no value is ever moved.
 */

import type { Int64 } from "../../base/units.ts";

const capacityFor = (depth: number): number => 2 ** Math.ceil(Math.log2(depth + 1));

/** Numbers; NaN is null, which is also what the time before the plan began reads as. */
export class NumberRing {
  readonly #values: Float64Array;
  readonly #mask: number;

  /** @param depth how many seconds back it can be asked. */
  constructor(depth: number) {
    this.#values = new Float64Array(capacityFor(depth)).fill(Number.NaN);
    this.#mask = this.#values.length - 1;
  }

  at(tick: number): number {
    return this.#values[tick & this.#mask]!;
  }

  set(tick: number, value: number): void {
    this.#values[tick & this.#mask] = value;
  }
}

/** Integers that may pass 2^53. */
export class WideRing {
  readonly #values: (Int64 | null)[];
  readonly #mask: number;

  constructor(depth: number) {
    this.#values = new Array<Int64 | null>(capacityFor(depth)).fill(null);
    this.#mask = this.#values.length - 1;
  }

  at(tick: number): Int64 | null {
    return this.#values[tick & this.#mask]!;
  }

  set(tick: number, value: Int64 | null): void {
    this.#values[tick & this.#mask] = value;
  }
}
