/** Models that callers ask, open beside those the ticks are scored by: few, the one asked longest ago is closed first. */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { modelVersion } from "../../base/units.ts";
import { BatchModel } from "../../model/bundle/batch.ts";
import { BatchEnsemble, type BatchMember } from "../../model/bundle/batch_ensemble.ts";
import { bundleDir, bundleExists } from "../../model/bundle/install.ts";
import type { Member } from "../../model/ensemble.ts";

/** A folder below MODEL_DIR and nothing else. */
const VERSION = /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/;

/** What a member of an ensemble counts. */
export type Share = Pick<Member, "version" | "weight">;

export interface AskedModelsOptions {
  readonly model_dir: string;
  /** Opens sealed bundles. */
  readonly seal?: Seal | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export class AskedModels {
  readonly #options: AskedModelsOptions;
  /** The one asked longest ago comes first. */
  readonly #open = new Map<string, Promise<BatchModel>>();
  #closed = false;

  constructor(options: AskedModelsOptions) {
    this.#options = options;
  }

  /**
   * @throws ForetickError MODEL_UNKNOWN where there is no bundle of that name here; BUNDLE_HASH, BUNDLE_INVALID, ONNX_REFUSED.
   */
  async of(version: string): Promise<BatchModel> {
    const { model_dir, seal } = this.#options;
    if (this.#closed) fail("MODEL_CLOSED", "the service is ending");
    const held = this.#open.get(version);
    if (held) {
      this.#open.delete(version);
      this.#open.set(version, held);
      return held;
    }
    const dir = VERSION.test(version) ? bundleDir(model_dir, modelVersion(version)) : undefined;
    if (dir === undefined || !(await this.#inTime(bundleExists(dir)))) {
      fail("MODEL_UNKNOWN", `model_version expected a model with a bundle here, was ${version}`);
    }
    const opening = this.#open.get(version) ?? this.#inTime(BatchModel.open(dir, seal));
    this.#open.set(version, opening);
    opening.catch(() => this.#open.delete(version));
    for (const [oldest, model] of this.#open) {
      if (this.#open.size <= LIMITS.ask_models_max) break;
      this.#open.delete(oldest);
      this.#leave(model);
    }
    return opening;
  }

  /**
   * The ensemble of these, each open as if it were asked for by itself.
   * @throws ForetickError as `of`, for a member; FEATURE_SET_MISMATCH.
   */
  async ensemble(version: string, shares: readonly Share[]): Promise<BatchEnsemble> {
    const members: BatchMember[] = [];
    for (const { version: member, weight } of shares) members.push({ model: await this.of(member), weight });
    return new BatchEnsemble(version, members);
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    const closing = Promise.all(all.map((model) => model.then((one) => one.close()).catch(() => undefined)));
    await this.#inTime(closing).catch(() => undefined);
  }

  #leave(model: Promise<BatchModel>): void {
    const { log } = this.#options;
    void model
      .then((one) => one.close())
      .catch((error: unknown) => log.warn({ error: describeError(error) }, "a model did not close cleanly"));
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    return withDeadline(answer, { clock, limit: "ask_ms_max", what: "the bundle of a model asked for" });
  }
}
