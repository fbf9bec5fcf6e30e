import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import type { BundleContents } from "../../src/model/bundle/bundle.ts";
import type { HeldDataset } from "../../src/train/data/dataset.ts";
import { type BundleOptions, bundleContents } from "../../src/train/export/bundle_contents.ts";
import { ridgeTrainable } from "../../src/train/fit/fitted_ridge.ts";
import { type TrainOptions, train } from "../../src/train/run.ts";

/** A run of ridge alone, and what its bundle holds. */
export async function trainRidge(
  dataset: HeldDataset,
  set: FeatureSet,
  options: TrainOptions & BundleOptions,
): Promise<BundleContents> {
  const run = await train(dataset, set, [ridgeTrainable], options);
  return bundleContents(dataset, set, run, run.ridge, options);
}
