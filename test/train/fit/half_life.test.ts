/** Older rows weigh less where that is asked for: what was true lately is learned, and the report says of how many rows. */

import { describe, expect, it } from "vitest";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { rowWeights } from "../../../src/train/data/row_weights.ts";
import { ridgeTrainable } from "../../../src/train/fit/fitted_ridge.ts";
import type { Trainable } from "../../../src/train/fit/trainable.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { train } from "../../../src/train/run.ts";
import { syntheticDataset } from "../data/synthetic.ts";

const SECONDS = 16_000;
/** In the first half of the training rows the signal says the opposite of what it says later. */
function turned(): HeldDataset {
  const dataset = syntheticDataset({ seed: 3, seconds: SECONDS, r2: 0.3 });
  for (let row = 0; row < 0.35 * SECONDS; row++) dataset.y[row]! *= -1;
  return dataset;
}

async function r2Of(trainable: Trainable, half_life_s?: number): Promise<number> {
  const run = await train(turned(), v1, [trainable], { seed: 1, train_share: 0.7, half_life_s });
  return run.scores[0]!.r2;
}

describe("half-life", () => {
  it("lets ridge learn what holds now, where all rows alike say the opposite", async () => {
    expect(await r2Of(ridgeTrainable)).toBeLessThan(0.02);
    expect(await r2Of(ridgeTrainable, 600)).toBeGreaterThan(0.15);
  });

  it("lets a network do so too", async () => {
    const settings = { epochs_max: 6, learning_rate: 5e-3 };
    const mlp = networkTrainable("mlp", { settings });
    const [alike, weighted] = [await r2Of(mlp), await r2Of(mlp, 600)];
    expect(weighted).toBeGreaterThan(alike + 0.05);
  });

  it("counts the rows that weigh as much: for a half-life h much shorter than the data, 2h ÷ ln 2", async () => {
    const dataset = syntheticDataset({ seed: 3, seconds: SECONDS, r2: 0.3 });
    const half_life_s = 600;
    const weights = rowWeights(dataset, { from: 0, to: dataset.rows }, half_life_s);
    expect(weights.of(dataset.ts_sec.at(-1)! - half_life_s)).toBe(0.5);
    expect(weights.effective_rows / ((2 * half_life_s) / Math.LN2)).toBeCloseTo(1, 2);
    const run = await train(dataset, v1, [ridgeTrainable], { seed: 1, train_share: 0.7, half_life_s });
    const { half_life_days, effective_rows } = run.fitted[0]!.parameters;
    expect(half_life_days).toBe(half_life_s / 86_400);
    expect(Number(effective_rows)).toBeGreaterThan(1_000);
    expect(Number(effective_rows)).toBeLessThan(2_000);
  });

  it("is nowhere where it was not asked for", async () => {
    const run = await train(turned(), v1, [ridgeTrainable], { seed: 1, train_share: 0.7 });
    expect(Object.keys(run.fitted[0]!.parameters)).toEqual(["lambda", "lambda_from"]);
  });
});
