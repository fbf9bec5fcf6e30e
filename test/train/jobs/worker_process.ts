/** A worker as a process of its own, so that a test can kill it: database, data directory and model directory as arguments. */

import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { connectDatabase } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import type { Attempt } from "../../../src/record/training/job_changes.ts";
import { TrainingWorker } from "../../../src/train/jobs/worker.ts";
import { workerConfig } from "./worker_config.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const config = workerConfig(url, folder);
const link = new DatabaseLink({
  url,
  data_dir: join(folder, "killed"),
  log: silentLogger,
  clock: systemClock,
});
const script = join(import.meta.dir, "../../../scripts/train_job.ts");
await TrainingWorker.start({
  ...{ database: await connectDatabase(link), config, clock: systemClock, log: silentLogger, nice: 0 },
  command: ({ job_id, attempt }: Attempt) => [process.execPath, script, job_id, String(attempt)],
  heartbeat_s: 10,
});
