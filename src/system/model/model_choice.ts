/**
 * Finds a model that can serve a symbol, the one that should or else the next best: the champion, restored
 * from the bundle store where its files here are damaged; a former champion; the bundle named by the file
 * `champion`; the newest bundle that is sound; the zero forecast. What was passed over is a problem that goes
 * to the log and to health: nothing is replaced silently, and nothing keeps the service from starting.
 */

import { rename } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { ModelVersion } from "../../base/units.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { loadBundle } from "../../model/bundle/bundle.ts";
import { bundleDir, bundleExists, expectManifest } from "../../model/bundle/install.ts";
import type { BundleModel } from "../../model/bundle/model.ts";
import { bundleCandidates } from "../../model/bundle/newest.ts";
import { EnsembleModel, type LoadedMember, type Member } from "../../model/ensemble.ts";
import type { Model } from "../../model/model.ts";
import { ZeroModel } from "../../model/zero_model.ts";
import type { BundleStore, StoredBundle } from "../../record/registry/bundle_store.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";

export interface ModelChoiceOptions {
  readonly model_dir: string;
  /** The set of the zero forecast, where there is no bundle of any set. */
  readonly set: FeatureSet;
  readonly store: Pick<BundleStore, "pull" | "description"> | undefined;
  /** Opens sealed bundles. */
  readonly seal?: Seal | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What should serve and does not. */
export interface Problem {
  /** e.g. "champion", "bundle", "file". */
  readonly what: string;
  /** Its version or path. */
  readonly refused: string;
  readonly error: unknown;
}

export interface Chosen {
  readonly model: Model;
  /** For people, e.g. "champion of BTCUSDT", "newest bundle". */
  readonly chosen_as: string;
  readonly problem: Problem | undefined;
}

export class ModelChoice {
  readonly #options: ModelChoiceOptions;

  constructor(options: ModelChoiceOptions) {
    this.#options = options;
  }

  /** The first of these champions that loads, else the best there is on disk. */
  async of(champions: readonly RoleChoice[]): Promise<Chosen> {
    let problem: Problem | undefined;
    for (const choice of champions) {
      try {
        const model = await this.load(choice);
        const former = choice === champions[0] ? "" : "former ";
        return { model, chosen_as: `${former}${championOf(choice)}`, problem };
      } catch (error) {
        problem ??= this.#tell("champion", choice.version, error);
      }
    }
    return this.ofDisk(problem);
  }

  /** The bundle the file `champion` names, else the newest that is sound, else the zero forecast. */
  async ofDisk(before?: Problem): Promise<Chosen> {
    const { model_dir, set, seal, log } = this.#options;
    const { candidates, passed_over, pinned_error, pinned } = await this.#inDiskTime(
      bundleCandidates(model_dir, FEATURE_SETS, seal),
      model_dir,
    );
    for (const { dir, reason } of passed_over) log.info({ dir, reason }, "a bundle is not used");
    let problem = before;
    if (pinned_error !== undefined) problem ??= this.#tell("file", `${model_dir}/champion`, pinned_error);
    for (const dir of candidates) {
      try {
        const model = await this.#inTime(loadBundle(dir, seal), dir);
        const chosen_as = dir === pinned ? "bundle named by the file champion" : newestOf(dir, candidates);
        return { model, chosen_as, problem };
      } catch (error) {
        problem ??= this.#tell("bundle", dir, error);
      }
    }
    log.warn(
      `no model that could serve in ${model_dir}: serving the zero forecast. Train one with "bun scripts/train.ts"`,
    );
    return { model: new ZeroModel(set), chosen_as: "no bundle", problem };
  }

  /**
   * The bundle as it was registered, every check passed: from here, or brought from the store, also in place of one
   * that is damaged.
   */
  async load(choice: RoleChoice): Promise<Model> {
    return choice.members ? this.#loadEnsemble(choice.version, choice.members) : this.#loadBundle(choice);
  }

  /** Every member as it was registered, or none. */
  async #loadEnsemble(version: ModelVersion, members: readonly Member[]): Promise<Model> {
    const loaded: LoadedMember[] = [];
    try {
      for (const { weight, ...bundle } of members) {
        loaded.push({ weight, model: await this.#loadBundle(bundle) });
      }
      return new EnsembleModel(version, loaded);
    } catch (error) {
      await Promise.all(loaded.map(({ model }) => model.close()));
      throw error;
    }
  }

  async #loadBundle(choice: StoredBundle): Promise<BundleModel> {
    const { model_dir, store } = this.#options;
    const dir = bundleDir(model_dir, choice.version);
    if (await this.#inDiskTime(bundleExists(dir), dir)) {
      try {
        return await this.#loadExpected(dir, choice);
      } catch (error) {
        if (!store || !isDamage(error)) throw error;
        await this.#setAside(dir, error);
      }
    }
    if (!store) {
      fail(
        "BUNDLE_INVALID",
        `${dir} expected the bundle of ${choice.version}, there is none: copy it there, or set S3_* to the store that has it`,
      );
    }
    await store.pull(model_dir, choice);
    return this.#loadExpected(dir, choice);
  }

  async #loadExpected(dir: string, { version, manifest_sha256 }: StoredBundle): Promise<BundleModel> {
    const { seal } = this.#options;
    await this.#inDiskTime(expectManifest(dir, manifest_sha256, seal), dir);
    const model = await this.#inTime(loadBundle(dir, seal), dir);
    const known = FEATURE_SETS.find(({ name }) => name === model.feature_set);
    if (known?.hash === model.set_hash) return model;
    await model.close();
    return fail(
      "FEATURE_SET_MISMATCH",
      `${version} was trained on another definition of ${model.feature_set} than this build computes: train it again`,
    );
  }

  /** A damaged bundle stays beside its place, for a look, and never counts as a bundle again. */
  async #setAside(dir: string, error: unknown): Promise<void> {
    const { log, clock } = this.#options;
    const aside = dir.replace(/[^/]+$/, (name) => `.${name}.damaged.${clock.now()}`);
    await this.#inDiskTime(rename(dir, aside), dir);
    log.error({ dir, aside, error: describeError(error) }, "a damaged bundle is replaced from the store");
  }

  /** A model that is loaded too late is closed. */
  #inTime(loading: Promise<BundleModel>, dir: string): Promise<BundleModel> {
    const { clock } = this.#options;
    return withDeadline(loading, {
      ...{ clock, limit: "bundle_load_ms_max", what: `the bundle in ${dir}`, code: "BUNDLE_INVALID" },
      onGivenUp: () => void loading.then((model) => model.close()).catch(() => undefined),
    });
  }

  #inDiskTime<T>(reading: Promise<T>, dir: string): Promise<T> {
    const { clock } = this.#options;
    return withDeadline(reading, {
      ...{ clock, limit: "bundle_load_ms_max", what: `the files in ${dir}`, code: "BUNDLE_INVALID" },
    });
  }

  #tell(what: string, refused: string, error: unknown): Problem {
    this.#options.log.error(
      { error: describeError(error) },
      `${what} ${refused} cannot be used: the next best model serves`,
    );
    return { what, refused, error };
  }
}

export const championOf = ({ place }: RoleChoice): string =>
  place.symbol === "*" ? "champion of every symbol" : `champion of ${place.symbol}`;

const newestOf = (dir: string, candidates: readonly string[]): string =>
  dir === candidates[0] ? "newest bundle" : "newest sound bundle";

/** The files are not what was written. */
const isDamage = (error: unknown): boolean =>
  error instanceof ForetickError &&
  ["BUNDLE_HASH", "BUNDLE_INVALID", "BUNDLE_GOLDEN", "ONNX_MALFORMED"].includes(error.code);
