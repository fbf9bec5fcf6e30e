/**
 * The yardstick of a simulated market: the true conditional mean of its label, which no model can beat and a
 * good one comes near.
 *
 * The planted states have random numbers of their own, so the oracle walks them without the market: it can
 * be asked about any second, before or after that second is simulated.
 */

import { open } from "node:fs/promises";
import type { PlantedSignal } from "./planted_signal.ts";

/** Seconds kept behind the latest one asked for; older ones are walked again from the start. */
const REMEMBERED_S = 16_384;
/** Text written to the side file at a time (characters). */
const BLOCK_CHARS = 65_536;

export class Oracle {
  readonly #begin: () => PlantedSignal;
  readonly #start_sec: number;
  readonly #horizon_s: number;
  readonly #means = new Float64Array(REMEMBERED_S);
  #signal: PlantedSignal;
  #latest_sec: number;

  /** `begin` gives the signal in its state at `start_sec`. */
  constructor(begin: () => PlantedSignal, options: { start_sec: number; horizon_s: number }) {
    this.#begin = begin;
    this.#start_sec = options.start_sec;
    this.#horizon_s = options.horizon_s;
    this.#signal = begin();
    this.#latest_sec = options.start_sec;
    this.#remember();
  }

  /**
   * E[y(t) | everything before t], y the log return of the mid over the horizon from `ts_sec` = t on;
   * undefined before the market begins. Cheap in rising order.
   */
  meanAt(ts_sec: number): number | undefined {
    if (ts_sec < this.#start_sec || !Number.isInteger(ts_sec)) return undefined;
    if (ts_sec <= this.#latest_sec - REMEMBERED_S) this.#restart();
    while (this.#latest_sec < ts_sec) {
      this.#signal.advance();
      this.#latest_sec++;
      this.#remember();
    }
    return this.#means[ts_sec % REMEMBERED_S];
  }

  /** Header of the side file; the rows are `<ts_sec>,<mean>`. */
  get csv_header(): string {
    return `ts_sec,mean_log_return_${this.#horizon_s}s`;
  }

  #restart(): void {
    this.#signal = this.#begin();
    this.#latest_sec = this.#start_sec;
    this.#remember();
  }

  #remember(): void {
    this.#means[this.#latest_sec % REMEMBERED_S] = this.#signal.mean;
  }
}

/**
 * Writes the true means of the seconds `from_sec` … `to_sec` − 1 as CSV, one row per second; numbers are
 * written with all their digits. Seconds before the market begins have no row.
 */
export async function writeOracle(
  path: string,
  oracle: Oracle,
  from_sec: number,
  to_sec: number,
): Promise<void> {
  const file = await open(path, "w");
  try {
    let rows = `${oracle.csv_header}\n`;
    for (let ts_sec = from_sec; ts_sec < to_sec; ts_sec++) {
      const mean = oracle.meanAt(ts_sec);
      if (mean !== undefined) rows += `${ts_sec},${mean}\n`;
      if (rows.length < BLOCK_CHARS) continue;
      await file.write(rows);
      rows = "";
    }
    await file.write(rows);
  } finally {
    await file.close();
  }
}
