/**
 * A training from rows to bundles, the one path of the command and of the worker: walk-forward where asked, filters,
 * fits, scores, gates, report cards. What it writes is told to the recorder, which registers it.
 */

import { mkdir } from "node:fs/promises";
import { fail } from "../../base/errors.ts";
import { writeBundle } from "../../model/bundle/bundle.ts";
import { readGates } from "../../model/gates.ts";
import type { Dataset } from "../data/dataset.ts";
import { filterDataset, filterSentence } from "../data/filters.ts";
import { cutOf } from "../data/split.ts";
import { trainFolds, walkForward, walkForwardByMonth } from "../data/walk_forward.ts";
import { finishModel } from "../finish.ts";
import { defaultKinds } from "../fit/default_kinds.ts";
import { type FitProgress, type Fitted, isNetwork, type Trainable } from "../fit/trainable.ts";
import { trainableOf } from "../fit/trainables.ts";
import { type WalkForwardPart, walkForwardPart } from "../report/figures/walk_forward.ts";
import { apartOf, type TrainingRun, train } from "../run.ts";
import type { SearchProgress } from "../search/search.ts";
import type { RunRecorder } from "../track/run_recorder.ts";
import type { TrainingData } from "./data.ts";
import type { CourseListener } from "./listener.ts";
import type { TrainingOrder } from "./order.ts";
import type { CourseOfRecord } from "./record.ts";

export interface CourseOptions {
  readonly order: TrainingOrder;
  readonly listener: CourseListener;
  /** Opened once the rows are known; it is closed with the training. */
  readonly recorderFor: (course: CourseOfRecord) => Promise<RunRecorder>;
  /** Asked for once fitting begins: aborted, the fit ends and the best so far is kept. */
  readonly stopSignal?: () => AbortSignal;
  /** Fewer rows than that are not trained on (rows). */
  readonly rows_min?: number;
}

/**
 * @param readData called after everything that can be refused without it was looked at.
 * @returns the folders of the bundles written.
 * @throws ForetickError GATES_INVALID; TRAIN_DATA; TRAIN_BACKEND; BUNDLE_EXISTS, BUNDLE_GOLDEN.
 */
export async function runCourse(
  readData: () => Promise<TrainingData>,
  options: CourseOptions,
): Promise<string[]> {
  const { listener, recorderFor, rows_min = 0 } = options;
  const gates = await readGates(options.order.gates);
  const data = await readData();
  const { dataset: all, set, sources } = data;
  if (all.rows < rows_min) {
    fail(
      "TRAIN_DATA",
      `at least ${rows_min.toLocaleString("en")} rows expected, ${all.rows.toLocaleString("en")} are usable: collect or backfill more, or lower MIN_TRAINING_DATA_POINTS`,
    );
  }
  const order = { ...options.order, kinds: kindsFor(options.order, all, listener) };
  const walk_forward = order.folds === 0 ? undefined : await walkFolds(data, order, listener);
  const cut_sec = cutOf(all.ts_sec, { from: 0, to: all.rows }, order.train_share);
  const dataset = filterDataset(all, cut_sec, order.filters);
  sources.push(filterSentence(order.filters));
  const recorder = await recorderFor({ dataset, sources, order });
  return recorder.during(async () => {
    const trainables = await trainablesFor(order, listener);
    const run = await train(dataset, set, trainables, {
      ...order,
      cut_sec,
      signal: options.stopSignal?.(),
      onProgress: (progress) => {
        listener.epoch(progress);
        recorder.epoch(progress);
      },
    });
    listener.fitted(dataset, run);
    const dirs: string[] = [];
    for (const model of worthWriting(run)) {
      const asked = run.fitted.includes(model) ? order.name : undefined;
      const bundle = { ...order, name: asked ?? bundleName(model, dataset), sources, walk_forward };
      const finished = await finishModel(dataset, set, run, model, gates, bundle);
      const dir = await writeBundle(order.out, finished.contents, order.seal);
      dirs.push(dir);
      listener.written(dir, finished);
      recorder.finished(model, finished.contents.manifest, dir);
    }
    return dirs;
  });
}

/** Those asked for; where none was, what fits the number of rows. */
function kindsFor(
  { kinds, kinds_asked }: TrainingOrder,
  { rows }: Dataset,
  listener: CourseListener,
): TrainingOrder["kinds"] {
  if (kinds_asked) return kinds;
  const chosen = defaultKinds(rows);
  if (chosen.sentence) listener.said("models", chosen.sentence);
  return chosen.kinds;
}

/** What is asked for, each by itself or searched. A search shows its trials, not their epochs. */
async function trainablesFor(order: TrainingOrder, listener: CourseListener): Promise<Trainable[]> {
  const { kinds, search, backend, out } = order;
  if (kinds.every((kind) => kind === "ridge")) return Promise.all(kinds.map(trainableOf));
  // Not loaded for a ridge, which needs none of it.
  const { openBackend } = await import("../network/backend.ts");
  listener.said("with", (await openBackend(backend && [backend])).description);
  if (!search) return Promise.all(kinds.map(trainableOf));
  await mkdir(out, { recursive: true });
  const { searchedTrainable } = await import("../search/search.ts");
  const onTrial = (progress: SearchProgress): void => listener.trial(progress);
  return kinds.filter(isNetwork).map((kind) => searchedTrainable(kind, { ...search, onTrial }));
}

/** Every later part by a model that saw none of it. What the whole range is filtered by comes after. */
async function walkFolds(
  { dataset, set }: TrainingData,
  order: TrainingOrder,
  listener: CourseListener,
): Promise<WalkForwardPart[]> {
  const { folds } = order;
  const trainables = await trainablesFor(order, listener);
  const sequence_length = Math.max(1, ...trainables.map((trainable) => trainable.sequence_length));
  const apart = apartOf(dataset, set, sequence_length, order);
  const parts =
    folds === "month" ? walkForwardByMonth(dataset.ts_sec, apart) : walkForward(dataset.ts_sec, folds, apart);
  const options = { ...order, onProgress: (progress: FitProgress) => listener.epoch(progress) };
  const walked: WalkForwardPart[] = [];
  for await (const result of trainFolds(dataset, set, trainables, options, parts)) {
    listener.folded(result);
    walked.push(walkForwardPart(result));
  }
  return walked;
}

/** After the kind and the set; a label or horizon that is not the usual one shows. */
const bundleName = ({ kind }: Fitted, { feature_set, label, horizon_s }: Dataset): string =>
  [
    kind,
    feature_set,
    ...(label === "mid" ? [] : [label]),
    ...(horizon_s === 10 ? [] : [`${horizon_s}s`]),
  ].join("-");

/** Those asked for, and ridge where it was not asked for but did as well. */
const worthWriting = ({ fitted, ridge, proposal }: TrainingRun): readonly Fitted[] =>
  fitted.some(({ name }) => name === proposal.model) ? fitted : [...fitted, ridge];
