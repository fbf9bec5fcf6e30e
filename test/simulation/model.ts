/** The model of a simulated run: its forecast is a function of its vector, and it can be made to fail. */

import { sleep } from "../../src/base/clock.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { type Logger, silentLogger } from "../../src/base/log.ts";
import { modelVersion, type SetHash } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import type { Inference, Model } from "../../src/model/model.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
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

class SimulatedModel implements Model {
  readonly version;
  readonly feature_set = v1.name;
  readonly set_hash = v1.hash;
  readonly horizon_s = 10;
  readonly label = "mid";
  readonly sequence_length = 1;
  readonly counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };
  readonly #state: ModelState;
  readonly #process: SimulatedProcess;

  constructor(number: number, state: ModelState, process: SimulatedProcess) {
    this.version = modelVersion(`simulated/${number}`);
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

export class SimulatedModels implements ModelsInUse {
  readonly slot: ModelSlot;
  #number = 1;
  readonly #state: ModelState;
  readonly #process: SimulatedProcess;

  constructor(state: ModelState, process: SimulatedProcess, log: Logger = silentLogger) {
    this.#state = state;
    this.#process = process;
    this.slot = new ModelSlot(new SimulatedModel(1, state, process), log);
  }

  swap(): void {
    this.slot.swap(new SimulatedModel(++this.#number, this.#state, this.#process));
  }

  rosterOf = () => ({ champion: this.slot, beside: [] });
  refusedOf = () => undefined;
  standDown = () => {};
  refresh = async () => true;
  close = () => this.slot.close();
  health = () => [];
  register = () => {};
}
