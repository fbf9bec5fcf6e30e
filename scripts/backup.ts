/**
 * `bun run backup --to <folder>`: the database and the bundles of MODEL_DIR as one folder, while a service runs. See
 * docs/deploy.md.
 */

import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { takeBackup } from "../src/record/backup/backup.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, readFlags, runScript } from "./flags/source.ts";
import { backupLines, needLine, showProgress } from "./lines/backup.ts";
import { ProgressBar } from "./lines/progress/progress_bar.ts";
import { withStore } from "./store/with_store.ts";

const USAGE = `usage: bun run backup --to backups/2026-11-28

  of one instant, whether or not a service runs; bun run restore puts it back

  --to            folder to make
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  to: { type: "string" },
  "database-url": { type: "string" },
} as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    const example = { to: "backups/2026-11-28" };
    return void process.stdout.write(`${withExample(USAGE, OPTIONS, "backup", example)}\n`);
  }
  const folder = flags.to ?? fail("CONFIG_INVALID", `--to expected a folder, was not given\n\n${USAGE}`);
  const config = readConfig(process.env);
  const bar = new ProgressBar(systemClock, process.stderr);
  await withStore({ config, url: databaseUrl(flags, config) }, async (database) => {
    try {
      const manifest = await takeBackup({
        ...{ database, model_dir: config.model_dir, folder: String(folder), clock: systemClock },
        onNeed: (need, free) => process.stderr.write(`${needLine(need, free)}\n`),
        onProgress: (progress) => showProgress(bar, progress),
      });
      bar.clear();
      for (const line of backupLines(String(folder), manifest)) process.stdout.write(`${line}\n`);
    } finally {
      bar.clear();
    }
  });
});
