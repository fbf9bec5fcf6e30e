/** What `bun run backup` and `bun run restore` print: what is needed, how far it is, what a backup holds. */

import type { BackupProgress } from "../../src/record/backup/backup.ts";
import type { Manifest } from "../../src/record/backup/manifest.ts";
import type { ProgressBar } from "./progress/progress_bar.ts";

const mib = (bytes: number): string =>
  `${(bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 })} MiB`;

export const needLine = (need_bytes: number, free_bytes: number): string =>
  `needs at most about ${mib(need_bytes)} of disk; ${mib(free_bytes)} are free`;

export function showProgress(bar: ProgressBar, { title, at, done_bytes, all_bytes }: BackupProgress): void {
  const done = all_bytes === 0 ? 1 : done_bytes / all_bytes;
  bar.show({ title, done, at, count: Math.round(done_bytes / 2 ** 20), unit: "MiB" });
}

export function backupLines(folder: string, { taken_at, database, tables, models }: Manifest): string[] {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = [...tables.map(({ file }) => file), ...models].reduce((sum, file) => sum + file.bytes, 0);
  const bundles = new Set(models.map(({ path }) => path.split("/")[1]));
  return [
    `${folder}: ${rows.toLocaleString("en")} rows of ${tables.length} tables, ${bundles.size} bundles, ${mib(bytes)}, as of ${taken_at}`,
    `  of ${database}`,
    "  not in it: settings and secrets of the environment, captures, the lake, the queue of trainings, rows still in the journal",
  ];
}
