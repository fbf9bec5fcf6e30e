/**
 * How columns were distributed, a quarter of an hour at a time: counts by bin, nulls, repeats, moments, and how far
 * beyond the outer edges. Any window is a sum of quarters, and a day of them is all a running service keeps.
 */

import { assert } from "../../base/errors.ts";

/** A column and the inner edges of its bins, rising: bin k holds [edge k−1, edge k). */
export interface ColumnBins {
  readonly name: string;
  readonly edges: readonly number[];
}

export const SLOT_S = 900;
const BINS_MAX = 20;

/** What a column adds to a window, after its counts by bin. */
const EXTRAS = ["known", "nulls", "repeats", "sum", "sum2", "below", "above"] as const;
type Extra = (typeof EXTRAS)[number];

/** One column over a window. */
export interface ColumnStats extends Readonly<Record<Extra, number>> {
  /** By bin. */
  readonly counts: ArrayLike<number>;
}

export interface DriftSlot {
  /** floor(ts_sec ÷ 900). */
  readonly slot: number;
  rows: number;
  /** Columns one after the other. */
  readonly stats: Float64Array;
}

/**
 * Edges by twentieths of a sample; fewer where values repeat, and such a value in a bin by itself.
 * @param sample rows of the training data, evenly spread; NaN is null.
 */
export function binsOf(names: readonly string[], sample: readonly ArrayLike<number>[]): ColumnBins[] {
  return names.map((name, column) => {
    const values = Float64Array.from(sample, (row) => row[column]!)
      .filter(Number.isFinite)
      .sort();
    const edges = new Set<number>();
    for (let part = 1; part < BINS_MAX; part++) {
      const value = values[Math.floor((part * values.length) / BINS_MAX)] ?? 0;
      // A value that fills more than one part has a bin of its own, up to the next value.
      const next = edges.has(value) ? values.find((other) => other > value) : undefined;
      edges.add(next ?? value);
    }
    return { name, edges: [...edges] };
  });
}

export class DriftSlots {
  readonly bins: readonly ColumnBins[];
  readonly #slots_max: number;
  readonly #offsets: readonly number[];
  readonly #size: number;
  readonly #previous: Float64Array;
  #slots: DriftSlot[] = [];

  /** @param slots_max how many are kept, the last ones; a day is 96. */
  constructor(bins: readonly ColumnBins[], slots_max = Number.POSITIVE_INFINITY) {
    this.bins = bins;
    this.#slots_max = slots_max;
    let size = 0;
    this.#offsets = bins.map(({ edges }) => {
      const offset = size;
      size += edges.length + 1 + EXTRAS.length;
      return offset;
    });
    this.#size = size;
    this.#previous = new Float64Array(bins.length).fill(Number.NaN);
  }

  /** Oldest first. */
  get slots(): readonly DriftSlot[] {
    return this.#slots;
  }

  /** Rows in order, one value per column; what is not finite is null. A row of a quarter that is over is left out. */
  add(ts_sec: number, values: ArrayLike<number>): void {
    assert(
      values.length === this.bins.length,
      `a row expected ${this.bins.length} values, was ${values.length}`,
    );
    const slot = this.#slotOf(Math.floor(ts_sec / SLOT_S));
    if (!slot) return;
    slot.rows++;
    for (let column = 0; column < values.length; column++) this.#count(slot.stats, column, values[column]!);
  }

  /** Sums over some slots, column by column. */
  statsOf(slots: readonly DriftSlot[]): ColumnStats[] {
    const sum = new Float64Array(this.#size);
    for (const { stats } of slots) for (let at = 0; at < sum.length; at++) sum[at]! += stats[at]!;
    return this.bins.map(({ edges }, column) => {
      const offset = this.#offsets[column]!;
      const from = offset + edges.length + 1;
      const extras = Object.fromEntries(EXTRAS.map((name, at) => [name, sum[from + at]!]));
      return { counts: sum.subarray(offset, from), ...extras } as unknown as ColumnStats;
    });
  }

  #slotOf(number: number): DriftSlot | undefined {
    const last = this.#slots.at(-1);
    if (last && last.slot >= number) return last.slot === number ? last : undefined;
    const slot = { slot: number, rows: 0, stats: new Float64Array(this.#size) };
    this.#slots.push(slot);
    if (this.#slots.length > this.#slots_max) this.#slots.shift();
    return slot;
  }

  #count(stats: Float64Array, column: number, value: number): void {
    const { edges } = this.bins[column]!;
    const offset = this.#offsets[column]!;
    const extras = offset + edges.length + 1;
    if (!Number.isFinite(value)) {
      stats[extras + NULLS]!++;
      return;
    }
    const bin = binOf(edges, value);
    stats[offset + bin]!++;
    stats[extras + KNOWN]!++;
    if (value === this.#previous[column]) stats[extras + REPEATS]!++;
    this.#previous[column] = value;
    stats[extras + SUM]! += value;
    stats[extras + SUM2]! += value * value;
    if (bin === 0) stats[extras + BELOW]! += edges[0]! - value;
    else if (bin === edges.length) stats[extras + ABOVE]! += value - edges[bin - 1]!;
  }
}

const at = (name: Extra): number => EXTRAS.indexOf(name);
const [KNOWN, NULLS, REPEATS, SUM, SUM2] = [at("known"), at("nulls"), at("repeats"), at("sum"), at("sum2")];
const [BELOW, ABOVE] = [at("below"), at("above")];

/** How many edges a value reaches. */
function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value >= edges[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}
