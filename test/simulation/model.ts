/** The model of a simulated run: its forecast is a function of its vector, and it can be made to fail. */

import { sleep } from "../../src/base/clock.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { type Logger, silentLogger } from "../../src/base/log.ts";
import { modelVersion, type SetHash } from "../../src/base/units.ts";
import type { Label } from "../../src/features/label.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import type { Inference, Model } from "../../src/model/model.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import type { Role } from "../../src/model/role.ts";
import type { Roster } from "../../src/model/roster.ts";
import type { ModelsInUse } from "../../src/system/model/served_models.ts";
import type { SimulatedProcess } from "./process.ts";

export type ModelFault = "dead" | "silent" | "slow" | "nan";

const ANSWER_MS = 1;
const SLOW_MS = 400;
/** Between two looks whether it may speak again (ms). */
const SILENT_MS = 500;

/** What is wrong with every model of the run. */
export interface ModelState {
  fault: ModelFault | undefined;
}

/** A model, and what it has to do with the symbol. */
export interface Modelled {
  readonly version: string;
  readonly role: Role;
  readonly set: FeatureSet;
  readonly label: Label;
}

class SimulatedModel implements Model {
  readonly version;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s = 10;
  readonly label: Label;
  readonly sequence_length = 1;
  readonly counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };
  readonly #state: ModelState;
  readonly #process: SimulatedProcess;

  constructor({ version, set, label }: Modelled, state: ModelState, process: SimulatedProcess) {
    this.version = modelVersion(version);
    this.feature_set = set.name;
    this.set_hash = set.hash;
    this.label = label;
    this.#state = state;
    this.#process = process;
  }

  async infer(_: SetHash, values: Float64Array): Promise<Inference> {
    const { fault } = this.#state;
    do await sleep(this.#process.clock, fault === "slow" ? SLOW_MS : ANSWER_MS);
    while (this.#state.fault === "silent" && (await this.#stillSilent()));
    if (fault === "dead") throw new ForetickError("MODEL_OUTPUT", "the simulated model is dead");
    return { yhat: fault === "nan" ? Number.NaN : Math.tanh(values[0]! * 0.1) * 1e-3, source: "onnx" };
  }

  async close(): Promise<void> {}

  async #stillSilent(): Promise<boolean> {
    await sleep(this.#process.clock, SILENT_MS);
    return this.#state.fault === "silent";
  }
}

const champion = (number: number): Modelled => ({
  version: `simulated/${number}`,
  ...{ role: "champion", set: v1, label: "mid" },
});

export class SimulatedModels implements ModelsInUse {
  readonly slot: ModelSlot;
  /** Those that have another role; a tick finds them as they are then. */
  beside: ModelSlot[];
  #number = 1;
  readonly #state: ModelState;
  readonly #process: SimulatedProcess;

  constructor(
    state: ModelState,
    process: SimulatedProcess,
    beside: readonly Modelled[] = [],
    log: Logger = silentLogger,
  ) {
    this.#state = state;
    this.#process = process;
    const slotOf = (one: Modelled): ModelSlot =>
      new ModelSlot(new SimulatedModel(one, state, process), log, one.role);
    this.slot = slotOf(champion(1));
    this.beside = beside.map(slotOf);
  }

  swap(): void {
    this.slot.swap(new SimulatedModel(champion(++this.#number), this.#state, this.#process));
  }

  /** The model has no role any more. */
  dismiss(version: string): void {
    this.beside = this.beside.filter(({ current }) => current.version !== version);
  }

  rosterOf = (): Roster => {
    const models = this;
    return {
      champion: models.slot,
      get beside() {
        return models.beside;
      },
    };
  };
  refusedOf = () => undefined;
  standDown = () => {};
  refresh = async () => true;
  close = () => this.slot.close();
  health = () => [];
  register = () => {};
}
