/**
 * Quantiles of single trades' sizes over whole blocks of time, aligned to the epoch. The sizes of a block
 * are kept until it is complete, then one selection answers every quantile asked of it; while a second is
 * closed this costs nothing, and a trade one store.
 */

import { LIMITS } from "../../base/limits.ts";
import { type Int64, narrowed } from "../../base/units.ts";

class Sizes {
  block = -1;
  count = 0;
  /** int64 from the first that exceeds 2^53 − 1, until the block is used again. */
  values: Float64Array | BigInt64Array = new Float64Array(4_096);

  begin(block: number): void {
    this.block = block;
    this.count = 0;
    if (!(this.values instanceof Float64Array)) this.values = new Float64Array(this.values.length);
  }

  push(value: Int64): void {
    const at = this.count;
    this.count = at + 1;
    if (at >= LIMITS.block_trades_max) return; // counted, so that the block is seen to be over its bound
    if (at === this.values.length) this.values = doubled(this.values);
    if (typeof value === "number" && this.values instanceof Float64Array) {
      this.values[at] = value;
      return;
    }
    if (this.values instanceof Float64Array) this.values = BigInt64Array.from(this.values, BigInt);
    this.values[at] = BigInt(value);
  }
}

function doubled(values: Float64Array | BigInt64Array): Float64Array | BigInt64Array {
  if (values instanceof Float64Array) {
    const larger = new Float64Array(values.length * 2);
    larger.set(values);
    return larger;
  }
  const larger = new BigInt64Array(values.length * 2);
  larger.set(values);
  return larger;
}

export interface Fraction {
  readonly num: number;
  readonly den: number;
}

export class BlockQuantiles {
  readonly block_s: number;
  /** Value for each fraction asked, of the previous complete block as of the last second closed. */
  readonly current: (Int64 | null)[];
  /** Blocks refused for holding more trades than LIMITS.block_trades_max. */
  blocks_over_limit = 0;
  readonly fractions: readonly Fraction[];
  #open: Sizes[] = [];
  #spare: Sizes | undefined;
  #latest = new Sizes();

  constructor(block_s: number, fractions: readonly Fraction[]) {
    this.block_s = block_s;
    this.fractions = fractions;
    this.current = new Array<Int64 | null>(fractions.length).fill(null);
  }

  add(sec: number, qty_e8: Int64): void {
    const block = Math.floor(sec / this.block_s);
    if (block !== this.#latest.block) this.#latest = this.#openBlock(block);
    this.#latest.push(qty_e8);
  }

  #openBlock(block: number): Sizes {
    const open = this.#open.find((sizes) => sizes.block === block);
    if (open) return open;
    const sizes = this.#spare ?? new Sizes();
    this.#spare = undefined;
    sizes.begin(block);
    this.#open.push(sizes);
    return sizes;
  }

  /** Second `sec` has closed; where a block ends with it, its quantiles become current. */
  closeSecond(sec: number): void {
    if ((sec + 1) % this.block_s !== 0) return;
    const block = (sec + 1) / this.block_s - 1;
    const sizes = this.#open.find((entry) => entry.block === block);
    for (const [index, { num, den }] of this.fractions.entries()) {
      this.current[index] = sizes ? this.#quantile(sizes, num, den) : null;
    }
    if (!sizes) return;
    // Older blocks, never closed because the plan began after them, go with it.
    this.#open = this.#open.filter((entry) => entry.block > block);
    if (this.#latest.block <= block) this.#latest = this.#open[0] ?? new Sizes();
    this.#spare = sizes;
  }

  #quantile(sizes: Sizes, num: number, den: number): Int64 | null {
    if (sizes.count > LIMITS.block_trades_max) {
      this.blocks_over_limit += 1;
      return null;
    }
    const value = selectRank(sizes.values, sizes.count, rankOf(sizes.count, num, den));
    return typeof value === "number" ? value : narrowed(value);
  }
}

/**
 * Value number ⌈count·num/den⌉, in whole numbers: for 95/100 this is PostgreSQL's percentile_disc(0.95) for
 * every count, because the float64 0.95 is just below 0.95.
 */
export const rankOf = (count: number, num: number, den: number): number => Math.ceil((count * num) / den);

/**
 * The value at position `rank` (from 1) of the first `count` values if they were sorted. Reorders them.
 * Hoare's selection with the median of three; a run of unlucky splits ends in a sort, so the worst case is
 * that of sorting.
 */
export function selectRank(values: Float64Array | BigInt64Array, count: number, rank: number): Int64 {
  const at = rank - 1;
  let low = 0;
  let high = count - 1;
  let splits_left = 2 * Math.ceil(Math.log2(count + 1));
  while (low < high) {
    if (splits_left === 0) {
      values.subarray(low, high + 1).sort();
      break;
    }
    splits_left -= 1;
    const pivot = medianOfThree(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left += 1;
      while (values[right]! > pivot) right -= 1;
      if (left <= right) {
        const swapped = values[left]!;
        values[left] = values[right]!;
        values[right] = swapped;
        left += 1;
        right -= 1;
      }
    }
    if (at <= right) high = right;
    else if (at >= left) low = left;
    else break;
  }
  return values[at]!;
}

function medianOfThree(a: Int64, b: Int64, c: Int64): Int64 {
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}
