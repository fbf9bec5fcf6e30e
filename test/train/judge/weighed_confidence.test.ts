import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { confidenceOf } from "../../../src/judge/confidence.ts";
import { shareAt, Unusual } from "../../../src/judge/weighed_confidence.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { BundleModel } from "../../../src/model/bundle/model.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { type FinishedModel, finishModel } from "../../../src/train/finish.ts";
import { trainableOf } from "../../../src/train/fit/trainables.ts";
import { train } from "../../../src/train/run.ts";
import { SIGNAL_COLUMN, syntheticDataset } from "../data/synthetic.ts";

const HALF_A_DAY = 12 * 3600;
/** Of the signal's column in the synthetic market. */
const [MEAN, SD] = [0.1, 0.3];
/** Where the signal is further out than this, its direction is lost. */
const LOST_FROM_SD = 1.5;

/** A market whose signal means nothing where it is extreme: for twenty seconds each, up or down by chance. */
function losesExtremes(dataset: HeldDataset, seed: number): HeldDataset {
  const rng = seededRng(seed);
  let [sign, until_sec] = [1, 0];
  for (let row = 0; row < dataset.rows; row++) {
    if (dataset.ts_sec[row]! >= until_sec) {
      sign = rng.below(2) === 0 ? 1 : -1;
      until_sec = dataset.ts_sec[row]! + 20;
    }
    const deviations = (dataset.values[row * dataset.names.length + SIGNAL_COLUMN]! - MEAN) / SD;
    if (Math.abs(deviations) > LOST_FROM_SD) dataset.y[row] = sign * Math.abs(dataset.y[row]!);
  }
  return dataset;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "foretick-weighed-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function trained(dataset: HeldDataset): Promise<FinishedModel & { readonly served: BundleModel }> {
  const run = await train(dataset, v1, [await trainableOf("ridge")], { seed: 1, train_share: 0.7 });
  const model = await finishModel(dataset, v1, run, run.fitted[0]!, [], {
    ...{ name: "ridge-test", version: "1", created_at_us: micros(1_700_000_000_000_000) },
    ...{ seed: 1, train_share: 0.7, sources: ["synthetic"] },
  });
  const served = await loadBundle(await writeBundle(await mkdtemp(join(folder, ".")), model.contents));
  await served.close();
  return { ...model, served };
}

const vectorWith = (value: number): Float64Array => {
  const values = new Float64Array(v1.names.map((_, column) => 10 ** ((column % 5) - 2) * (column % 3)));
  values[SIGNAL_COLUMN] = value;
  return values;
};

describe("indicator weights in the confidence", () => {
  it("have a say where the feature that is read most means nothing at its extremes, with the figures that show it", async () => {
    const dataset = syntheticDataset({ seed: 1, seconds: HALF_A_DAY, r2: 0.4 });
    const { report, served, contents } = await trained(losesExtremes(dataset, 101));
    const { confidence } = report;
    expect(confidence).toMatchObject({ applied: true, coverage: 0.99, block_s: 60 });
    expect(confidence!.gain.error.interval![0]).toBeGreaterThan(0);
    expect(confidence!.gain.brier.value).toBeGreaterThan(0);
    expect(confidence!.without.error - confidence!.with.error).toBeCloseTo(confidence!.gain.error.value, 12);
    expect(confidence!.slope).toBeLessThan(0);
    // In the bundle, and so in what is served.
    expect(JSON.parse(new TextDecoder().decode(contents.extra!["confidence.json"]))).toEqual(confidence);
    const usual = served.weighed!.shareOf(vectorWith(MEAN + SD));
    const extreme = served.weighed!.shareOf(vectorWith(MEAN - 3 * SD));
    expect(extreme).toBeLessThan(0.5);
    expect(usual).toBeGreaterThan(extreme + 0.4);
    expect(new TextDecoder().decode(contents.extra!["report.html"])).toContain("they have a say");
  });

  it("have none where the plain confidence is right already, and the bundle says so", async () => {
    const { report, served } = await trained(syntheticDataset({ seed: 1, seconds: HALF_A_DAY, r2: 0.4 }));
    expect(report.confidence).toMatchObject({ applied: false });
    expect(report.confidence!.gain.error.interval![0]).toBeLessThan(0);
    expect(report.confidence!.why).toContain("no say");
    expect(served.importance!.features[SIGNAL_COLUMN]!.weight).toBeGreaterThan(1);
    expect(served.weighed).toBeUndefined();
  });

  it("look at columns by their weights, and change the confidence beyond an even chance alone", () => {
    const unusual = new Unusual({ mean: [1, 0, 5], inverse: [0.5, 1, 0], weights: [3, 0, 1] });
    expect(unusual.of([5, 1_000, -7])).toBe(Math.sqrt((3 * 4) / 4));
    expect(unusual.of([9, 9, 1e300, 0, 0], 2)).toBe(Math.sqrt((3 * 36) / 4));
    const line = { slope: -0.5, middle: 1 };
    expect([0, 1, 2, 9].map((far) => shareAt(line, far))).toEqual([1.5, 1, 0.5, 0]);
    expect(confidenceOf(0.4, [], 0.5)).toBeCloseTo(0.55, 12);
    expect(confidenceOf(0.9, [], 2)).toBe(1);
    expect(confidenceOf(0.4, ["other_evaluator"], 0.5)).toBeCloseTo(0.5 + 0.1 * 0.5 * 0.9, 12);
  });
});
