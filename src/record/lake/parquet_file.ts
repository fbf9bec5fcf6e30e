/**
 * Rows as a Parquet file, a row group at a time, so that a day needs no more memory than an hour. Doubles are written
 * plain, all 64 bits; null stays null. The file has its name with `.part` behind it until it is whole.
 */

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { fail } from "../../base/errors.ts";

/** `time` is µs since 1970, UTC. `exact` is a whole number of any size, written as decimal text. */
export type ParquetType = "time" | "int64" | "double" | "text" | "bool" | "exact";

export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
  /** Never null; default may be. */
  readonly required?: boolean;
}

export type ParquetCell = number | bigint | string | boolean | null;

/** Cells one row group holds at most in memory, about. */
const GROUP_CELLS = 400_000;

export class ParquetFile {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #columns: readonly ParquetColumn[];
  readonly group_rows: number;
  #cells: ParquetCell[][];
  #rows = 0;
  #size = 0;
  #open = true;

  /**
   * @param about goes into the file's own metadata.
   * @throws ForetickError CONFIG_INVALID where the file cannot be written.
   */
  constructor(
    path: string,
    columns: readonly ParquetColumn[],
    about: Readonly<Record<string, string>>,
    group_rows = Math.ceil(GROUP_CELLS / columns.length),
  ) {
    this.#path = path;
    this.#columns = columns;
    this.group_rows = group_rows;
    this.#cells = columns.map(() => []);
    this.#file = openFile(partOf(path));
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: "root", num_children: columns.length }, ...columns.map(elementOf)],
      kvMetadata: Object.entries(about).map(([key, value]) => ({ key, value })),
      createdBy: "foretick",
    });
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  /** One cell for each column. */
  push(row: ArrayLike<ParquetCell>): void {
    for (let index = 0; index < this.#cells.length; index++) this.#cells[index]!.push(row[index]!);
    this.#rows++;
    if (this.#rows % this.group_rows === 0) this.#writeGroup();
  }

  /** The file is there, whole, once this has returned. */
  finish(): void {
    this.#writeGroup();
    this.#parquet.finish();
    this.#flush();
    fsyncSync(this.#file);
    this.close();
    renameSync(partOf(this.#path), this.#path);
  }

  /** Closes the file, finished or not. May be called twice. */
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
    if (this.#cells[0]!.length === 0) return;
    const columnData = this.#columns.map(({ name, type }, index) => ({
      name,
      data: this.#cells[index]!,
      ...(type === "double" ? { encoding: "PLAIN" as const } : {}),
    }));
    void this.#parquet.write({ columnData, rowGroupSize: this.group_rows });
    this.#cells = this.#columns.map(() => []);
    this.#flush();
  }

  /** The writer counts its offsets by itself, so what is written is freed. */
  #flush(): void {
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#bytes.index);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#size += bytes.length;
    this.#bytes.index = 0;
  }
}

const TYPES = { int64: "INT64", double: "DOUBLE", bool: "BOOLEAN" } as const;

function elementOf({ name, type, required }: ParquetColumn) {
  const repetition_type = required ? ("REQUIRED" as const) : ("OPTIONAL" as const);
  switch (type) {
    case "time": {
      const logical_type = { type: "TIMESTAMP" as const, isAdjustedToUTC: true, unit: "MICROS" as const };
      const converted_type = "TIMESTAMP_MICROS" as const;
      return { name, type: "INT64" as const, repetition_type, converted_type, logical_type };
    }
    case "text":
    case "exact":
      return { name, type: "BYTE_ARRAY" as const, repetition_type, converted_type: "UTF8" as const };
    default:
      return { name, type: TYPES[type], repetition_type };
  }
}

const partOf = (path: string): string => `${path}.part`;

function openFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "w");
  } catch (cause) {
    return fail("CONFIG_INVALID", `${path} expected to be writable, was not: give another file`, { cause });
  }
}
