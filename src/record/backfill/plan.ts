/**
 * What a backfill from the archive will take, before it begins: files, bytes to fetch, room on the disk. Sizes of files
 * are the server's; what the database will need is estimated from them.
 */

import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DAY_US } from "../../base/units.ts";
import type { ArchiveClient } from "../../binance/archive/archive.ts";
import { type ArchiveFile, archiveFiles, dateOf, daysOf } from "../../binance/archive/layout.ts";
import type { HistoryKind } from "../../binance/trade_run.ts";
import type { KnownHistory, Stretch } from "./known_history.ts";

export interface PlanOptions {
  readonly archive: Pick<ArchiveClient, "size">;
  readonly stretch: Stretch;
  readonly kind: HistoryKind;
  /** undefined: there is no database yet. */
  readonly known: KnownHistory | undefined;
  readonly bars_only: boolean;
  readonly keep_files: boolean;
}

export interface BackfillPlan {
  readonly days: number;
  /** Of which nothing has to be fetched. */
  readonly days_known: number;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Days that are not published, alone or in a month. */
  readonly absent: readonly string[];
  readonly download_bytes: number;
  /** Copies of files that are on the disk at once. */
  readonly copies_bytes: number;
  /** By which the database grows, about. */
  readonly database_bytes: number;
  /** The database's log while it is loaded. */
  readonly log_bytes: number;
  readonly disk_bytes: number;
}

/** A row of the zips has 12 to 25 bytes. */
const ZIP_BYTES_A_ROW = 12;
/** With its indexes: 158 in the embedded database, more where TimescaleDB has an index for its aggregates. */
const TRADE_BYTES = 200;
/** With its index: 260 measured. A second without a trade has no bar. */
const BAR_BYTES = 300;
const BARS_A_DAY = 86_400;
const LOG_BYTES = 512 * 2 ** 20;

/** @throws ForetickError ARCHIVE_UNREACHABLE, STORE_…. */
export async function planBackfill(options: PlanOptions): Promise<BackfillPlan> {
  const { archive, stretch, kind, bars_only, keep_files } = options;
  const files: { name: string; bytes: number }[] = [];
  const absent: string[] = [];
  let days_known = 0;
  const add = async (file: ArchiveFile): Promise<boolean> => {
    const found = await archive.size(file);
    if (found) files.push({ name: file.name, bytes: found.bytes ?? 0 });
    return found !== undefined;
  };
  for (const file of archiveFiles(kind, stretch.symbol, stretch.from_us, stretch.to_us)) {
    const days = daysOf(file);
    const wanted: ArchiveFile[] = [];
    for (const day of days) if (!(await isKnown(options, day))) wanted.push(day);
    days_known += days.length - wanted.length;
    if (file.period === "monthly" && wanted.length > days.length / 2 && (await add(file))) continue;
    for (const day of wanted) if (!(await add(day))) absent.push(day.name);
  }
  const days = (stretch.to_us - stretch.from_us) / DAY_US;
  const download_bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const copies_bytes = keep_files
    ? download_bytes
    : files.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  const rows = download_bytes / ZIP_BYTES_A_ROW;
  const bars = Math.min(rows, (days - days_known) * BARS_A_DAY);
  const database_bytes = Math.ceil(bars * BAR_BYTES + (bars_only ? 0 : rows * TRADE_BYTES));
  const log_bytes = files.length > 0 ? LOG_BYTES : 0;
  const disk_bytes = copies_bytes + database_bytes + log_bytes;
  return {
    ...{ days, days_known, files, absent, download_bytes, copies_bytes },
    ...{ database_bytes, log_bytes, disk_bytes },
  };
}

async function isKnown({ known, kind }: PlanOptions, day: ArchiveFile): Promise<boolean> {
  if (!known) return false;
  const date = dateOf(day.from_us);
  return (await known.isKeptWhole(day, date)) || (await known.isWholeDay(day, date, kind));
}

/** The end of the last day whose file is published: today's is not, and yesterday's comes some hours after midnight. */
export async function lastPublishedEnd(
  archive: Pick<ArchiveClient, "size">,
  kind: HistoryKind,
  symbol: string,
  now_us: number,
): Promise<number> {
  const today_us = now_us - (now_us % DAY_US);
  for (let end_us = today_us; end_us > today_us - DAYS_LATE_MAX * DAY_US; end_us -= DAY_US) {
    const [file] = archiveFiles(kind, symbol, end_us - DAY_US, end_us);
    if (await archive.size(file!)) return end_us;
  }
  return today_us;
}

const DAYS_LATE_MAX = 3;

/** The folder itself, or the one above it that exists. */
export async function existingFolder(path: string): Promise<string> {
  const folder = resolve(path);
  const exists = await stat(folder).catch(() => undefined);
  return exists?.isDirectory() || dirname(folder) === folder ? folder : existingFolder(dirname(folder));
}
