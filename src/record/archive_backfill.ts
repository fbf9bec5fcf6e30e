/**
 * History from the archive, file by file: whole months where they are wanted whole and published, single days
 * otherwise. A day is marked as loaded with its last rows; a day of which every trade is known is not fetched.
 */

import { ForetickError } from "../base/errors.ts";
import type { ArchiveClient } from "../binance/archive.ts";
import { type ArchiveFile, archiveFiles, DAY_US, dateOf, daysOf } from "../binance/archive_layout.ts";
import { isHeader, runOfLine } from "../binance/archive_rows.ts";
import { linesOfZip } from "../binance/archive_zip.ts";
import type { TradeRun } from "../binance/trade_run.ts";
import { type BackfillJob, loadBatch, progressed } from "./backfill_job.ts";

export interface ArchiveSource {
  readonly archive: ArchiveClient;
  /** Keep the files once they are loaded. */
  readonly keep_files: boolean;
}

/** @throws ForetickError ARCHIVE_UNREACHABLE, STORE_…; a bad or absent file is in the tally instead. */
export async function loadArchive(job: BackfillJob, source: ArchiveSource): Promise<void> {
  const { symbol, from_us, to_us } = job.stretch;
  for (const file of archiveFiles(job.kind, symbol, from_us, to_us)) {
    const days = daysOf(file);
    const wanted: ArchiveFile[] = [];
    for (const day of days) if (await isWanted(job, day)) wanted.push(day);
    if (wanted.length === 0) continue;
    const as_month = file.period === "monthly" && wanted.length === days.length;
    if (as_month && (await loadFile(job, source, file)) === "loaded") continue;
    for (const day of wanted) {
      // A month that was set aside half-way has left whole days behind.
      if (as_month && (await job.known.isWholeDay(day, dateOf(day.from_us), job.kind))) continue;
      const outcome = await loadFile(job, source, day);
      if (outcome === "absent") job.tally.absent.push(day.name);
      if (outcome !== "loaded") job.tally.days_failed++;
    }
  }
}

async function isWanted(job: BackfillJob, day: ArchiveFile): Promise<boolean> {
  const { known, tally, kind } = job;
  job.signal.throwIfAborted();
  if (await known.isDropped(day)) tally.days_dropped++;
  else if (await known.isWholeDay(day, dateOf(day.from_us), kind)) tally.days_known++;
  else return true;
  progressed(job, "load", day.to_us, day.name);
  return false;
}

async function loadFile(
  job: BackfillJob,
  { archive, keep_files }: ArchiveSource,
  file: ArchiveFile,
): Promise<"loaded" | "absent" | "quarantined"> {
  const { tally, log } = job;
  let copy = await archive.fetch(file, (received, total) => {
    const { rows_read, rows_added } = tally;
    const done = total ? received / total : 0;
    job.onProgress({ stage: "download", done, at: file.name, rows_read, rows_added });
  });
  if (copy.kind === "ready") {
    try {
      await new FileLoad(job, file, copy.sha256).run(copy.path);
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

/** One file on its way into the database. */
class FileLoad {
  readonly #job: BackfillJob;
  readonly #file: ArchiveFile;
  readonly #sha256: string;
  #batch: TradeRun[] = [];
  #day_us: number;
  #first_id: number | undefined;
  #last_id: number | undefined;
  #n = 0;
  #refused = 0;

  constructor(job: BackfillJob, file: ArchiveFile, sha256: string) {
    this.#job = job;
    this.#file = file;
    this.#sha256 = sha256;
    this.#day_us = file.from_us;
  }

  async run(path: string): Promise<void> {
    let is_first_line = true;
    for await (const lines of linesOfZip(path)) {
      for (const line of lines) {
        if (is_first_line && isHeader(line)) continue;
        is_first_line = false;
        const run = runOfLine(this.#job.kind, line);
        if (!run) this.#refused++;
        else {
          const due = this.#dueBefore(run);
          if (due) await this.#flush(run.ts_us);
          this.#take(run);
        }
      }
    }
    await this.#flush(this.#file.to_us);
  }

  /** A batch ends with a day, or, when it is full, where the time changes. */
  #dueBefore(run: TradeRun): boolean {
    if (run.ts_us >= this.#day_us + DAY_US) return true;
    return this.#batch.length >= this.#job.batch_rows && this.#batch.at(-1)!.ts_us !== run.ts_us;
  }

  #take(run: TradeRun): void {
    this.#batch.push(run);
    this.#first_id ??= run.first_trade_id;
    this.#last_id = run.last_trade_id;
    this.#n += run.last_trade_id - run.first_trade_id + 1;
    this.#job.tally.rows_read++;
  }

  /** Loads what has come; `next_us`, the time of what comes next, says which days that completes. */
  async #flush(next_us: number): Promise<void> {
    for (;;) {
      const is_day_over = next_us >= this.#day_us + DAY_US;
      await loadBatch(this.#job, this.#batch, is_day_over ? this.#dayLoaded() : undefined);
      this.#batch = [];
      progressed(this.#job, "load", Math.min(next_us, this.#file.to_us), this.#file.name);
      if (!is_day_over) return;
      this.#nextDay();
      if (this.#day_us >= this.#file.to_us) return;
      if (next_us < this.#day_us + DAY_US) return;
    }
  }

  #dayLoaded() {
    return {
      day: dateOf(this.#day_us),
      kind: this.#job.kind,
      file: this.#file.name,
      sha256: this.#sha256,
      first_trade_id: this.#first_id,
      last_trade_id: this.#last_id,
      n: this.#n,
      refused: this.#refused,
    };
  }

  #nextDay(): void {
    this.#job.tally.days_loaded++;
    this.#job.tally.refused += this.#refused;
    this.#day_us += DAY_US;
    this.#first_id = undefined;
    this.#last_id = undefined;
    this.#n = 0;
    this.#refused = 0;
  }
}
