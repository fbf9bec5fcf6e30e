/**
 * One side of the book: price levels in order, the best one last, so that what changes most often, close to
 * the touch, moves the fewest numbers. Bids are kept by price, asks by negated price: "better" is "greater"
 * on either side.
 */

import { added, type Int64, narrowed } from "../base/units.ts";
import { type Levels, levelsOf } from "../binance/events.ts";

export type Side = "bid" | "ask";

const CAPACITY_MIN = 1_024;
/** Levels looked at one by one from the touch before the search goes over to halving. */
const NEAR = 12;

export class Ladder {
  readonly side: Side;
  /** Levels that did not fit: a full side drops its farthest level. */
  dropped = 0;
  readonly #sign: 1 | -1;
  readonly #levels_max: number;
  #size = 0;
  /**
   * Signed prices, ascending; the quantity of keys[i] is qtys[i], never 0. Quantities are int64 from the first that
   * exceeds 2^53 − 1.
   */
  #keys: Float64Array;
  #qtys: Float64Array | BigInt64Array;

  constructor(side: Side, levels_max: number) {
    this.side = side;
    this.#sign = side === "bid" ? 1 : -1;
    this.#levels_max = levels_max;
    const capacity = Math.min(CAPACITY_MIN, levels_max);
    this.#keys = new Float64Array(capacity);
    this.#qtys = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** 0 where the side is empty; so is the quantity. */
  get best_price_e8(): number {
    return this.#size === 0 ? 0 : this.#sign * this.#keys[this.#size - 1]!;
  }

  get best_qty_e8(): Int64 {
    return this.#size === 0 ? 0 : this.#qtyAt(this.#size - 1);
  }

  /** Sets a level's quantity; 0 removes it, where it is there. */
  set(price_e8: number, qty_e8: Int64): void {
    const key = this.#sign * price_e8;
    const at = this.#find(key);
    const present = at < this.#size && this.#keys[at] === key;
    if (qty_e8 === 0) {
      if (present) this.#remove(at);
    } else if (present) {
      this.#putQty(at, qty_e8);
    } else {
      this.#insert(at, key, qty_e8);
    }
  }

  /** Quantity over the best `n` levels (1e-8), exact. */
  sum(n: number): Int64 {
    let sum: Int64 = 0;
    for (let i = Math.max(0, this.#size - n); i < this.#size; i++) sum = added(sum, this.#qtyAt(i));
    return sum;
  }

  /** The best `n` levels as flat pairs, best first. */
  top(n: number): Levels {
    const count = Math.min(n, this.#size);
    const levels = new Array<Int64>(2 * count);
    for (let i = 0; i < count; i++) {
      levels[2 * i] = this.#sign * this.#keys[this.#size - 1 - i]!;
      levels[2 * i + 1] = this.#qtyAt(this.#size - 1 - i);
    }
    return levelsOf(levels);
  }

  clear(): void {
    this.#size = 0;
  }

  /** The first place whose key is not below `key`. */
  #find(key: number): number {
    const keys = this.#keys;
    let high = this.#size;
    const near_end = Math.max(0, high - NEAR);
    while (high > near_end) {
      if (keys[high - 1]! < key) return high;
      high -= 1;
    }
    let low = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(at: number): void {
    this.#keys.copyWithin(at, at + 1, this.#size);
    this.#qtys.copyWithin(at, at + 1, this.#size);
    this.#size -= 1;
  }

  #qtyAt(at: number): Int64 {
    const qty_e8 = this.#qtys[at]!;
    return typeof qty_e8 === "number" ? qty_e8 : narrowed(qty_e8);
  }

  #putQty(at: number, qty_e8: Int64): void {
    if (typeof qty_e8 === "bigint" && this.#qtys instanceof Float64Array) {
      this.#qtys = BigInt64Array.from(this.#qtys, BigInt);
    }
    if (this.#qtys instanceof Float64Array) this.#qtys[at] = qty_e8 as number;
    else this.#qtys[at] = BigInt(qty_e8);
  }

  #insert(at: number, key: number, qty_e8: Int64): void {
    if (this.#size < this.#levels_max) {
      this.#place(at, key, qty_e8);
      return;
    }
    this.dropped += 1;
    if (at === 0) return;
    this.#remove(0);
    this.#place(at - 1, key, qty_e8);
  }

  #place(at: number, key: number, qty_e8: Int64): void {
    if (this.#size === this.#keys.length) this.#grow();
    this.#keys.copyWithin(at + 1, at, this.#size);
    this.#qtys.copyWithin(at + 1, at, this.#size);
    this.#keys[at] = key;
    this.#putQty(at, qty_e8);
    this.#size += 1;
  }

  #grow(): void {
    const capacity = Math.min(2 * this.#keys.length, this.#levels_max);
    const keys = new Float64Array(capacity);
    keys.set(this.#keys);
    this.#keys = keys;
    if (this.#qtys instanceof Float64Array) {
      const qtys = new Float64Array(capacity);
      qtys.set(this.#qtys);
      this.#qtys = qtys;
    } else {
      const qtys = new BigInt64Array(capacity);
      qtys.set(this.#qtys);
      this.#qtys = qtys;
    }
  }
}
