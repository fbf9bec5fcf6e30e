/** One training of the queue, as a worker's child: `bun scripts/train_job.ts <job> <attempt>`. People use `bun run jobs`. */

import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { createLogger } from "../src/base/log.ts";
import { barsOfReader } from "../src/record/bars/bars_of_reader.ts";
import { whenOrphaned } from "../src/train/jobs/child.ts";
import { runJob } from "../src/train/jobs/run_job.ts";
import { jobFolder } from "../src/train/jobs/worker.ts";
import { runScript } from "./flags/source.ts";
import { openStore } from "./store/open_store.ts";

await runScript(async () => {
  const [job_id = "", attempt = "0"] = process.argv.slice(2);
  whenOrphaned(() => process.exit(1));
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const clock = systemClock;
  const database = await openStore({ url: config.database_url, data_dir: config.data_dir, log });
  try {
    const bars = await barsOfReader({ database, clock, log });
    const onLost = (): never => process.exit(0);
    const folder = jobFolder(config, job_id);
    await runJob(
      { job_id, attempt: Number(attempt) },
      { database, bars, config, clock, log, folder, onLost },
    );
    await bars.close();
  } finally {
    await database.close();
  }
  process.exit();
});
