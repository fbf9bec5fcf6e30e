/**
 * Rows the database refused for what they hold, and journal lines that cannot be read: kept in
 * `rejected.ndjson` with the reason, one per line. Bounded: a full file becomes
 * `rejected.1.ndjson` and takes the place of the one before it.
 */

import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Cell } from "../../sql/array_literal.ts";

export interface RejectedRow {
  /** A table's name, or `journal` for a line that cannot be read. */
  readonly table: string;
  /** Why, as the database said it. */
  readonly error: string;
  /** By column; the line itself where it could not be read. */
  readonly row: Readonly<Record<string, Cell>> | string;
}

const NEWEST = "rejected.ndjson";
const OLDER = "rejected.1.ndjson";

export class RejectedRows {
  readonly #directory: string;
  readonly #bytes_max: number;
  #bytes: number;

  /** @param bytes_max of one of the two files. */
  constructor(directory: string, bytes_max: number) {
    this.#directory = directory;
    this.#bytes_max = bytes_max;
    this.#bytes = this.#sizeOf(NEWEST);
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes + this.#sizeOf(OLDER);
  }

  /** Throws what the file system throws; none of the rows is kept then. */
  add(rows: readonly RejectedRow[]): void {
    if (rows.length === 0) return;
    const text = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    if (this.#bytes > 0 && this.#bytes + text.length > this.#bytes_max) {
      renameSync(join(this.#directory, NEWEST), join(this.#directory, OLDER));
      this.#bytes = 0;
    }
    appendFileSync(join(this.#directory, NEWEST), text);
    this.#bytes += text.length;
  }

  /** Everything kept, oldest first. A torn last line is left out. */
  read(): RejectedRow[] {
    return [OLDER, NEWEST].flatMap((name) => {
      const path = join(this.#directory, name);
      if (!existsSync(path)) return [];
      return readFileSync(path, "utf8").split("\n").flatMap(rowOf);
    });
  }

  /** Only `rows` are kept from now on. */
  replace(rows: readonly RejectedRow[]): void {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    const path = join(this.#directory, NEWEST);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    rmSync(join(this.#directory, OLDER), { force: true });
    this.#bytes = Buffer.byteLength(text);
  }

  #sizeOf(name: string): number {
    return statSync(join(this.#directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
}

function rowOf(line: string): RejectedRow[] {
  try {
    return line === "" ? [] : [JSON.parse(line) as RejectedRow];
  } catch {
    return [];
  }
}
