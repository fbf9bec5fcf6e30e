import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { micros } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { loadBundle, writeBundle } from "../../src/model/bundle/bundle.ts";
import { scoreTable } from "../../src/train/judge/score_table.ts";
import { judge } from "../../src/train/judge/verdict.ts";
import { syntheticDataset } from "./data/synthetic.ts";
import { trainRidge } from "./train_ridge.ts";

const HOUR = 3600;
const options = {
  name: "ridge-test",
  version: "1",
  created_at_us: micros(1_700_000_000_000_000),
  seed: 1,
  train_share: 0.7,
  sources: ["synthetic"],
};
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe("training run", () => {
  it("finds a planted linear signal and says so, close to its true size", async () => {
    const dataset = syntheticDataset({ seed: 11, seconds: 24 * HOUR, r2: 0.05 });
    const { manifest } = await trainRidge(dataset, v1, options);
    const [ridge] = manifest.scores;
    expect(manifest.verdict.skill).toBe("shown");
    expect(ridge!.r2).toBeGreaterThan(0.025);
    expect(ridge!.r2).toBeLessThan(0.075);
    expect(ridge!.calibration_slope).toBeGreaterThan(0.7);
    expect(ridge!.calibration_slope).toBeLessThan(1.3);
  });

  it("claims no skill where there is none, in any of ten markets, for any model", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const dataset = syntheticDataset({ seed, seconds: 3 * HOUR, r2: 0 });
      const { manifest } = await trainRidge(dataset, v1, { ...options, seed });
      for (const score of manifest.scores) expect([score.model, judge(score).skill]).not.toContain("shown");
      expect(manifest.scores[0]!.intervals.r2).not.toBeNull();
    }
  });

  it("reports every baseline beside the model, zero as exactly zero", async () => {
    const { manifest } = await trainRidge(
      syntheticDataset({ seed: 2, seconds: 2 * HOUR, r2: 0.02 }),
      v1,
      options,
    );
    expect(manifest.scores.map((score) => score.model)).toEqual([
      "ridge",
      "zero",
      "mean",
      "last return",
      "order flow",
    ]);
    expect(manifest.scores[1]).toMatchObject({ r2: 0, mae_cut: 0, dispersion: 0 });
    // A last return that carries on doubles the variance of the error of an unpredictable market.
    expect(manifest.scores[3]!.r2).toBeLessThan(-0.5);
    expect(scoreTable(manifest.scores)).toHaveLength(6);
  });

  it("says itself that a few minutes are too short, and still writes a bundle that loads", async () => {
    const dataset = syntheticDataset({ seed: 3, seconds: 320, r2: 0.02 });
    const contents = await trainRidge(dataset, v1, options);
    expect(contents.manifest.verdict.skill).toBe("not_shown");
    expect(contents.manifest.verdict.sentence).toContain("Too short to prove skill");
    expect(contents.manifest.split.purge_s).toBeLessThan(contents.manifest.split.purge_full_s);
    const folder = await mkdtemp(join(tmpdir(), "foretick-run-"));
    folders.push(folder);
    const model = await loadBundle(await writeBundle(folder, contents));
    expect(model.version).toBe("ridge-test/1");
    await model.close();
  });

  it("gives the same bundle for the same rows, options and seed", async () => {
    const run = () => trainRidge(syntheticDataset({ seed: 4, seconds: HOUR, r2: 0.02 }), v1, options);
    expect(await run()).toEqual(await run());
  });
});
