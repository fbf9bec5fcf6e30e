/** Where the rows of a dataset are put as they come: in memory, doubles throughout, or in files. */

import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { RowColumns } from "./dataset.ts";
import type { NumberFile, Scratch } from "./number_file.ts";
import type { Numbers } from "./numbers.ts";

export interface RowStore<Column extends Numbers = Numbers> {
  readonly rows: number;
  /** A row without labels yet. @returns its number. */
  append(ts_sec: number, last_return: number, price: number, values: Float64Array): number;
  label(row: number, y: number, y_other: number): void;
  /** The other label is not known after all. */
  unlabelOther(row: number): void;
  tsOf(row: number): number;
  dropLast(): void;
  finish(): RowColumns<Column>;
}

const INITIAL_ROWS = 4096;
/** Numbers a row has beside its features: time, labels, last return, price. */
const ROW_DOUBLES = 5;

/** In arrays that grow. */
export class HeldRows implements RowStore<Float64Array> {
  readonly #width: number;
  readonly #rows_expected: number;
  #rows = 0;
  #ts_sec = new Float64Array(0);
  #y = new Float64Array(0);
  #y_other = new Float64Array(0);
  #last_return = new Float64Array(0);
  #price = new Float64Array(0);
  #values = new Float64Array(0);

  /** @param rows_expected room to begin with: arrays that grow hold everything twice while they are copied. */
  constructor(width: number, rows_expected = 0) {
    this.#width = width;
    this.#rows_expected = rows_expected;
  }

  /** What that many rows take in memory. */
  static bytes(rows: number, width: number): number {
    return rows * (ROW_DOUBLES + width) * Float64Array.BYTES_PER_ELEMENT;
  }

  get rows(): number {
    return this.#rows;
  }

  append(ts_sec: number, last_return: number, price: number, values: Float64Array): number {
    if (this.#rows >= this.#y.length) this.#grow();
    const row = this.#rows++;
    this.#ts_sec[row] = ts_sec;
    this.#y[row] = Number.NaN;
    this.#y_other[row] = Number.NaN;
    this.#last_return[row] = last_return;
    this.#price[row] = price;
    this.#values.set(values, row * this.#width);
    return row;
  }

  label(row: number, y: number, y_other: number): void {
    this.#y[row] = y;
    this.#y_other[row] = y_other;
  }

  unlabelOther(row: number): void {
    this.#y_other[row] = Number.NaN;
  }

  tsOf(row: number): number {
    return this.#ts_sec[row]!;
  }

  dropLast(): void {
    this.#rows--;
  }

  finish(): RowColumns<Float64Array> {
    const rows = this.#rows;
    return {
      ts_sec: this.#ts_sec.subarray(0, rows),
      values: this.#values.subarray(0, rows * this.#width),
      y: this.#y.subarray(0, rows),
      last_return: this.#last_return.subarray(0, rows),
      price: this.#price.subarray(0, rows),
      y_other: this.#y_other.subarray(0, rows),
    };
  }

  #grow(): void {
    const wanted = Math.max(this.#rows * 1.5, this.#rows_expected, INITIAL_ROWS);
    const rows = Math.min(Math.ceil(wanted), LIMITS.dataset_rows_held_max);
    if (rows <= this.#rows) {
      fail(
        "TRAIN_DATA",
        `expected at most ${LIMITS.dataset_rows_held_max} rows (31 days) in memory, there are more: give fewer tapes, or train from the database, which takes years`,
      );
    }
    this.#ts_sec = enlarged(this.#ts_sec, rows);
    this.#y = enlarged(this.#y, rows);
    this.#y_other = enlarged(this.#y_other, rows);
    this.#last_return = enlarged(this.#last_return, rows);
    this.#price = enlarged(this.#price, rows);
    this.#values = enlarged(this.#values, rows * this.#width);
  }
}

/** In files of a scratch folder: features in float32, which is what a served model is given; the rest in doubles. */
export class FiledRows implements RowStore {
  readonly #files: Readonly<Record<keyof RowColumns, NumberFile>>;
  readonly #width: number;

  constructor(scratch: Scratch, width: number) {
    this.#width = width;
    this.#files = {
      ts_sec: scratch.create("float64"),
      values: scratch.create("float32", width),
      y: scratch.create("float64"),
      last_return: scratch.create("float64"),
      price: scratch.create("float64"),
      y_other: scratch.create("float64"),
    };
  }

  /** What that many rows take on the disk. */
  static bytes(rows: number, width: number): number {
    return rows * (ROW_DOUBLES * Float64Array.BYTES_PER_ELEMENT + width * Float32Array.BYTES_PER_ELEMENT);
  }

  get rows(): number {
    return this.#files.ts_sec.length;
  }

  append(ts_sec: number, last_return: number, price: number, values: Float64Array): number {
    const { rows } = this;
    if (rows >= LIMITS.dataset_rows_max) {
      fail(
        "TRAIN_DATA",
        `expected at most ${LIMITS.dataset_rows_max} rows, there are more: give a shorter range`,
      );
    }
    this.#files.ts_sec.append(ts_sec);
    this.#files.y.append(Number.NaN);
    this.#files.y_other.append(Number.NaN);
    this.#files.last_return.append(last_return);
    this.#files.price.append(price);
    this.#files.values.appendAll(values);
    return rows;
  }

  label(row: number, y: number, y_other: number): void {
    this.#files.y.set(row, y);
    this.#files.y_other.set(row, y_other);
  }

  unlabelOther(row: number): void {
    this.#files.y_other.set(row, Number.NaN);
  }

  tsOf(row: number): number {
    return this.#files.ts_sec.get(row);
  }

  dropLast(): void {
    const rows = this.rows - 1;
    for (const [name, file] of Object.entries(this.#files)) {
      file.truncate(name === "values" ? rows * this.#width : rows);
    }
  }

  finish(): RowColumns {
    const { ts_sec, values, y, last_return, price, y_other } = this.#files;
    return {
      ts_sec: ts_sec.finish(),
      values: values.finish(),
      y: y.finish(),
      last_return: last_return.finish(),
      price: price.finish(),
      y_other: y_other.finish(),
    };
  }
}

function enlarged(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(values);
  return larger;
}
