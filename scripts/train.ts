/**
 * `bun scripts/train.ts --model mlp --tape file.tape`: fits a model on the first part of tapes or of the
 * database's history, scores it on the later part beside every baseline, holds it to the gates, and writes a bundle with its report card.
 */

import { readConfig } from "../src/base/config.ts";
import { type CourseOptions, runCourse } from "../src/train/course/course.ts";
import { readHistory, readTapes, type TrainingData } from "../src/train/course/data.ts";
import type { CourseListener } from "../src/train/course/listener.ts";
import { withHistory } from "./flags/range.ts";
import { runScript } from "./flags/source.ts";
import { readSettings, type Settings, trainHelp } from "./flags/train_settings.ts";
import { printingListener } from "./lines/progress/train_listener.ts";
import { recordTraining } from "./store/record_training.ts";

const readData = ({ tapes, range, ...asked }: Settings, listener: CourseListener): Promise<TrainingData> =>
  range
    ? withHistory(range.database_url, (database, bars) =>
        readHistory({ database, bars }, range, asked, listener),
      )
    : readTapes(tapes, asked, listener);

/** Aborted by the first Ctrl-C; the second ends the process as it would without this. */
function stopOnInterrupt(): AbortSignal {
  const control = new AbortController();
  process.once("SIGINT", () => {
    process.stderr.write("\nstopping; the best so far is kept (Ctrl-C again ends at once)\n");
    control.abort();
  });
  return control.signal;
}

await runScript(async () => {
  const settings = readSettings();
  if (settings === "help") return console.log(trainHelp());
  const listener = printingListener();
  const options: CourseOptions = {
    order: { ...settings, seal: readConfig(process.env).bundle_key },
    listener,
    recorderFor: (course) => recordTraining(course, settings.record),
    stopSignal: stopOnInterrupt,
  };
  await runCourse(() => readData(settings, listener), options);
});
