/** The training of one job: from the rows of the database to versions in the registry. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { ModelVersion } from "../../base/units.ts";
import { versionOf } from "../../model/bundle/manifest.ts";
import { TRIAL_FILE } from "../../model/bundle/newest.ts";
import type { ReadersBars } from "../../record/bars/bars_of_reader.ts";
import type { Database } from "../../record/database.ts";
import { tellProgress } from "../../record/training/job_changes.ts";
import type { TrainingJob } from "../../record/training/jobs.ts";
import { runCourse } from "../course/course.ts";
import { readHistory } from "../course/data.ts";
import { databaseSink, mlflowSink, recorderOf } from "../course/record.ts";
import { storedExtent } from "../rows/stored_extent.ts";
import type { RunSink } from "../track/run_recorder.ts";
import { orderOf, rangeOf } from "./job_order.ts";
import { JobProgress } from "./job_progress.ts";

export interface JobTrainingOptions {
  readonly database: Database;
  readonly bars: ReadersBars;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where bundles are until they are registered, and rows that memory should not hold. */
  readonly folder: string;
  /** The job was taken back or is another worker's: end at once. */
  readonly onLost: () => void;
}

export interface Trained {
  readonly versions: readonly ModelVersion[];
  /** The one to serve of them, where it passed its gates. */
  readonly proposed: ModelVersion | undefined;
  readonly data_rows: number;
}

/**
 * @throws ForetickError TRAIN_DATA where there are too few rows; TRAIN_JOB where a bundle could not be registered;
 * whatever `runCourse` throws.
 */
export async function trainJob(job: TrainingJob, options: JobTrainingOptions): Promise<Trained> {
  const { database, bars, config, clock, log, folder, onLost } = options;
  const order = orderOf(job, config, clock.now(), folder);
  let proposed: ModelVersion | undefined;
  const listener = new JobProgress({
    ...{ clock, onLost },
    say: (sentence) => log.info({ job_id: job.job_id }, sentence),
    tell: (told) => tellProgress(database.sql, job, told),
    onWritten: ({ contents: { manifest } }) => {
      if (manifest.proposed && manifest.servable) proposed = versionOf(manifest);
    },
  });
  const problems: string[] = [];
  const warn = (sentence: string): void => {
    problems.push(sentence);
    log.warn({ job_id: job.job_id }, sentence);
  };
  const versions: ModelVersion[] = [];
  const sinks = sinksOf(job, options, listener, (version) => versions.push(version));
  let data_rows = 0;
  const dirs = await runCourse(
    async () => {
      const range = rangeOf(job, config, await storedExtent(database, job.symbol));
      return await readHistory({ database, bars }, range, order, listener);
    },
    {
      ...{ order, listener, rows_min: config.min_training_data_points },
      recorderFor: async (course) => {
        data_rows = course.dataset.rows;
        return recorderOf(course, { sinks, clock, warn });
      },
    },
  );
  await listener.settled();
  if (versions.length < dirs.length) {
    const said = problems.join("; ");
    fail("TRAIN_JOB", `${dirs.length} bundles expected to be registered, ${versions.length} are: ${said}`);
  }
  return { versions, proposed, data_rows };
}

function sinksOf(
  job: TrainingJob,
  { database, config, clock, onLost }: JobTrainingOptions,
  listener: JobProgress,
  onRegistered: (version: ModelVersion) => void,
): RunSink[] {
  const own = databaseSink({
    ...{ database, config, model_dir: config.model_dir, clock, job_id: job.job_id, onRegistered },
    beforeRegistering: async (dir) => {
      await writeFile(join(dir, TRIAL_FILE), `${job.job_id}\n`);
      // Of two steps told at once the earlier could be written last.
      await listener.settled();
      const told = { step: "register", share: null, losses: [] } as const;
      if (!(await tellProgress(database.sql, job, told))) onLost();
    },
    // The database is the job's, which has more to write.
    close: async () => {},
  });
  const mlflow = mlflowSink(config, clock);
  return mlflow ? [own, mlflow] : [own];
}
