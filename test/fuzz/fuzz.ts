/**
 * Runs a door on mutated inputs. Each input is a function of the seed, the door and the number of the run, so a
 * failing one is made again by these three, whatever ran before it.
 */

import { ForetickError } from "../../src/base/errors.ts";
import { purposeRng } from "../../src/base/rng.ts";
import type { Target } from "./target.ts";

export interface Finding {
  readonly run: number;
  readonly error: unknown;
  readonly input: Uint8Array;
}

export interface Fuzzed {
  readonly runs: number;
  /** Inputs that were taken as good. */
  readonly taken: number;
  /** Refusals by code. */
  readonly refused: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

export interface FuzzOptions {
  readonly name: string;
  readonly seed: number;
  readonly runs: number;
  /** The first run. */
  readonly from?: number;
  /** It ends at so many. */
  readonly findings_max?: number;
  /** Before each run. */
  readonly onRun?: (run: number) => void;
}

export const inputOf = (target: Target, name: string, seed: number, run: number): Uint8Array =>
  target.input(purposeRng(seed, `${name} ${run}`));

export async function fuzz(target: Target, options: FuzzOptions): Promise<Fuzzed> {
  const { name, seed, runs, from = 0, findings_max = 1, onRun } = options;
  const refused = new Map<string, number>();
  const findings: Finding[] = [];
  let taken = 0;
  let run = from;
  for (; run < from + runs && findings.length < findings_max; run++) {
    onRun?.(run);
    const input = inputOf(target, name, seed, run);
    try {
      const attempted = target.attempt(input);
      if (attempted) await attempted;
      taken++;
    } catch (error) {
      if (error instanceof ForetickError && target.codes.includes(error.code)) {
        refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
      } else findings.push({ run, error, input });
    }
  }
  return { runs: run - from, taken, refused, findings };
}
