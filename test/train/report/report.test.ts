import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { BundleModel } from "../../../src/model/bundle/model.ts";
import { newestBundle } from "../../../src/model/bundle/newest.ts";
import { type Gate, mayServe, readGates } from "../../../src/model/gates.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { type FinishedModel, finishModel } from "../../../src/train/finish.ts";
import { trainableOf } from "../../../src/train/fit/trainables.ts";
import { reportPage } from "../../../src/train/report/page/page.ts";
import { train } from "../../../src/train/run.ts";
import { SIGNAL_COLUMN, syntheticDataset } from "../data/synthetic.ts";

const HOUR = 3600;
let gates: readonly Gate[];
let folder: string;
/** Of eight hours with a planted signal: a training of its own where nothing else is changed would be the same. */
let planted: { readonly dataset: HeldDataset; readonly model: FinishedModel };
/** Of five minutes: too few rows for most of what a report says. */
let short: FinishedModel;
beforeAll(async () => {
  gates = await readGates(join(import.meta.dirname, "..", "..", "..", "models", "gates.json"));
  folder = await mkdtemp(join(tmpdir(), "foretick-report-"));
  const dataset = syntheticDataset({ seed: 12, seconds: 8 * HOUR, r2: 0.08 });
  planted = { dataset, model: await finished(dataset) };
  short = await finished(syntheticDataset({ seed: 3, seconds: 320, r2: 0.02 }), "short");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function finished(dataset: HeldDataset, version = "1"): Promise<FinishedModel> {
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

async function loaded({ contents }: FinishedModel): Promise<BundleModel> {
  const apart = await mkdtemp(join(folder, "."));
  const model = await loadBundle(await writeBundle(apart, contents));
  await model.close();
  return model;
}

describe("report card", () => {
  it("shows both labels side by side on the rows where quotes cover part of the range", async () => {
    const dataset = syntheticDataset({ seed: 11, seconds: 3 * HOUR, r2: 0.08 });
    const quoted_from = dataset.rows - 1_000;
    dataset.y_other.fill(Number.NaN, 0, quoted_from);
    const part = await finished(dataset);
    const { by_label } = part.report;
    expect(by_label).toMatchObject({ rows: 1_000, rows_test: part.report.scores[0]!.rows });
    expect(by_label!.labels.map(({ label }) => label)).toEqual(["mid", "last"]);
    expect(by_label!.labels.map(({ metrics }) => metrics.rows)).toEqual([1_000, 1_000]);
    expect(by_label!.labels[0]!.metrics.r2).not.toBe(by_label!.labels[1]!.metrics.r2);
    expect(pageOf(part)).toContain("Both labels side by side");
    dataset.y_other.fill(Number.NaN);
    expect(pageOf(await finished(dataset))).not.toContain("Both labels side by side");
  });

  it("has the months of a walk-forward in a table, each by the model's own kind", async () => {
    const { report, contents } = await finished(syntheticDataset({ seed: 11, seconds: 2 * HOUR, r2: 0.08 }));
    expect(report.walk_forward).toBeNull();
    const part = { name: "2026-02", rows_train: 1_234_567, rows_test: 345_678, scores: report.scores };
    const page = reportPage({ ...report, walk_forward: [part] });
    expect(page).toMatch(/Walked forward.*2026-02.*1.234.567.*345.678/s);
    expect(pageOf({ report, contents })).not.toContain("Walked forward");
  });

  it("says of each part what the scores say of the whole", () => {
    const { report, contents } = planted.model;
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

  it("names the feature that carries the signal first, and little else", () => {
    const [first, second] = planted.model.report.importance;
    expect(first!.feature).toBe(v1.names[SIGNAL_COLUMN]!);
    expect(first!.r2_lost).toBeGreaterThan(10 * Math.abs(second!.r2_lost));
  });

  it("puts what the model reads into the bundle, by validation rows, as weights whose mean is 1", async () => {
    const { dataset, model } = planted;
    const { importance, drift } = await loaded(model);
    const { features, rows } = importance!;
    // What was normal is beside it.
    expect(drift!.rows).toBe(dataset.rows);
    expect(rows).toBeGreaterThan(1_000);
    expect(features.map(({ name }) => name)).toEqual([...v1.names]);
    const total = features.reduce((sum, { weight }) => sum + weight, 0);
    expect(total / features.length).toBeCloseTo(1, 12);
    const most = features.toSorted((one, other) => other.weight - one.weight);
    expect(most[0]!.name).toBe(v1.names[SIGNAL_COLUMN]!);
    expect(most[0]!.weight).toBeGreaterThan(10 * most[1]!.weight);
  });

  it("weighs every feature alike where validation rows are too few to tell", async () => {
    const { importance } = await loaded(short);
    const { features, rows } = importance!;
    expect(rows).toBe(0);
    for (const { weight } of features) expect(weight).toBe(1);
  });

  it("issues intervals that hold what they promise on rows they have not seen", () => {
    const { report } = planted.model;
    const { nominal, adaptive } = report.coverage;
    expect(nominal).toBe(0.9);
    expect(Math.abs(adaptive.coverage - nominal)).toBeLessThan(0.03);
    expect(adaptive.width).toBeGreaterThan(0);
  });

  it("says itself that a few minutes prove nothing, and such a model is written but not served", async () => {
    expect(short.report.verdict.sentence).toContain("Too short to prove skill");
    expect(pageOf(short)).toContain("Too short to prove skill");
    expect(pageOf(short)).toContain("there is too little data for it");
    expect(short.contents.manifest.servable).toBe(false);
    const dir = await writeBundle(folder, short.contents);
    const model = await loadBundle(dir);
    expect(model.manifest.gates.filter(({ passed }) => !passed).length).toBeGreaterThan(3);
    await model.close();
    expect(await newestBundle(folder, [v1])).toMatchObject({
      dir: undefined,
      passed_over: [{ dir, reason: "marked not servable" }],
    });
  });

  it("is a self-contained page: no script, no request, every plot drawn, no figure that is no number", () => {
    const page = pageOf(planted.model);
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
