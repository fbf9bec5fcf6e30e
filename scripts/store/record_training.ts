/**
 * Where `scripts/train.ts` records a training: the database with `--record` or a DATABASE_URL, an MLflow server with
 * MLFLOW_TRACKING_URI. Without either, nowhere: a first try on a laptop should not need a database.
 */

import { systemClock } from "../../src/base/clock.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { describeError } from "../../src/base/errors.ts";
import { createLogger } from "../../src/base/log.ts";
import { type CourseOfRecord, databaseSink, mlflowSink, recorderOf } from "../../src/train/course/record.ts";
import type { RunRecorder, RunSink } from "../../src/train/track/run_recorder.ts";
import { openStore } from "./open_store.ts";

/**
 * @param must_record whether the database was asked for.
 * @throws ForetickError CONFIG_INVALID; where the database was asked for, whatever opening it throws: better now than
 * after the training.
 */
export async function recordTraining(course: CourseOfRecord, must_record: boolean): Promise<RunRecorder> {
  const config = readConfig(process.env);
  const warn = (sentence: string): void => void process.stderr.write(`warning: ${sentence}\n`);
  const sinks: RunSink[] = [];
  if (must_record || config.database_url !== undefined) {
    try {
      sinks.push(await openSink(config, course.order.out));
    } catch (error) {
      if (must_record) throw error;
      warn(`this training is not recorded in the database: ${describeError(error)}`);
    }
  }
  const mlflow = mlflowSink(config, systemClock);
  if (mlflow) sinks.push(mlflow);
  return recorderOf(course, { sinks, clock: systemClock, warn });
}

async function openSink(config: Config, model_dir: string): Promise<RunSink> {
  const log = createLogger({ level: "warn", format: config.log_format });
  const database = await openStore({
    ...{ url: config.database_url, data_dir: config.data_dir, log },
    use: "write",
  });
  return databaseSink({ database, config, model_dir, clock: systemClock, close: () => database.close() });
}
