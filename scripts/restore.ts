/**
 * `bun run restore --from <folder>`: a backup into an empty DATA_DIR or database, while no service runs there.
 * `--check` reads it through and changes nothing. See docs/deploy.md.
 */

import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import { checkBackup } from "../src/record/backup/check.ts";
import { restoreBackup } from "../src/record/backup/restore.ts";
import { DatabaseLink } from "../src/record/link.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, readFlags, runScript } from "./flags/source.ts";
import { backupLines, needLine, showProgress } from "./lines/backup.ts";
import { ProgressBar } from "./lines/progress/progress_bar.ts";

const USAGE = `usage: bun run restore --from backups/2026-11-28 [--check | --overwrite]

  into the embedded database of DATA_DIR or the one of DATABASE_URL, which must be empty, and MODEL_DIR

  --from          folder of bun run backup
  --check         only reads it through: whether every file is as it was written
  --overwrite     first deletes every row the database holds
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  from: { type: "string" },
  check: { type: "boolean" },
  overwrite: { type: "boolean" },
  "database-url": { type: "string" },
} as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    const example = { from: "backups/2026-11-28" };
    return void process.stdout.write(`${withExample(USAGE, OPTIONS, "restore", example)}\n`);
  }
  const from = flags.from ?? fail("CONFIG_INVALID", `--from expected a folder, was not given\n\n${USAGE}`);
  const folder = String(from);
  const config = readConfig(process.env);
  const bar = new ProgressBar(systemClock, process.stderr);
  const onProgress = (progress: Parameters<typeof showProgress>[1]): void => showProgress(bar, progress);
  try {
    if (flags.check === true) {
      const manifest = await checkBackup({ folder, clock: systemClock, onProgress });
      bar.clear();
      for (const line of backupLines(folder, manifest)) process.stdout.write(`${line}\n`);
      return;
    }
    const { data_dir, model_dir } = config;
    const log = createLogger({ level: "warn", format: config.log_format });
    const link = new DatabaseLink({ url: databaseUrl(flags, config), data_dir, log, clock: systemClock });
    try {
      const manifest = await restoreBackup({
        ...{ link, model_dir, folder, overwrite: flags.overwrite === true, onProgress },
        onNeed: (need, free) => process.stderr.write(`${needLine(need, free)}\n`),
      });
      bar.clear();
      process.stdout.write(`restored the state of ${manifest.taken_at}: bun run serve goes on from there\n`);
    } finally {
      await link.close();
    }
  } finally {
    bar.clear();
  }
});
