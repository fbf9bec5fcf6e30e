/** Reads rows back from a segment: as many lines at a time as make a batch. */

import { assert } from "../../../base/errors.ts";
import { nextTurn } from "../../../base/turns.ts";
import type { Disk } from "../disk.ts";
import type { WriteBatch } from "../queue/batch.ts";
import type { WriteTable } from "../table.ts";
import { decodeLine, isOf } from "./line.ts";
import type { Segment } from "./segment.ts";

/** Read at once; more where a line is longer. */
const WINDOW_BYTES = 1 << 20;
const NEWLINE = 10;

export interface ReadOptions {
  readonly disk: Disk;
  readonly table: WriteTable;
  readonly segment: Segment;
  /** From this byte to that one. */
  readonly from: number;
  readonly to: number;
  /** No further line is read once there are as many rows. */
  readonly rows_max: number;
  /** A line that is torn or unknown: of a process that was killed while it wrote, or damage. */
  readonly onDamaged: (line: string) => void;
}

export interface Read {
  /** undefined where there was no row of the table. */
  readonly batch: WriteBatch | undefined;
  /** The byte after the last line read. */
  readonly end: number;
}

/** @throws ForetickError STORE_JOURNAL. */
export async function readRows(options: ReadOptions): Promise<Read> {
  const { disk, segment, table, from, to, rows_max, onDamaged } = options;
  const data = await wholeLines(disk, segment, from, to);
  let batch: WriteBatch | undefined;
  let at = 0;
  while (at < data.length && (batch?.rows ?? 0) < rows_max) {
    const newline = data.indexOf(NEWLINE, at);
    const end = newline < 0 ? data.length : newline;
    const line = data.toString("utf8", at, end);
    const rows = decodeLine(line);
    if (rows?.table === table) {
      if (batch) batch.append(rows);
      else batch = rows;
    } else if (!rows && !(segment.shared && !isOf(line, table.name))) {
      onDamaged(line);
    }
    at = newline < 0 ? data.length : newline + 1;
    // Parsing takes milliseconds per batch: between two lines a tick may be handled.
    await nextTurn();
  }
  return { batch, end: from + at };
}

/** Bytes from `from` on that hold at least one whole line, or all there is. */
async function wholeLines(disk: Disk, { path }: Segment, from: number, to: number): Promise<Buffer> {
  assert(from < to, `a segment is read from before its end, was from ${from} to ${to}`);
  for (let length = WINDOW_BYTES; ; length *= 2) {
    const data = await disk.read(path, from, Math.min(length, to - from));
    const last = data.lastIndexOf(NEWLINE);
    // Without its newline: the last line of all.
    if (length >= to - from) return data;
    if (last >= 0) return data.subarray(0, last + 1);
  }
}
