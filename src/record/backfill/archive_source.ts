/**
 * History from the archive, file by file: whole months where they are wanted whole and published, single days
 * otherwise. A day is marked as loaded with its last rows; a day of which every trade is known is not fetched.
 */

import { ForetickError } from "../../base/errors.ts";
import type { ArchiveClient } from "../../binance/archive/archive.ts";
import { type ArchiveFile, archiveFiles, dateOf, daysOf } from "../../binance/archive/layout.ts";
import { loadFileRows } from "./file/file_load.ts";
import { type BackfillJob, progressed } from "./job.ts";

export interface ArchiveSource {
  readonly archive: ArchiveClient;
  /** Keep the files once they are loaded. */
  readonly keep_files: boolean;
}

/**
 * @param doubted starts of days that are loaded whatever is known of them (µs).
 * @throws ForetickError ARCHIVE_UNREACHABLE, STORE_…; a bad or absent file is in the tally instead.
 */
export async function loadArchive(
  job: BackfillJob,
  source: ArchiveSource,
  doubted: ReadonlySet<number>,
): Promise<void> {
  const { symbol, from_us, to_us } = job.stretch;
  for (const file of archiveFiles(job.kind, symbol, from_us, to_us)) {
    const days = daysOf(file);
    const wanted: ArchiveFile[] = [];
    for (const day of days) if (doubted.has(day.from_us) || (await isWanted(job, day))) wanted.push(day);
    if (wanted.length > 0) await loadDays(job, source, file, wanted);
  }
}

/** A month's file where most of its days are wanted, and where one of them has no file of its own. */
async function loadDays(
  job: BackfillJob,
  source: ArchiveSource,
  file: ArchiveFile,
  wanted: readonly ArchiveFile[],
): Promise<void> {
  const { tally, known, kind } = job;
  const is_month = file.period === "monthly";
  const month_first = is_month && wanted.length > daysOf(file).length / 2;
  if (month_first && (await loadFile(job, source, file, wanted)) === "loaded") return;
  let left: ArchiveFile[] = [];
  for (const day of wanted) {
    // A month that was set aside half-way has left whole days behind.
    if (month_first && (await known.isWholeDay(day, dateOf(day.from_us), kind))) continue;
    const outcome = await loadFile(job, source, day, [day]);
    if (outcome === "absent") left.push(day);
    if (outcome === "quarantined") tally.days_failed++;
  }
  if (left.length > 0 && is_month && !month_first) {
    if ((await loadFile(job, source, file, left)) === "loaded") left = [];
  }
  tally.days_failed += left.length;
  tally.absent.push(...left.map(({ name }) => name));
}

async function isWanted(job: BackfillJob, day: ArchiveFile): Promise<boolean> {
  const { known, tally, kind } = job;
  job.signal.throwIfAborted();
  if (!job.again && (await known.isKeptWhole(day, dateOf(day.from_us)))) {
    if (job.bars_only) tally.days_known++;
    else tally.days_dropped++;
  } else if (await known.isWholeDay(day, dateOf(day.from_us), kind)) tally.days_known++;
  else return true;
  if (job.bars_only) job.bars_only.last_id = undefined;
  progressed(job, "load", day.to_us, day.name);
  return false;
}

async function loadFile(
  job: BackfillJob,
  { archive, keep_files }: ArchiveSource,
  file: ArchiveFile,
  wanted: readonly ArchiveFile[],
): Promise<"loaded" | "absent" | "quarantined"> {
  const { tally, log } = job;
  let copy = await archive.fetch(file, (received, total) => {
    const { rows_read, rows_added } = tally;
    const done = total ? received / total : 0;
    job.onProgress({ stage: "download", done, at: file.name, rows_read, rows_added });
  });
  if (copy.kind === "ready") {
    try {
      await loadFileRows(job, archive, file, { ...copy, wanted });
      if (!keep_files) await archive.discard(file);
      return "loaded";
    } catch (error) {
      if (!(error instanceof ForetickError && error.code === "ARCHIVE_CONTENT")) throw error;
      copy = await archive.quarantine(file, error.message);
    }
  }
  if (copy.kind === "quarantined") {
    tally.quarantined.push({ file: file.name, reason: copy.reason });
    log.warn({ file: file.name, reason: copy.reason }, "an archive is set aside");
    return "quarantined";
  }
  return "absent";
}
