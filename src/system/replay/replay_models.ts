/** The models of a replay: the bundles kept beside the capture, else those of MODEL_DIR, each loaded once. */

import { fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { type ModelVersion, modelVersion, setHash } from "../../base/units.ts";
import { loadBundle } from "../../model/bundle/bundle.ts";
import { GOLDEN_FILE, readBundleFile } from "../../model/bundle/files.ts";
import { bundleDir, bundleExists } from "../../model/bundle/install.ts";
import { goldenSchema, parseBundleText } from "../../model/bundle/manifest.ts";
import { EnsembleModel } from "../../model/ensemble.ts";
import type { Inference, Model } from "../../model/model.ts";
import { ModelSlot } from "../../model/model_slot.ts";
import type { Roster } from "../../model/roster.ts";
import { ZERO_VERSION, ZeroModel } from "../../model/zero_model.ts";
import type { RosterEntry } from "../../predict/capture/input_log.ts";

interface Loaded {
  readonly model: Model;
  /** How far two evaluators of it may be apart, by its manifest (log-return). */
  readonly tolerance: number;
}

export class ReplayModels {
  readonly #dirs: readonly string[];
  readonly #other: string | undefined;
  readonly #log: Logger;
  readonly #seal: Seal | undefined;
  readonly #loaded = new Map<string, Loaded>();
  #slots: ModelSlot[] = [];

  /** @param other the folder of a bundle that takes the champion's place. */
  constructor(dirs: readonly string[], other: string | undefined, log: Logger, seal?: Seal) {
    this.#dirs = dirs;
    this.#other = other;
    this.#log = log;
    this.#seal = seal;
  }

  /** What is scored until the capture names its models. */
  rosterOf(none: Model): Roster {
    this.#slots = [new ModelSlot(none, this.#log)];
    const slots = (): readonly ModelSlot[] => this.#slots;
    return {
      champion: this.#slots[0]!,
      get beside() {
        return slots().slice(1);
      },
    };
  }

  /** Loads what is not loaded yet. @throws ForetickError BUNDLE_INVALID where a bundle is not here. */
  async load(entries: readonly RosterEntry[]): Promise<void> {
    for (const entry of entries) {
      const name = nameOf(entry);
      if (!this.#loaded.has(name)) this.#loaded.set(name, await this.#find(entry));
    }
  }

  /** Takes them into use; they are loaded. */
  use(entries: readonly RosterEntry[]): void {
    const [champion, ...beside] = entries;
    const model = this.#of(champion!);
    const [first, ...others] = this.#slots;
    if (first!.current.version !== model.version) first!.swap(model);
    this.#slots = [
      first!,
      ...beside.map((entry) => {
        const held = others.find(
          (slot) => slot.role === entry.role && slot.current.version === entry.version,
        );
        return held ?? new ModelSlot(this.#of(entry), this.#log, entry.role);
      }),
    ];
  }

  toleranceOf(entry: Pick<RosterEntry, "role" | "version">): number {
    return this.#loaded.get(nameOf(entry))?.tolerance ?? 0;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#loaded.values()].map(({ model }) => model.close()));
  }

  #of(entry: RosterEntry): Model {
    const { model } = this.#loaded.get(nameOf(entry))!;
    return new Shared(model, modelVersion(entry.version));
  }

  async #find(entry: RosterEntry): Promise<Loaded> {
    if (entry.role === "champion" && this.#other !== undefined) return bundleAt(this.#other, this.#seal);
    if (entry.version === ZERO_VERSION) {
      const set = { name: entry.feature_set, hash: setHash(entry.set_hash) };
      return { model: new ZeroModel(set, entry.horizon_s), tolerance: 0 };
    }
    if (!entry.members) return this.#bundle(entry.version);
    const members = await Promise.all(
      entry.members.map(async ({ version, weight }) => ({ weight, ...(await this.#bundle(version)) })),
    );
    const model = new EnsembleModel(modelVersion(entry.version), members);
    return { model, tolerance: Math.max(...members.map((member) => member.tolerance)) };
  }

  async #bundle(version: string): Promise<Loaded> {
    for (const dir of this.#dirs) {
      const path = bundleDir(dir, modelVersion(version));
      if (await bundleExists(path)) return bundleAt(path, this.#seal);
    }
    return fail(
      "BUNDLE_INVALID",
      `the bundle of ${version}, by which the capture's ticks were scored, expected in ${this.#dirs.join(" or ")}, is not there: copy it, or name another with --model`,
    );
  }
}

const nameOf = ({ role, version }: Pick<RosterEntry, "role" | "version">): string => `${role} ${version}`;

async function bundleAt(dir: string, seal: Seal | undefined): Promise<Loaded> {
  const bytes = await readBundleFile(dir, GOLDEN_FILE, seal);
  const { tolerance } = parseBundleText(GOLDEN_FILE, new TextDecoder().decode(bytes), goldenSchema);
  return { model: await loadBundle(dir, seal), tolerance };
}

/** A model that outlives its slot, under the name it has in the capture. */
class Shared implements Model {
  readonly #model: Model;
  readonly version: ModelVersion;

  constructor(model: Model, version: ModelVersion) {
    this.#model = model;
    this.version = version;
  }

  get feature_set(): string {
    return this.#model.feature_set;
  }

  get set_hash(): Model["set_hash"] {
    return this.#model.set_hash;
  }

  get horizon_s(): number {
    return this.#model.horizon_s;
  }

  get label(): Model["label"] {
    return this.#model.label;
  }

  get sequence_length(): number {
    return this.#model.sequence_length;
  }

  get counters(): Model["counters"] {
    return this.#model.counters;
  }

  infer(set_hash: Model["set_hash"], values: Float64Array): Promise<Inference> {
    return this.#model.infer(set_hash, values);
  }

  async close(): Promise<void> {}
}
