/** One run: a world from a seed, its faults, and everything that has to hold. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/base/errors.ts";
import { purposeRng } from "../../src/base/rng.ts";
import { checkNow } from "./checks/live.ts";
import { checkFeatures, checkIds, checkLabels } from "./checks/record.ts";
import { checkInTime, checkKept, checkStored } from "./checks/shown.ts";
import { checkWell } from "./checks/well.ts";
import { arm, drawSchedule, endOf, type Fault } from "./faults.ts";
import { type Shown, World } from "./world.ts";

/** After the last fault everything is well within (s). */
const WELL_AFTER_S = 35;

export interface RunOptions {
  readonly seed: number;
  /** Default: as drawn from the seed. */
  readonly schedule?: readonly Fault[];
  /** How long after the last fault it goes on (s). */
  readonly well_after_s?: number;
}

export interface RunReport {
  readonly seed: number;
  readonly schedule: readonly Fault[];
  /** Empty where everything held. */
  readonly problems: readonly string[];
  readonly digest: string;
  readonly shown: number;
  readonly simulated_s: number;
  readonly log_lines: readonly string[];
}

export const scheduleOf = (seed: number): Fault[] => drawSchedule(purposeRng(seed, "faults"));

export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, schedule = scheduleOf(seed), well_after_s = WELL_AFTER_S } = options;
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-simulation-"));
  const world = new World(seed, data_dir);
  const onRejection = (error: unknown): void =>
    world.problem(`a rejection nobody takes: ${describeError(error)}`);
  process.on("unhandledRejection", onRejection);
  try {
    await world.open();
    arm(world, schedule);
    const until_s = Math.ceil(endOf(schedule) + well_after_s);
    const excused = new Set<Shown>();
    let ends = 0;
    world.onEnd = () => checkKept(world, schedule, excused);
    for (let at_s = 1; at_s <= until_s; at_s++) {
      await world.runTo(at_s);
      checkNow(world, schedule);
      ends = world.ends.length;
    }
    world.note(`ends ${ends}`);
    checkInTime(world, schedule);
    checkStored(world, excused);
    checkIds(world, schedule);
    checkFeatures(world, schedule);
    checkLabels(world, schedule);
    checkWell(world);
    const { problems, digest, shown, log_lines } = world;
    return { seed, schedule, problems, digest, shown: shown.length, simulated_s: until_s, log_lines };
  } finally {
    await world.close();
    process.off("unhandledRejection", onRejection);
    rmSync(data_dir, { recursive: true, force: true });
  }
}
