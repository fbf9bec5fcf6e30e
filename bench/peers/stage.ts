/**
 * What the benches of the running product need before they can begin: tapes to play and a model to ask. Both
 * are made once and kept in .data/bench; delete the folder to make them again.
 */

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fail } from "../../src/base/errors.ts";
import type { MarketSource } from "../../src/binance/capture/market_source.ts";
import { writeTape } from "../../src/binance/capture/tape_write.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { newestBundle } from "../../src/model/bundle/newest.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { recordingSource } from "../../src/sim/recording/recording.ts";

export const ROOT = resolve(import.meta.dir, "..", "..");
const DIR = join(ROOT, ".data", "bench");
const MODELS = join(DIR, "models");
const RECORDINGS = ["spot_btcusdt_20240808.gz", "spot_btcusdt_20240809.gz"].map((name) =>
  resolve(ROOT, "../shared/data", name),
);
/** 2026-01-01T00:00:00Z. */
const SIMULATION_START_US = 1_767_225_600_000_000;
const SIMULATED_SECONDS = 1_800;
/** As long and as predictable as the demo's market: a ridge fitted on less does not pass the gates. */
const TRAINING_SECONDS = 12 * 3_600;
const TRAINING_R2 = 0.08;

export type TapeName = "recorded" | "simulated";

/** Whether there is a recorded market here; without it only the simulated one is used. */
export const hasRecording = (): boolean => RECORDINGS.every((path) => existsSync(path));

/** @returns the path of the tape. */
export async function benchTape(name: TapeName): Promise<string> {
  const path = join(DIR, `${name}.tape`);
  if (name === "recorded") return kept(path, () => recordingSource(RECORDINGS));
  const source = () => simulatedSource({ seed: 7, start_us: SIMULATION_START_US });
  return kept(path, source, SIMULATED_SECONDS);
}

/** @returns a folder of bundles with one in it: a ridge on v1, fitted on a simulated market. */
export async function benchModels(): Promise<string> {
  if ((await newestBundle(MODELS, [v1])).dir !== undefined) return MODELS;
  const source = () =>
    simulatedSource({ seed: 8, r2: TRAINING_R2, start_us: SIMULATION_START_US, depth: false });
  const tape = await kept(join(DIR, "predictable.tape"), source, TRAINING_SECONDS);
  const command = ["scripts/train.ts", "--model", "ridge", "--tape", tape, "--out", MODELS];
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...command], { cwd: ROOT });
  if (exitCode !== 0) fail("TRAIN_DATA", `${command.join(" ")}: ${stderr.toString()}`);
  const { dir, passed_over } = await newestBundle(MODELS, [v1]);
  if (dir === undefined)
    fail("BUNDLE_INVALID", `expected the bench's model to be servable: ${JSON.stringify(passed_over)}`);
  return MODELS;
}

async function kept(
  path: string,
  source: () => MarketSource | Promise<MarketSource>,
  seconds?: number,
): Promise<string> {
  if (existsSync(path)) return path;
  await mkdir(DIR, { recursive: true });
  await writeTape(path, await source(), seconds === undefined ? {} : { seconds });
  return path;
}
