/**
 * Exact sums of integers past 2^53 without a BigInt an event. A price times a quantity, both at 1e-8, has
 * about 75 bits; the sum of a second's is kept here in three float64 limbs, each proven to stay below 2^53
 * (where float64 arithmetic on integers is exact), and becomes a BigInt once, when the second closes.
 */

const LIMB = 2 ** 26;
/** Weight of `hi` against `lo`, and the size at which a limb hands on its carry. */
const FULL = 2 ** 52;
/** Factors below this take the fast way; larger ones (a price of 11 million) are multiplied as BigInt. */
const FACTOR_MAX = 2 ** 50;

import type { Int64 } from "../../base/units.ts";

/** Σ a·b for integers a, b ≥ 0, exact; a ≤ 2^53 − 1. */
export class ProductSum {
  /** Σ = spill + hi·2^52 + mid·2^26 + lo; lo, mid, hi are integers in [0, 2^52). */
  #lo = 0;
  #mid = 0;
  #hi = 0;
  #spill = 0n;

  add(a: number, b: Int64): void {
    if (typeof b === "bigint" || a >= FACTOR_MAX || b >= FACTOR_MAX) {
      this.#spill += BigInt(a) * BigInt(b);
      return;
    }
    const a_hi = Math.floor(a / LIMB); // < 2^24
    const a_lo = a - a_hi * LIMB; // < 2^26
    const b_hi = Math.floor(b / LIMB);
    const b_lo = b - b_hi * LIMB;
    let hi = this.#hi + a_hi * b_hi; // < 2^52 + 2^48
    let mid = this.#mid + (a_hi * b_lo + a_lo * b_hi); // < 2^52 + 2^51
    let lo = this.#lo + a_lo * b_lo; // < 2^52 + 2^52
    if (lo >= FULL) {
      lo -= FULL;
      hi += 1;
    }
    if (mid >= FULL) {
      mid -= FULL;
      hi += LIMB;
    }
    if (hi >= FULL) {
      this.#spill += BigInt(hi) << 52n;
      hi = 0;
    }
    this.#lo = lo;
    this.#mid = mid;
    this.#hi = hi;
  }

  value(): bigint {
    const low = (BigInt(this.#hi) << 52n) + (BigInt(this.#mid) << 26n) + BigInt(this.#lo);
    return this.#spill === 0n ? low : low + this.#spill;
  }

  clear(): void {
    this.#lo = 0;
    this.#mid = 0;
    this.#hi = 0;
    this.#spill = 0n;
  }
}

/** Σ a for integers a ≥ 0, exact. */
export class IntegerSum {
  #part = 0;
  #spill = 0n;

  add(a: Int64): void {
    if (typeof a === "bigint") {
      this.#spill += a;
      return;
    }
    const next = this.#part + a;
    // A sum above 2^53 − 1 may have been rounded, but never to something at or below it.
    if (next <= Number.MAX_SAFE_INTEGER) {
      this.#part = next;
      return;
    }
    this.#spill += BigInt(this.#part);
    this.#part = a;
  }

  value(): bigint {
    const part = BigInt(this.#part);
    return this.#spill === 0n ? part : part + this.#spill;
  }

  clear(): void {
    this.#part = 0;
    this.#spill = 0n;
  }
}
