/**
 * Rows on disk, for when the database cannot take them: `<data_dir>/journal/NNNNNNNNNNNN.ndjson`, appended
 * at the end, read from the front, also by the next process. A line is a batch with its checksum:
 *
 *     <crc32, hex> {"table":"trades","rows":2,"columns":{"symbol":["BTCUSDT","BTCUSDT"],…}}
 *
 * A segment is deleted when all of it is in the database. One that was half read is read again from its
 * start: writing a row twice does nothing. What cannot be written or read is set aside in `rejected.ndjson`.
 */

import {
  appendFileSync,
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Logger } from "../base/log.ts";
import { type Cell, floatText } from "./array_literal.ts";
import { WriteBatch } from "./write_batch.ts";
import { type TableName, WRITE_TABLES } from "./write_tables.ts";

const SEGMENT_NAME = /^(\d{12})\.ndjson$/;

interface Segment {
  readonly path: string;
  bytes: number;
}

interface Line {
  readonly table: TableName;
  readonly rows: number;
  readonly columns: Readonly<Record<string, Cell[]>>;
}

export interface JournalOptions {
  readonly directory: string;
  readonly segment_bytes_max: number;
  readonly log: Logger;
}

export class Journal {
  readonly #options: JournalOptions;
  /** Complete segments, oldest first. */
  readonly #sealed: Segment[] = [];
  #number: number;
  #open: { segment: Segment; fd: number } | undefined;
  #lines: AsyncGenerator<string> | undefined;
  #head: WriteBatch | undefined;
  #rejected = 0;

  /** Opens `directory`, making it where it does not exist; what an earlier process left there comes first. */
  constructor(options: JournalOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    const names = readdirSync(options.directory).filter((name) => SEGMENT_NAME.test(name));
    for (const name of names.sort()) {
      const path = join(options.directory, name);
      this.#sealed.push({ path, bytes: statSync(path).size });
    }
    this.#number = Number(SEGMENT_NAME.exec(names.at(-1) ?? "")?.[1] ?? 0);
  }

  get empty(): boolean {
    return this.#sealed.length === 0 && !this.#open;
  }

  /** Bytes on disk that are not known to be in the database. */
  get bytes(): number {
    return this.#sealed.reduce((sum, { bytes }) => sum + bytes, this.#open?.segment.bytes ?? 0);
  }

  /** Rows set aside by this process. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Appends a batch. Throws what the file system throws; the batch is then the caller's still. */
  append(batch: WriteBatch): void {
    this.#open ??= this.#begin();
    const { segment, fd } = this.#open;
    const text = encode(batch);
    const line = Buffer.from(`${crc32(text).toString(16).padStart(8, "0")} ${text}\n`);
    try {
      for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
    } catch (error) {
      // Half a line may stand there: it ends its segment, or the next one would be read as its other half.
      this.seal();
      throw error;
    }
    segment.bytes += line.length;
    if (segment.bytes >= this.#options.segment_bytes_max) this.seal();
  }

  /** The oldest batch, which stays until `settled`; undefined where there is none. */
  async next(): Promise<WriteBatch | undefined> {
    while (!this.#head) {
      if (!this.#lines) {
        if (this.#sealed.length === 0) this.seal();
        const segment = this.#sealed[0];
        if (!segment) return undefined;
        this.#lines = linesOf(segment.path);
      }
      const { value, done } = await this.#readOn(this.#lines);
      if (done) this.#drop();
      else this.#head = this.#decode(value);
    }
    return this.#head;
  }

  /** A segment that cannot be read is begun again next time, not taken for finished. */
  async #readOn(lines: AsyncGenerator<string>): Promise<IteratorResult<string>> {
    try {
      return await lines.next();
    } catch (error) {
      this.#lines = undefined;
      throw error;
    }
  }

  /** The batch `next` gave is in the database. */
  settled(): void {
    this.#head = undefined;
  }

  /** Sets a row aside, with what was wrong with it. */
  reject(table: string, record: unknown, error: string): void {
    this.#rejected++;
    const entry = JSON.stringify({ error, table, row: record });
    appendFileSync(join(this.#options.directory, "rejected.ndjson"), `${entry}\n`);
  }

  /** Everything appended is on disk afterwards. */
  seal(): void {
    if (!this.#open) return;
    const { segment, fd } = this.#open;
    this.#open = undefined;
    this.#sealed.push(segment);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  async close(): Promise<void> {
    this.seal();
    await this.#lines?.return(undefined);
    this.#lines = undefined;
  }

  #begin(): { segment: Segment; fd: number } {
    const name = `${String(++this.#number).padStart(12, "0")}.ndjson`;
    const path = join(this.#options.directory, name);
    return { segment: { path, bytes: 0 }, fd: openSync(path, "ax") };
  }

  #drop(): void {
    this.#lines = undefined;
    const segment = this.#sealed.shift();
    if (segment) unlinkSync(segment.path);
  }

  #decode(line: string): WriteBatch | undefined {
    const text = line.slice(9);
    if (line.slice(0, 8) === crc32(text).toString(16).padStart(8, "0")) {
      const batch = batchOf(JSON.parse(text) as Line);
      if (batch) return batch;
    }
    // The last line of a process that was killed while it wrote; anything else is damage. Kept either way.
    this.#options.log.error(
      { bytes: line.length },
      "a journal line is torn or unknown: set aside in rejected.ndjson",
    );
    this.reject("journal", line, "torn or unknown line");
    return undefined;
  }
}

/** Lines of a file, the last one also without its newline. (`readline` would split at U+2028 too.) */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = rest.indexOf(10, from); end >= 0; end = rest.indexOf(10, from)) {
      yield rest.toString("utf8", from, end);
      from = end + 1;
    }
    rest = rest.subarray(from);
  }
  if (rest.length > 0) yield rest.toString("utf8");
}

function encode(batch: WriteBatch): string {
  const columns: Record<string, Cell[]> = {};
  for (const [i, { name, kind }] of batch.table.columns.entries()) {
    const cells = batch.columns[i]!.slice(0, batch.rows);
    // JSON has neither NaN nor −0: floats go as the text the database would get.
    columns[name] =
      kind === "float8" ? cells.map((cell) => (typeof cell === "number" ? floatText(cell) : cell)) : cells;
  }
  return JSON.stringify({ table: batch.table.name, rows: batch.rows, columns } satisfies Line);
}

/** undefined where the table is not one of ours. A column that the line does not have is null throughout. */
function batchOf(line: Line): WriteBatch | undefined {
  const table = WRITE_TABLES[line.table];
  if (!table) return undefined;
  const batch = new WriteBatch(table);
  batch.rows = line.rows;
  for (const [i, { name }] of table.columns.entries()) {
    batch.columns[i] = line.columns[name] ?? new Array<null>(line.rows).fill(null);
  }
  return batch;
}
