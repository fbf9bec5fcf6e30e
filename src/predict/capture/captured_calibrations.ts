/** Calibrations that write down what the past has taught them. */

import { Calibrations, type Restored } from "../calibrations.ts";
import type { InputLog } from "./input_log.ts";

export class CapturedCalibrations extends Calibrations {
  readonly #log: InputLog;

  constructor(log: InputLog) {
    super();
    this.#log = log;
  }

  override adopt(restored: Restored): void {
    this.#log.input();
    this.#log.restored(restored);
    super.adopt(restored);
  }
}
