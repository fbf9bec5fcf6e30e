/**
 * From an ONNX file and stored rows to a bundle: the rows, filters, split, scores, gates, golden vectors and report card
 * are those of a training (course/course.ts); only the fit is somebody else's.
 */

import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { writeBundle } from "../../model/bundle/bundle.ts";
import type { Gate } from "../../model/gates.ts";
import type { TrainingData } from "../course/data.ts";
import type { TrainingOrder } from "../course/order.ts";
import { type Dataset, release } from "../data/dataset.ts";
import { filterDataset, filterSentence } from "../data/filters.ts";
import { cutOf } from "../data/split.ts";
import { type FinishedModel, finishModel } from "../finish.ts";
import { type TrainingRun, train } from "../run.ts";
import { type ImportedGraph, importedTrainable } from "./imported_model.ts";

export interface ImportResult {
  readonly dir: string;
  readonly dataset: Dataset;
  readonly run: TrainingRun;
  readonly finished: FinishedModel;
}

/**
 * @param order as of a training on the same rows; `name` is the bundle's.
 * @throws ForetickError TRAIN_DATA, MODEL_OUTPUT, BUNDLE_EXISTS, BUNDLE_GOLDEN.
 */
export async function importModel(
  graph: ImportedGraph,
  { dataset: all, set, sources }: TrainingData,
  order: TrainingOrder,
  gates: readonly Gate[],
): Promise<ImportResult> {
  const cut_sec = cutOf(all.ts_sec, { from: 0, to: all.rows }, order.train_share);
  const dataset = filterDataset(all, cut_sec, order.filters);
  try {
    const trainable = await importedTrainable(graph, dataset);
    const run = await train(dataset, set, [trainable], { ...order, cut_sec });
    const [model] = run.fitted;
    const bundle = {
      ...order,
      name: order.name ?? nameOf(set, dataset),
      sources: [...sources, filterSentence(order.filters)],
    };
    const finished = await finishModel(dataset, set, run, model!, gates, bundle);
    const dir = await writeBundle(order.out, finished.contents, order.seal);
    return { dir, dataset, run, finished };
  } finally {
    release(dataset);
  }
}

/** "imported-v1", "imported-trades-last". */
const nameOf = ({ name }: FeatureSet, { label }: Dataset): string =>
  ["imported", name, ...(label === "mid" ? [] : [label])].join("-");
