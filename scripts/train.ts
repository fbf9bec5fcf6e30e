/**
 * `bun scripts/train.ts --model mlp --tape file.tape`: fits a model on the first part of tapes or of the
 * database's history, scores it on the later part beside every baseline, holds it to the gates, and writes a bundle with its report card.
 */

import { mkdir } from "node:fs/promises";
import { writeBundle } from "../src/model/bundle.ts";
import { readGates } from "../src/model/gates.ts";
import type { Dataset } from "../src/train/dataset.ts";
import { filterDataset, filterSentence } from "../src/train/filters.ts";
import { finishModel } from "../src/train/finish.ts";
import { ProgressLine, searchText } from "../src/train/progress_line.ts";
import { apartOf, type TrainingRun, train } from "../src/train/run.ts";
import type { RunRecorder } from "../src/train/run_recorder.ts";
import type { SearchProgress } from "../src/train/search/search.ts";
import { cutOf } from "../src/train/split.ts";
import { type FitProgress, type Fitted, isNetwork, type Trainable } from "../src/train/trainable.ts";
import { trainableOf } from "../src/train/trainables.ts";
import { trainFolds, walkForward } from "../src/train/walk_forward.ts";
import { recordTraining } from "./record_training.ts";
import { runScript } from "./source_flags.ts";
import { readHistory, readTapes, type TrainingData } from "./train_data.ts";
import { describeBundle, describeFits, describeFold, describeRun, describeScores } from "./train_lines.ts";
import { HORIZON_S, readSettings, type Settings, USAGE } from "./train_settings.ts";

const say = (line: string): void => console.log(line);

const readData = ({ tapes, range, set }: Settings): Promise<TrainingData> =>
  range ? readHistory(range, set, HORIZON_S, say) : readTapes(tapes, set, HORIZON_S, say);

/** Aborted by the first Ctrl-C; the second ends the process as it would without this. */
function stopOnInterrupt(): AbortSignal {
  const control = new AbortController();
  process.once("SIGINT", () => {
    process.stderr.write("\nstopping; the best so far is kept (Ctrl-C again ends at once)\n");
    control.abort();
  });
  return control.signal;
}

/** What is asked for, each by itself or searched. A search shows its trials, not their epochs. */
async function trainablesFor(settings: Settings, line: ProgressLine): Promise<Trainable[]> {
  const { kinds, search, backend, out } = settings;
  if (kinds.every((kind) => kind === "ridge")) return Promise.all(kinds.map(trainableOf));
  // Not loaded for a ridge, which needs none of it.
  const { openBackend } = await import("../src/train/network/backend.ts");
  say(`with    ${(await openBackend(backend && [backend])).description}`);
  if (!search) return Promise.all(kinds.map(trainableOf));
  await mkdir(out, { recursive: true });
  const { searchedTrainable } = await import("../src/train/search/search.ts");
  const onTrial = (progress: SearchProgress): void => line.draw(searchText(progress));
  return kinds.filter(isNetwork).map((kind) => searchedTrainable(kind, { ...search, onTrial }));
}

async function fitAll(
  dataset: Dataset,
  settings: Settings & { cut_sec: number },
  recorder: RunRecorder,
): Promise<TrainingRun> {
  const line = new ProgressLine(process.stdout);
  const trainables = await trainablesFor(settings, line);
  let fitting = "";
  const run = await train(dataset, settings.set, trainables, {
    ...settings,
    signal: stopOnInterrupt(),
    onProgress: (progress) => {
      const now = `${progress.kind} ${progress.member}`;
      if (now !== fitting) line.end();
      fitting = now;
      line.show(progress);
      recorder.epoch(progress);
    },
  });
  line.end();
  return run;
}

/** Every later part by a model that saw none of it. What the whole range is filtered by comes after. */
async function walkFolds(dataset: Dataset, settings: Settings): Promise<void> {
  const { set, folds } = settings;
  const line = new ProgressLine(process.stdout);
  const trainables = await trainablesFor(settings, line);
  const sequence_length = Math.max(1, ...trainables.map((trainable) => trainable.sequence_length));
  const apart = apartOf(dataset, set, sequence_length, settings);
  const parts = walkForward(dataset.ts_sec, folds, apart);
  const options = { ...settings, onProgress: (progress: FitProgress) => line.show(progress) };
  let number = 0;
  for await (const run of trainFolds(dataset, set, trainables, options, parts)) {
    line.end();
    for (const text of describeFold(++number, folds, run)) say(text);
  }
  say("");
}

/** Those asked for, and ridge where it was not asked for but did as well. */
const worthWriting = ({ fitted, ridge, proposal }: TrainingRun): readonly Fitted[] =>
  fitted.some(({ name }) => name === proposal.model) ? fitted : [...fitted, ridge];

await runScript(async () => {
  const settings = readSettings();
  if (settings === "help") return say(USAGE);
  const gates = await readGates(settings.gates);
  const { dataset: all, sources } = await readData(settings);
  if (settings.folds > 0) await walkFolds(all, settings);
  const cut_sec = cutOf(all.ts_sec, { from: 0, to: all.rows }, settings.train_share);
  const dataset = filterDataset(all, cut_sec, settings.filters);
  sources.push(filterSentence(settings.filters));
  const recorder = await recordTraining({ dataset, sources, settings });
  await recorder.during(async () => {
    const run = await fitAll(dataset, { ...settings, cut_sec }, recorder);
    for (const line of [...describeRun(dataset, run), ...describeFits(run), ...describeScores(run)])
      say(line);
    for (const model of worthWriting(run)) {
      const asked = run.fitted.includes(model) ? settings.name : undefined;
      const options = { ...settings, name: asked ?? `${model.kind}-${settings.set.name}`, sources };
      const finished = await finishModel(dataset, settings.set, run, model, gates, options);
      const dir = await writeBundle(settings.out, finished.contents);
      for (const line of describeBundle(dir, finished)) say(line);
      recorder.finished(model, finished.contents.manifest, dir);
    }
  });
});
