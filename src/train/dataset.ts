/**
 * The rows a model is fitted on: vector, label, and nothing that would not have been known. A row is used
 * where its vector is warm and has no null, and where the quotes of every second up to its horizon are there
 * and uninterrupted; every row left out is counted under its reason.
 *
 * Label: y(t) = lnr(mid(t + h), mid(t)), quotes as of those instants. Because y(t) = the last h-second return
 * seen at t + h, one logarithm a second serves both the label and that baseline.
 */

import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { E8, type SetHash } from "../base/units.ts";
import { lnr } from "../features/lnr.ts";
import type { FeatureVector } from "../features/vector.ts";

/** A closed second, as the product's own live path gives it. */
export interface DatasetRow {
  readonly vector: FeatureVector;
  /** bid + ask (e8) as of the vector's instant; null where no quote stands. */
  readonly mid_sum_e8: number | null;
}

/** By filters.ts, which says what each of them takes. */
export type FilterName =
  | "incomplete"
  | "large_return"
  | "wide_spread"
  | "volatile"
  | "thin_volume"
  | "price_off";

/** Why a row was left out; a filter that was not applied has no count. */
export interface Removed extends Partial<Record<FilterName, number>> {
  /** Look-back not inside uninterrupted data. */
  not_warm: number;
  /** A feature is null. */
  null_feature: number;
  /** The horizon reaches past the data, or across a gap. */
  no_label: number;
  /** Part of what it rests on was received later than asked for; only where that was asked. */
  known_later?: number;
}

export interface Dataset {
  readonly symbol: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly names: readonly string[];
  readonly horizon_s: number;
  readonly rows: number;
  readonly rows_seen: number;
  /** By reason, what filters removed included. */
  readonly removed: Readonly<Removed>;
  /** One a row, ascending. */
  readonly ts_sec: Float64Array;
  /** Row-major: rows × columns. */
  readonly values: Float64Array;
  /** Log-return over the horizon from ts_sec on. */
  readonly y: Float64Array;
  /** Log-return over the horizon up to ts_sec; NaN where the data do not reach back. */
  readonly last_return: Float64Array;
  /** Mid price as of ts_sec, quote units: what turns a log-return into dollars. */
  readonly mid: Float64Array;
}

/** Half-open range of row numbers. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

const INITIAL_ROWS = 4096;

/** Collects rows in order of time; `finish` gives the dataset. */
export class DatasetBuilder {
  readonly #horizon_s: number;
  /** Room to begin with: arrays that grow hold everything twice while they are copied. */
  readonly #rows_expected: number;
  readonly #removed: Removed = { not_warm: 0, null_feature: 0, no_label: 0 };
  /** The last `horizon` seconds of the current run, by position modulo horizon: mid sum, and row (−1: none). */
  readonly #run_mid: Float64Array;
  readonly #run_row: Int32Array;
  #run_length = 0;
  #last_sec = -1;
  #seen = 0;
  #rows = 0;
  #first: FeatureVector | undefined;
  #ts_sec = new Float64Array(0);
  #y = new Float64Array(0);
  #last_return = new Float64Array(0);
  #mid = new Float64Array(0);
  #values = new Float64Array(0);

  /** `rows_expected`: where it is known, nothing is copied to make room. */
  constructor(options: { horizon_s: number; rows_expected?: number }) {
    this.#horizon_s = options.horizon_s;
    this.#rows_expected = options.rows_expected ?? 0;
    this.#run_mid = new Float64Array(options.horizon_s);
    this.#run_row = new Int32Array(options.horizon_s).fill(-1);
  }

  get rows_seen(): number {
    return this.#seen;
  }

  /** @throws ForetickError TRAIN_DATA: another symbol or set than before, time running back, too many rows. */
  push({ vector, mid_sum_e8 }: DatasetRow): void {
    this.#expectSame(vector);
    if (vector.ts_sec !== this.#last_sec + 1 || !vector.warm || mid_sum_e8 === null) this.#endRun();
    this.#seen++;
    this.#last_sec = vector.ts_sec;
    if (!vector.warm) this.#removed.not_warm++;
    else if (mid_sum_e8 === null || vector.values.some(Number.isNaN)) this.#removed.null_feature++;
    if (vector.warm && mid_sum_e8 !== null) this.#extendRun(vector, mid_sum_e8);
  }

  /** The end of one recording: no label reaches across it. */
  endOfRecording(): void {
    this.#endRun();
  }

  finish(): Dataset {
    this.#endRun();
    const first = this.#first;
    if (!first)
      return fail("TRAIN_DATA", "expected at least one closed second, there was none: check the tape");
    return {
      symbol: first.symbol,
      feature_set: first.feature_set,
      set_hash: first.set_hash,
      names: first.names,
      horizon_s: this.#horizon_s,
      rows: this.#rows,
      rows_seen: this.#seen,
      removed: { ...this.#removed },
      ts_sec: this.#ts_sec.subarray(0, this.#rows),
      values: this.#values.subarray(0, this.#rows * first.names.length),
      y: this.#y.subarray(0, this.#rows),
      last_return: this.#last_return.subarray(0, this.#rows),
      mid: this.#mid.subarray(0, this.#rows),
    };
  }

  #expectSame(vector: FeatureVector): void {
    this.#first ??= vector;
    if (vector.symbol !== this.#first.symbol || vector.set_hash !== this.#first.set_hash) {
      fail(
        "TRAIN_DATA",
        `expected ${this.#first.symbol} ${this.#first.feature_set} throughout, was ${vector.symbol} ${vector.feature_set}: train one symbol and set at a time`,
      );
    }
    if (vector.ts_sec <= this.#last_sec) {
      fail(
        "TRAIN_DATA",
        `expected a second after ${this.#last_sec}, was ${vector.ts_sec}: give tapes in order of time`,
      );
    }
  }

  #extendRun(vector: FeatureVector, mid_sum_e8: number): void {
    const slot = this.#run_length % this.#horizon_s;
    let last_return = Number.NaN;
    if (this.#run_length >= this.#horizon_s) {
      last_return = lnr(mid_sum_e8, this.#run_mid[slot]!);
      const labelled = this.#run_row[slot]!;
      if (labelled >= 0) this.#y[labelled] = last_return;
    }
    this.#run_mid[slot] = mid_sum_e8;
    this.#run_row[slot] = vector.values.some(Number.isNaN)
      ? -1
      : this.#append(vector, last_return, mid_sum_e8);
    this.#run_length++;
  }

  #append(vector: FeatureVector, last_return: number, mid_sum_e8: number): number {
    if (this.#rows * vector.values.length >= this.#values.length || this.#rows >= this.#y.length) {
      this.#grow(vector.values.length);
    }
    const row = this.#rows++;
    this.#ts_sec[row] = vector.ts_sec;
    this.#y[row] = Number.NaN;
    this.#last_return[row] = last_return;
    this.#mid[row] = mid_sum_e8 / (2 * E8);
    this.#values.set(vector.values, row * vector.values.length);
    return row;
  }

  #grow(columns: number): void {
    const wanted = Math.max(this.#rows * 1.5, this.#rows_expected, INITIAL_ROWS);
    const rows = Math.min(Math.ceil(wanted), LIMITS.dataset_rows_max);
    if (rows <= this.#rows) {
      fail(
        "TRAIN_DATA",
        `expected at most ${LIMITS.dataset_rows_max} rows (31 days), there are more: give fewer tapes`,
      );
    }
    this.#ts_sec = enlarged(this.#ts_sec, rows);
    this.#y = enlarged(this.#y, rows);
    this.#last_return = enlarged(this.#last_return, rows);
    this.#mid = enlarged(this.#mid, rows);
    this.#values = enlarged(this.#values, rows * columns);
  }

  // Rows still waiting for their label are the last ones appended, so they are dropped from the end.
  #endRun(): void {
    for (let slot = 0; slot < Math.min(this.#run_length, this.#horizon_s); slot++) {
      if (this.#run_row[slot]! < 0) continue;
      this.#rows--;
      this.#removed.no_label++;
    }
    this.#run_row.fill(-1);
    this.#run_length = 0;
  }
}

function enlarged(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(values);
  return larger;
}

export const rowsOf = (range: RowRange): number => range.to - range.from;

/** @throws ForetickError FEATURE_SET_UNKNOWN where the set has no such column. */
export function columnOf(dataset: Dataset, name: string): number {
  const column = dataset.names.indexOf(name);
  if (column >= 0) return column;
  return fail("FEATURE_SET_UNKNOWN", `set ${dataset.feature_set} expected a column ${name}, has none`);
}
