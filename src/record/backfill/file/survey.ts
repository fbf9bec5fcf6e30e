/**
 * What a file of the archive holds, by time, read before any of it is loaded: a file need not be in order, and only
 * this says when the last row of a day, or of a block of bars, has come.
 */

import { DAY_US } from "../../../base/units.ts";
import type { ArchiveFile } from "../../../binance/archive/layout.ts";
import { isHeader, timeOfLine } from "../../../binance/archive/rows.ts";
import { linesOfZip } from "../../../binance/archive/zip.ts";
import type { HistoryKind } from "../../../binance/trade_run.ts";

/** All bars count from blocks of the longest bucket: five minutes. */
export const BLOCK_US = 300_000_000;

export interface Survey {
  /** Rows of the file's own time, by the start of their block (µs). */
  readonly blocks: ReadonlyMap<number, number>;
  /** Of the same rows, by the start of their UTC day. */
  readonly days: ReadonlyMap<number, number>;
  /** Rows whose time is outside of the file's. */
  readonly rows_elsewhere: number;
  /** Rows that describe no trade. */
  readonly refused: number;
}

/** @throws ForetickError ARCHIVE_CONTENT; the signal's reason once it is aborted. */
export async function surveyFile(
  { kind, signal }: { readonly kind: HistoryKind; readonly signal: AbortSignal },
  file: ArchiveFile,
  path: string,
): Promise<Survey> {
  const blocks = new Map<number, number>();
  let [rows_elsewhere, refused] = [0, 0];
  for await (const line of rowsOfFile(path)) {
    signal.throwIfAborted();
    const ts_us = timeOfLine(kind, line);
    if (ts_us === undefined) refused++;
    else if (!isWithin(file, ts_us)) rows_elsewhere++;
    else {
      const block_us = startOf(ts_us, BLOCK_US);
      blocks.set(block_us, (blocks.get(block_us) ?? 0) + 1);
    }
  }
  const days = new Map<number, number>();
  for (const [block_us, rows] of blocks) {
    const day_us = startOf(block_us, DAY_US);
    days.set(day_us, (days.get(day_us) ?? 0) + rows);
  }
  return { blocks, days, rows_elsewhere, refused };
}

/** The lines of a file's CSV, its header left out. */
export async function* rowsOfFile(path: string): AsyncGenerator<string, void, void> {
  let is_first = true;
  for await (const lines of linesOfZip(path)) {
    for (const line of lines) {
      if (is_first && isHeader(line)) continue;
      is_first = false;
      yield line;
    }
  }
}

export const isWithin = ({ from_us, to_us }: ArchiveFile, ts_us: number): boolean =>
  ts_us >= from_us && ts_us < to_us;

export const startOf = (ts_us: number, width_us: number): number => ts_us - (ts_us % width_us);
