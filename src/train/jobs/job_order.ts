/** What a job is to train: what it was asked for, and else the usual and what the environment says. */

import type { Config } from "../../base/config.ts";
import { fail } from "../../base/errors.ts";
import { DAY_US, type Micros, micros } from "../../base/units.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { TrainingJob } from "../../record/training/jobs.ts";
import type { HistoryRange } from "../course/data.ts";
import { type TrainingOrder, usualOrder } from "../course/order.ts";
import { MODEL_KINDS, type ModelKind } from "../fit/trainable.ts";

/**
 * @param out where its bundles are written before they are registered.
 * @throws ForetickError TRAIN_JOB where it asks for a model or a set that this build does not have.
 */
export function orderOf(
  { settings, attempt }: TrainingJob,
  { training_models, bundle_key }: Pick<Config, "training_models" | "bundle_key">,
  now_us: Micros,
  out: string,
): TrainingOrder {
  const usual = usualOrder(now_us, out);
  const { models = training_models, set, label, horizon_s, seed } = settings;
  return {
    ...usual,
    seal: bundle_key,
    // A version is never given twice, and an attempt before this one may have registered some.
    version: attempt === 1 ? usual.version : `${usual.version}-${attempt}`,
    ...(models ? { kinds: models.map(kindNamed), kinds_asked: true } : {}),
    set: set === undefined ? undefined : setNamed(set),
    label,
    horizon_s: horizon_s ?? usual.horizon_s,
    seed: seed ?? usual.seed,
  };
}

/** The newest days of what is stored. */
export function rangeOf(
  { symbol, settings }: TrainingJob,
  config: Pick<Config, "training_data_days">,
  stored: { readonly from_us: number; readonly to_us: number },
): HistoryRange {
  const days = settings.days ?? config.training_data_days;
  const from_us = Math.max(stored.from_us, stored.to_us - Math.ceil(days * DAY_US));
  return { symbol, from_us: micros(from_us), to_us: micros(stored.to_us) };
}

function kindNamed(name: string): ModelKind {
  const known = MODEL_KINDS.find((kind) => kind === name);
  return known ?? fail("TRAIN_JOB", `models expected of ${MODEL_KINDS.join(", ")}, was ${name}`);
}

function setNamed(name: string): FeatureSet {
  const known = FEATURE_SETS.find((set) => set.name === name);
  const names = FEATURE_SETS.map((set) => set.name).join(", ");
  return known ?? fail("TRAIN_JOB", `set expected of ${names}, was ${name}`);
}
