/**
 * A dataset from closed seconds in order of time. Because y(t) = the last h-second return seen at t + h, one
 * logarithm per second serves both the label and that baseline.
 *
 * Prices come every second, vectors on the set's cadence: a label ends at any second, whether a vector is due then
 * or not.
 */

import { fail } from "../../base/errors.ts";
import { E8, US_PER_SEC } from "../../base/units.ts";
import type { BrokenStream } from "../../binance/events.ts";
import { lnr } from "../../features/algebra/lnr.ts";
import { LABEL_STREAMS, type Label, otherLabel } from "../../features/label.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Dataset, Removed } from "../data/dataset.ts";
import type { Numbers } from "../data/numbers.ts";
import type { RowStore } from "../data/row_store.ts";

/** A closed second, as the product's own live path gives it. */
export interface DatasetRow {
  readonly ts_sec: number;
  /** Undefined at a second on which the set has no vector. */
  readonly vector: FeatureVector | undefined;
  /** bid + ask (e8) as of ts_sec; null where no quote is known. */
  readonly mid_sum_e8: number | null;
  /** Price of the last trade (e8) as of ts_sec; null before the first. */
  readonly close_e8: number | null;
  /** Where data broke off since the row before; undefined where it did not. */
  readonly breaks?: readonly RowBreak[];
}

/** A break in the data, dated where the data ended (µs, exchange time). */
export interface RowBreak {
  readonly ts_us: number;
  readonly stream: BrokenStream;
}

export interface DatasetBuilderOptions {
  readonly symbol: string;
  readonly set: FeatureSet;
  readonly horizon_s: number;
  readonly label: Label;
}

export class DatasetBuilder<Column extends Numbers> {
  readonly #options: DatasetBuilderOptions;
  readonly #store: RowStore<Column>;
  readonly #removed: Removed = { not_warm: 0, null_feature: 0, no_label: 0 };
  /** The last `horizon` seconds of the current run, by position modulo horizon: prices, and row (−1: none). */
  readonly #run_price: Float64Array;
  readonly #run_other: Float64Array;
  readonly #run_row: Int32Array;
  #run_length = 0;
  #last_sec = -1;
  #seen = 0;

  /** @param store where the rows go; it is empty. */
  constructor(options: DatasetBuilderOptions, store: RowStore<Column>) {
    const { horizon_s } = options;
    this.#options = options;
    this.#store = store;
    this.#run_price = new Float64Array(horizon_s);
    this.#run_other = new Float64Array(horizon_s);
    this.#run_row = new Int32Array(horizon_s).fill(-1);
  }

  /** Vectors pushed. */
  get rows_seen(): number {
    return this.#seen;
  }

  /** @throws ForetickError TRAIN_DATA: another symbol or set than promised, time running back, too many rows. */
  push({ ts_sec, vector, mid_sum_e8, close_e8, breaks = [] }: DatasetRow): void {
    this.#expectNext(ts_sec, vector);
    const { label } = this.#options;
    for (const { ts_us, stream } of breaks) {
      if (breaksLabel(label, stream)) this.#breakAt(ts_us);
      if (breaksLabel(otherLabel(label), stream)) this.#breakOther(ts_us);
    }
    const by_mid = label === "mid";
    const price_e8 = by_mid ? mid_sum_e8 : close_e8;
    const other_e8 = (by_mid ? close_e8 : mid_sum_e8) ?? Number.NaN;
    if (ts_sec !== this.#last_sec + 1 || vector?.warm === false || price_e8 === null) this.#endRun();
    this.#last_sec = ts_sec;
    if (vector) {
      this.#seen++;
      if (!vector.warm) this.#removed.not_warm++;
      else if (price_e8 === null || hasNull(vector)) this.#removed.null_feature++;
    }
    if (price_e8 !== null && vector?.warm !== false) this.#extendRun(ts_sec, vector, price_e8, other_e8);
  }

  /** The end of one recording: no label reaches across it. */
  endOfRecording(): void {
    this.#endRun();
  }

  finish(): Dataset<Column> {
    this.#endRun();
    if (this.#seen === 0) {
      return fail("TRAIN_DATA", "expected at least one closed second, there was none: check the tape");
    }
    const { symbol, set, horizon_s, label } = this.#options;
    return {
      ...{ symbol, feature_set: set.name, set_hash: set.hash, names: set.names },
      ...{ horizon_s, cadence_s: set.cadence_s, label, rows: this.#store.rows, rows_seen: this.#seen },
      removed: { ...this.#removed },
      ...this.#store.finish(),
    };
  }

  #expectNext(ts_sec: number, vector: FeatureVector | undefined): void {
    const { symbol, set } = this.#options;
    if (vector && (vector.symbol !== symbol || vector.set_hash !== set.hash)) {
      fail(
        "TRAIN_DATA",
        `expected ${symbol} ${set.name} throughout, was ${vector.symbol} ${vector.feature_set}: train one symbol and set at a time`,
      );
    }
    if (ts_sec <= this.#last_sec) {
      fail(
        "TRAIN_DATA",
        `expected a second after ${this.#last_sec}, was ${ts_sec}: give tapes in order of time`,
      );
    }
  }

  #extendRun(ts_sec: number, vector: FeatureVector | undefined, price_e8: number, other_e8: number): void {
    const { horizon_s, label } = this.#options;
    const slot = this.#run_length % horizon_s;
    let last_return = Number.NaN;
    if (this.#run_length >= horizon_s) {
      last_return = lnr(price_e8, this.#run_price[slot]!);
      const labelled = this.#run_row[slot]!;
      if (labelled >= 0) {
        this.#store.label(labelled, last_return, lnr(other_e8, this.#run_other[slot]!));
      }
    }
    this.#run_price[slot] = price_e8;
    this.#run_other[slot] = other_e8;
    this.#run_row[slot] = -1;
    if (vector && !hasNull(vector)) {
      const price = price_e8 / (label === "mid" ? 2 * E8 : E8);
      this.#run_row[slot] = this.#store.append(ts_sec, last_return, price, vector.values);
    }
    this.#run_length++;
  }

  /** A break may be noticed after its time: rows that reach past it go, though their label seemed known. */
  #breakAt(break_us: number): void {
    this.#endRun();
    while (this.#store.rows > 0 && this.#reachesPast(this.#store.rows - 1, break_us)) this.#dropLast();
  }

  /** The same for the other label, which is only unknown then. */
  #breakOther(break_us: number): void {
    this.#run_other.fill(Number.NaN);
    for (let row = this.#store.rows - 1; row >= 0 && this.#reachesPast(row, break_us); row--) {
      this.#store.unlabelOther(row);
    }
  }

  #reachesPast(row: number, time_us: number): boolean {
    return (this.#store.tsOf(row) + this.#options.horizon_s) * US_PER_SEC > time_us;
  }

  // Rows still waiting for their label are the last ones appended, so they are dropped from the end.
  #endRun(): void {
    for (let slot = 0; slot < Math.min(this.#run_length, this.#options.horizon_s); slot++) {
      if (this.#run_row[slot]! >= 0) this.#dropLast();
    }
    this.#run_row.fill(-1);
    this.#run_length = 0;
  }

  #dropLast(): void {
    this.#store.dropLast();
    this.#removed.no_label++;
  }
}

const breaksLabel = (label: Label, stream: BrokenStream): boolean =>
  stream === "all" || stream === LABEL_STREAMS[label];

const hasNull = ({ values }: FeatureVector): boolean => values.some(Number.isNaN);
