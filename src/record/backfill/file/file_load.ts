/**
 * One file of the archive on its way into the database. Its rows may come in any order: a day counts as loaded with
 * the transaction that commits the last of its rows. Rows whose time is not the file's are kept beside it and loaded
 * nowhere.
 */

import { fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { DAY_US } from "../../../base/units.ts";
import type { ArchiveClient } from "../../../binance/archive/archive.ts";
import type { ArchiveFile } from "../../../binance/archive/layout.ts";
import { runOfLine } from "../../../binance/archive/rows.ts";
import type { TradeRun } from "../../../binance/trade_run.ts";
import { checkedRun } from "../checked_runs.ts";
import { type BackfillJob, loadBatch, nameSetAside, progressed } from "../job.ts";
import { BarBlocks } from "./bar_blocks.ts";
import { DayCounts } from "./day_counts.ts";
import type { Commit, RowSink } from "./row_sink.ts";
import { isWithin, rowsOfFile, startOf, surveyFile } from "./survey.ts";
import { TradeBatches } from "./trade_batches.ts";

/**
 * @param copy on disk, and the days that are loaded of it.
 * @throws ForetickError ARCHIVE_CONTENT, STORE_…; batches that were committed stay.
 */
export async function loadFileRows(
  job: BackfillJob,
  archive: Pick<ArchiveClient, "keepRows">,
  file: ArchiveFile,
  copy: { readonly path: string; readonly sha256: string; readonly wanted: readonly ArchiveFile[] },
): Promise<void> {
  const { path, sha256 } = copy;
  const wanted = new Set(copy.wanted.map(({ from_us }) => from_us));
  progressed(job, "load", file.from_us, file.name);
  const survey = await surveyFile(job, file, path);
  if (survey.rows_elsewhere > 0 && survey.days.size === 0) {
    fail(
      "ARCHIVE_CONTENT",
      `${file.name} expected rows of its own time, all ${survey.rows_elsewhere} are of another`,
    );
  }
  const days = new DayCounts({ kind: job.kind, file: file.name, sha256 }, wanted, survey);
  const commit: Commit = async (runs, blocks = []) => {
    const all = blocks.length > 0 ? [...runs, ...blocks.flatMap((block) => block.runs)] : runs;
    const whole = days.complete(all);
    await loadBatch(job, { runs, blocks, completes: whole });
    job.tally.days_loaded += whole.length;
    progressed(job, "load", all.at(-1)?.ts_us ?? file.to_us, file.name);
  };
  const { bars_only, batch_rows } = job;
  const sink = bars_only
    ? new BarBlocks(batch_rows, bars_only, survey, commit)
    : new TradeBatches(batch_rows, commit);
  await new RowReader(job, archive, { file, wanted }, sink).run(path);
  job.tally.refused += survey.refused;
}

class RowReader {
  readonly #job: BackfillJob;
  readonly #archive: Pick<ArchiveClient, "keepRows">;
  readonly #file: ArchiveFile;
  readonly #wanted: ReadonlySet<number>;
  readonly #sink: RowSink;
  /** The last row read, and the one before it. */
  #unchecked: TradeRun | undefined;
  #before: TradeRun | undefined;
  #elsewhere: string[] = [];
  #kept_any = false;

  constructor(
    job: BackfillJob,
    archive: Pick<ArchiveClient, "keepRows">,
    { file, wanted }: { readonly file: ArchiveFile; readonly wanted: ReadonlySet<number> },
    sink: RowSink,
  ) {
    this.#job = job;
    this.#archive = archive;
    this.#file = file;
    this.#wanted = wanted;
    this.#sink = sink;
  }

  async run(path: string): Promise<void> {
    for await (const line of rowsOfFile(path)) {
      const run = runOfLine(this.#job.kind, line);
      if (!run) continue;
      if (isWithin(this.#file, run.ts_us)) await this.#check(run);
      else await this.#keepBeside(run, line);
    }
    await this.#check(undefined);
    await this.#sink.finish();
    await this.#flushElsewhere();
  }

  /** A row is checked once the next one is known. */
  async #check(next: TradeRun | undefined): Promise<void> {
    const run = this.#unchecked;
    this.#unchecked = next;
    if (!run) return;
    const checked = checkedRun(this.#before, run, next);
    this.#before = run;
    if (!this.#wanted.has(startOf(run.ts_us, DAY_US))) return;
    this.#job.tally.rows_read++;
    await this.#sink.take(checked);
  }

  async #keepBeside(run: TradeRun, line: string): Promise<void> {
    const { tally } = this.#job;
    tally.rows_read++;
    tally.rows_elsewhere++;
    nameSetAside(tally, [{ trade_id: run.last_trade_id, ts_us: run.ts_us, reason: "other_day" }]);
    this.#elsewhere.push(line);
    if (this.#elsewhere.length >= LIMITS.load_batch_rows_max) await this.#flushElsewhere();
  }

  async #flushElsewhere(): Promise<void> {
    const lines = this.#elsewhere;
    if (lines.length === 0) return;
    this.#elsewhere = [];
    await this.#archive.keepRows(this.#file, lines, !this.#kept_any);
    this.#kept_any = true;
  }
}
