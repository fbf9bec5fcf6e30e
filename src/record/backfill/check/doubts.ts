/**
 * Days whose files are worth fetching again: trades are missing there, the exchange's klines tell of others, or the file
 * that was loaded has been published again since.
 */

import type { Sql } from "postgres";
import { DAY_US } from "../../../base/units.ts";
import type { ArchiveClient } from "../../../binance/archive/archive.ts";
import { archiveFiles, daysOf } from "../../../binance/archive/layout.ts";
import { asked } from "../../sql/asked.ts";
import type { BackfillJob } from "../job.ts";
import type { MissingIds } from "../known_history.ts";
import type { KlineCheck } from "./kline_check.ts";

/** @returns starts of the days (µs). @throws ForetickError ARCHIVE_UNREACHABLE, STORE_UNREACHABLE, STORE_QUERY. */
export async function doubtedDays(
  job: BackfillJob,
  archive: Pick<ArchiveClient, "published">,
  missing: readonly MissingIds[],
  check: KlineCheck | undefined,
): Promise<Set<number>> {
  const { from_us, to_us } = job.stretch;
  const days = new Set<number>();
  const add = (first_us: number, last_us: number): void => {
    const end_us = Math.min(to_us - 1, last_us);
    const first_day_us = Math.max(from_us, first_us);
    for (let day_us = first_day_us - (first_day_us % DAY_US); day_us <= end_us; day_us += DAY_US)
      days.add(day_us);
  };
  for (const { before_us, after_us } of missing) add(before_us ?? from_us, after_us ?? to_us);
  for (const minute_us of check?.differing ?? []) add(minute_us, minute_us);
  for (const day_us of await republished(job, archive)) add(day_us, day_us);
  return days;
}

/** Days that were loaded from a file whose checksum is another one now. */
async function republished(job: BackfillJob, archive: Pick<ArchiveClient, "published">): Promise<number[]> {
  const { symbol, from_us, to_us } = job.stretch;
  const months = archiveFiles(job.kind, symbol, from_us, to_us);
  const files = new Map([...months, ...months.flatMap(daysOf)].map((file) => [file.name, file]));
  const now = new Map<string, string | undefined>();
  const days: number[] = [];
  for (const { file, sha256, day_us } of await loadedDays(job.sql, job)) {
    const published = files.get(file);
    if (!published) continue;
    if (!now.has(file)) now.set(file, await archive.published(published));
    const sum = now.get(file);
    if (sum !== undefined && sum !== sha256) days.push(day_us);
  }
  return days;
}

async function loadedDays(
  sql: Sql,
  { kind, stretch: { symbol, from_us, to_us } }: BackfillJob,
): Promise<{ file: string; sha256: string; day_us: number }[]> {
  const rows = await asked(
    sql<{ file: string; sha256: string; day_us: string }[]>`
      select file, sha256, us_of(day::timestamp at time zone 'UTC') as day_us
      from archive_days
      where symbol = ${symbol}
        and kind = ${kind}
        and day::timestamp at time zone 'UTC' >= at_us(${from_us})
        and day::timestamp at time zone 'UTC' < at_us(${to_us})
      order by day`,
  );
  return rows.map((row) => ({ ...row, day_us: Number(row.day_us) }));
}
