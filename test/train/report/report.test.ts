import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/v1.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle.ts";
import { type Gate, mayServe, readGates } from "../../../src/model/gates.ts";
import { newestBundle } from "../../../src/model/newest.ts";
import type { Dataset } from "../../../src/train/dataset.ts";
import { type FinishedModel, finishModel } from "../../../src/train/finish.ts";
import { train } from "../../../src/train/run.ts";
import { trainableOf } from "../../../src/train/trainables.ts";
import { SIGNAL_COLUMN, syntheticDataset } from "../synthetic.ts";

const HOUR = 3600;
let gates: readonly Gate[];
let folder: string;
beforeAll(async () => {
  gates = await readGates(join(import.meta.dirname, "..", "..", "..", "models", "gates.json"));
  folder = await mkdtemp(join(tmpdir(), "foretick-report-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function finished(dataset: Dataset, version = "1"): Promise<FinishedModel> {
  const run = await train(dataset, v1, [await trainableOf("ridge")], { seed: 1, train_share: 0.7 });
  return finishModel(dataset, v1, run, run.fitted[0]!, gates, {
    name: "ridge-test",
    version,
    created_at_us: micros(1_700_000_000_000_000),
    seed: 1,
    train_share: 0.7,
    sources: ["synthetic <rows> & co"],
  });
}

const pageOf = ({ contents }: FinishedModel): string =>
  new TextDecoder().decode(contents.extra!["report.html"]);

describe("report card", () => {
  it("says of each part what the scores say of the whole", async () => {
    const { report, contents } = await finished(syntheticDataset({ seed: 11, seconds: 8 * HOUR, r2: 0.08 }));
    const [score] = report.scores;
    const { figures, along_time, by_hour, by_volatility, calibration, density, residuals } = report;
    expect(figures.model.mae).toBeCloseTo(score!.mae, 12);
    expect(figures.model.rmse).toBeCloseTo(score!.rmse, 12);
    expect(figures.directional_accuracy).toBe(score!.hit_rate);
    expect(1 - figures.model.mae / figures.no_move.mae).toBeCloseTo(score!.mae_cut, 9);
    // A log-return's error times the price is the error in dollars, to second order.
    expect(figures.model.price_mae / (score!.mae * 61_000)).toBeCloseTo(1, 1);
    expect(figures.model.mape / score!.mae).toBeCloseTo(1, 2);
    const { high, medium, low } = figures.confidence;
    expect(high.rows + medium.rows + low.rows).toBe(score!.rows);
    expect((high.mae * high.rows + medium.mae * medium.rows + low.mae * low.rows) / score!.rows).toBeCloseTo(
      score!.mae,
      12,
    );
    for (const parts of [by_volatility, calibration]) {
      expect(parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(score!.rows);
    }
    for (const counts of [density.counts, residuals.counts]) {
      expect(counts.reduce((sum, rows) => sum + rows, 0)).toBe(score!.rows);
    }
    expect(by_hour.length).toBeGreaterThan(1);
    expect(along_time.length).toBeGreaterThan(5);
    expect(contents.manifest.gates).toEqual(report.gates);
    expect(contents.manifest.servable).toBe(mayServe(report.gates));
    expect(JSON.parse(new TextDecoder().decode(contents.extra!["report.json"]))).toEqual(
      JSON.parse(JSON.stringify(report)),
    );
  });

  it("names the feature that carries the signal first, and little else", async () => {
    const { report } = await finished(syntheticDataset({ seed: 12, seconds: 8 * HOUR, r2: 0.08 }));
    const [first, second] = report.importance;
    expect(first!.feature).toBe(v1.names[SIGNAL_COLUMN]!);
    expect(first!.r2_lost).toBeGreaterThan(10 * Math.abs(second!.r2_lost));
  });

  it("issues intervals that hold what they promise on rows they have not seen", async () => {
    const { report } = await finished(syntheticDataset({ seed: 13, seconds: 12 * HOUR, r2: 0.02 }));
    const { nominal, adaptive } = report.coverage;
    expect(nominal).toBe(0.9);
    expect(Math.abs(adaptive.coverage - nominal)).toBeLessThan(0.03);
    expect(adaptive.width).toBeGreaterThan(0);
  });

  it("says itself that a few minutes prove nothing, and such a model is written but not served", async () => {
    const done = await finished(syntheticDataset({ seed: 3, seconds: 320, r2: 0.02 }), "short");
    expect(done.report.verdict.sentence).toContain("Too short to prove skill");
    expect(pageOf(done)).toContain("Too short to prove skill");
    expect(pageOf(done)).toContain("there is too little data for it");
    expect(done.contents.manifest.servable).toBe(false);
    const dir = await writeBundle(folder, done.contents);
    const model = await loadBundle(dir);
    expect(model.manifest.gates.filter(({ passed }) => !passed).length).toBeGreaterThan(3);
    await model.close();
    expect(await newestBundle(folder, v1)).toMatchObject({
      dir: undefined,
      passed_over: [{ dir, reason: "marked not servable" }],
    });
  });

  it("is a page that stands alone: no script, no request, every plot drawn, no figure that is no number", async () => {
    const page = pageOf(await finished(syntheticDataset({ seed: 14, seconds: 6 * HOUR, r2: 0.05 })));
    expect(page).not.toMatch(/<script|<link|<img|https?:|url\(|@import/);
    expect(page).not.toMatch(/NaN|undefined|Infinity|null/);
    expect(page).toContain("synthetic &#60;rows&#62; &#38; co");
    expect(page).toContain("prefers-color-scheme: dark");
    for (const title of [
      "R² and its interval",
      "Forecast and outcome",
      "Calibration",
      "Correlation along the test",
      "Error by hour",
      "Error by volatility",
      "What the model reads",
      "Errors",
      "Interval coverage",
      "Running sum",
    ]) {
      expect(page).toContain(`<h3>${title}</h3><svg`);
    }
    expect(page).toContain("This does not mean that anyone would have earned or lost this");
  });
});
