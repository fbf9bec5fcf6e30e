/**
 * `bun run worker`: trains what is asked for, one process beside the service or on another machine, configured by the
 * environment as the service is. SIGTERM ends it; what it was training runs again on another worker. See
 * docs/training.md.
 */

import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { createLogger } from "../src/base/log.ts";
import { whenOrphaned } from "../src/train/jobs/child.ts";
import { TrainingWorker } from "../src/train/jobs/worker.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";
import { openStore } from "./store/open_store.ts";

const USAGE = `usage: bun run worker [--ends-with-parent]

  --ends-with-parent  ends when the process that started it does: how the service starts its own`;
const OPTIONS = { help: { type: "boolean", short: "h" }, "ends-with-parent": { type: "boolean" } } as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return void process.stdout.write(`${withExample(USAGE, OPTIONS, "worker")}\n`);
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format }).child({ stage: "train" });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    if (flags["ends-with-parent"]) whenOrphaned(resolve);
  });
  const database = await openStore({ url: config.database_url, data_dir: config.data_dir, log });
  const worker = await TrainingWorker.start({
    ...{ database, config, log, clock: systemClock },
    command: ({ job_id, attempt }) => [
      process.execPath,
      join(import.meta.dir, "train_job.ts"),
      job_id,
      String(attempt),
    ],
  });
  log.info({ schedule: config.training_schedule, symbols: config.symbols }, "waiting for trainings");
  await stopped;
  log.info({ running: worker.running }, "stopping: what is being trained runs again on another worker");
  await worker.close();
  await database.close();
  process.exit();
});
