/**
 * An ensemble: registered versions, weighted, as one more model. It is data and nothing else: which members, by
 * their hashes, and what each counts. Its forecast is the weighted mean of theirs.
 */

import { z } from "zod";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { type ModelVersion, modelVersion, type SetHash } from "../base/units.ts";
import type { Label } from "../features/label.ts";
import type { FeatureImportance } from "./bundle/importance.ts";
import type { Inference, Model, ModelCounters } from "./model.ts";

export const ENSEMBLE_FORMAT = "foretick-ensemble/1";

export const memberSchema = z.strictObject({
  version: z.string().transform(modelVersion),
  manifest_sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits"),
  /** Above 0; the weights of an ensemble add up to 1. */
  weight: z.number().positive().max(1),
});
export type Member = z.infer<typeof memberSchema>;

export const membersSchema = z.array(memberSchema).min(2).max(LIMITS.ensemble_members_max);

export const ensembleSchema = z.strictObject({
  format: z.literal(ENSEMBLE_FORMAT),
  members: membersSchema,
});
export type EnsembleManifest = z.infer<typeof ensembleSchema>;

/** What members have to share, so that their forecasts can be added. */
export interface Kin {
  readonly version: string;
  readonly set_hash: string;
  readonly feature_set: string;
  readonly horizon_s: number;
  readonly label: string;
  readonly sequence_length: number;
}

const SHARED = ["feature_set", "set_hash", "horizon_s", "label", "sequence_length"] as const;

/** Why these cannot be members of one ensemble, as a sentence; undefined where they can. */
export function kinObjection(members: readonly Kin[]): string | undefined {
  const [first] = members;
  for (const other of members) {
    const name = SHARED.find((each) => other[each] !== first![each]);
    if (name) {
      return `members of an ensemble expected the same ${name}, was ${first![name]} of ${first!.version} and ${other[name]} of ${other.version}`;
    }
  }
  return undefined;
}

export interface LoadedMember {
  readonly model: Model;
  readonly weight: number;
}

/** Owns its members and closes them. */
export class EnsembleModel implements Model {
  readonly version: ModelVersion;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  readonly label: Label;
  readonly sequence_length: number;
  readonly #members: readonly LoadedMember[];

  /** @throws ForetickError FEATURE_SET_MISMATCH where they do not fit together. */
  constructor(version: ModelVersion, members: readonly LoadedMember[]) {
    const objection = kinObjection(members.map(({ model }) => model));
    if (objection) fail("FEATURE_SET_MISMATCH", `${version}: ${objection}`);
    const { feature_set, set_hash, horizon_s, label, sequence_length } = members[0]!.model;
    this.version = version;
    this.feature_set = feature_set;
    this.set_hash = set_hash;
    this.horizon_s = horizon_s;
    this.label = label;
    this.sequence_length = sequence_length;
    this.#members = members;
  }

  /** What each of its members counts, in their order. */
  get shares(): readonly Pick<Member, "version" | "weight">[] {
    return this.#members.map(({ model, weight }) => ({ version: model.version, weight }));
  }

  /** The sums of its members'. */
  get counters(): ModelCounters {
    const all = this.#members.map(({ model }) => model.counters);
    const sum = (name: "inferences" | "fallbacks" | "unanswered"): number =>
      all.reduce((total, counters) => total + counters[name], 0);
    return {
      inferences: sum("inferences"),
      fallbacks: sum("fallbacks"),
      unanswered: sum("unanswered"),
      last_error: all.map(({ last_error }) => last_error).find((text) => text !== "") ?? "",
    };
  }

  /** Of its members by their weights; undefined where one of them has none. */
  get importance(): FeatureImportance | undefined {
    const all = this.#members.map(({ model }) => model.importance);
    const [first] = all;
    if (!first || all.includes(undefined)) return undefined;
    const mean = (of: (importance: FeatureImportance) => number): number =>
      all.reduce((sum, importance, at) => sum + this.#members[at]!.weight * of(importance!), 0);
    return {
      format: first.format,
      rows: Math.min(...all.map((importance) => importance!.rows)),
      features: first.features.map(({ name }, column) => ({
        name,
        r2_lost: mean(({ features }) => features[column]!.r2_lost),
        weight: mean(({ features }) => features[column]!.weight),
      })),
    };
  }

  get impaired(): string | undefined {
    return this.#members.map(({ model }) => model.impaired).find((said) => said !== undefined);
  }

  /** Of all members or not at all: a mean without one of them is another model's. */
  async infer(set_hash: SetHash, values: Float64Array): Promise<Inference> {
    const answers = await Promise.all(this.#members.map(({ model }) => model.infer(set_hash, values)));
    let yhat = 0;
    for (const [at, answer] of answers.entries()) yhat += this.#members[at]!.weight * answer.yhat;
    return { yhat, source: answers.every(({ source }) => source === "onnx") ? "onnx" : "fallback" };
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ model }) => model.close()));
  }
}
