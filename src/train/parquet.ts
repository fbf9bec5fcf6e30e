/**
 * Training rows as a Parquet file, for other tools: written a row group at a time, so that a month needs no
 * more memory than an hour. Doubles are written plain, all 64 bits; null stays null.
 */

import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { fail } from "../base/errors.ts";
import { US_PER_SEC } from "../base/units.ts";
import type { FeatureSet } from "../features/set.ts";
import { TRAINING_COLUMNS } from "./training_query.ts";

/** An hour of seconds and a bit: 800 KiB of the 22 columns of v1. */
const ROWS_A_GROUP = 5_000;
/** Whole numbers that doubles hold exactly, written as such. */
const INTEGERS: ReadonlySet<string> = new Set(["mid_sum_e8", "known_at"]);

type Column = (number | bigint | null)[];

/** Takes the rows of `readTrainingRows`; the file is there, whole, once `finish` has returned. */
export class TrainingParquet {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #names: readonly string[];
  #columns: Column[];
  #rows = 0;
  #open = true;

  /** @throws ForetickError CONFIG_INVALID where the file cannot be written. */
  constructor(path: string, set: FeatureSet, about: Readonly<Record<string, string>>) {
    this.#path = path;
    this.#names = [...TRAINING_COLUMNS, ...set.names];
    this.#columns = this.#names.map(() => []);
    this.#file = openFile(partOf(path));
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: "root", num_children: this.#names.length },
        ...this.#names.map((name) => elementOf(name)),
      ],
      kvMetadata: Object.entries({ ...about, feature_set: set.name, set_hash: set.hash }).map(
        ([key, value]) => ({ key, value }),
      ),
      createdBy: "foretick",
    });
  }

  get rows(): number {
    return this.#rows;
  }

  push(row: Float64Array): void {
    for (const [index, name] of this.#names.entries()) {
      this.#columns[index]!.push(cellOf(name, row[index]!));
    }
    this.#rows++;
    if (this.#rows % ROWS_A_GROUP === 0) this.#writeGroup();
  }

  /** Until then the file has its name with `.part` behind it. */
  finish(): void {
    this.#writeGroup();
    this.#parquet.finish();
    this.#flush();
    this.close();
    renameSync(partOf(this.#path), this.#path);
  }

  /** Gives up what is not finished. May be called twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
  }

  /** `close`, and nothing is left of the file. */
  discard(): void {
    this.close();
    rmSync(partOf(this.#path), { force: true });
  }

  #writeGroup(): void {
    if (this.#columns[0]!.length === 0) return;
    const columnData = this.#names.map((name, index) => ({
      name,
      data: this.#columns[index]!,
      encoding: "PLAIN" as const,
    }));
    void this.#parquet.write({ columnData, rowGroupSize: ROWS_A_GROUP });
    this.#columns = this.#names.map(() => []);
    this.#flush();
  }

  /** The writer counts its offsets by itself: what is written is let go. */
  #flush(): void {
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#bytes.index);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#bytes.index = 0;
  }
}

function cellOf(name: string, value: number): number | bigint | null {
  if (Number.isNaN(value)) return null;
  if (name === "ts") return BigInt(value * US_PER_SEC);
  return INTEGERS.has(name) ? BigInt(value) : value;
}

const TIMES: ReadonlySet<string> = new Set(["ts", "known_at"]);

function elementOf(name: string) {
  const repetition_type = name === "ts" ? ("REQUIRED" as const) : ("OPTIONAL" as const);
  if (TIMES.has(name)) {
    const logical_type = { type: "TIMESTAMP" as const, isAdjustedToUTC: true, unit: "MICROS" as const };
    return {
      name,
      type: "INT64" as const,
      repetition_type,
      converted_type: "TIMESTAMP_MICROS" as const,
      logical_type,
    };
  }
  return { name, type: INTEGERS.has(name) ? ("INT64" as const) : ("DOUBLE" as const), repetition_type };
}

const partOf = (path: string): string => `${path}.part`;

function openFile(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    return fail("CONFIG_INVALID", `${path} expected to be writable, was not: give another file`, { cause });
  }
}
