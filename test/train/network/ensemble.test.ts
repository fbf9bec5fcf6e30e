import { beforeAll, describe, expect, it } from "vitest";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { checkExport } from "../../../src/train/export/export_check.ts";
import { AGREEMENT } from "../../../src/train/export/golden.ts";
import { ensembleTrainable } from "../../../src/train/fit/ensemble.ts";
import { ridgeTrainable } from "../../../src/train/fit/fitted_ridge.ts";
import type { FitProgress } from "../../../src/train/fit/trainable.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { rejection } from "../../base/rejection.ts";
import { toyDataset } from "./networks.ts";

const dataset = toyDataset({ rows: 4_000, seed: 7, truth: (z) => z(0) * z(1) + z(2, 1), noise: 0.5 });
const split = { train: { from: 0, to: 2_000 }, validation: { from: 2_000, to: 3_000 } };
const TEST = { from: 3_000, to: 4_000 };
const settings = { batch: 256, epochs_max: 2, learning_rate: 5e-3 };
const mlp = networkTrainable("mlp", { settings });
const lstm = networkTrainable("lstm", { settings, shape: { sequence_length: 3, widths: [8] } });

beforeAll(() => openBackend(["wasm"]));

describe("ensemble", () => {
  it("forecasts the mean of its members, each fitted under a seed of its own", async () => {
    const seen: FitProgress[] = [];
    const onProgress = (progress: FitProgress): number => seen.push(progress);
    const fitted = await ensembleTrainable([ridgeTrainable, mlp, mlp]).fit(dataset, split, {
      seed: 1,
      onProgress,
    });
    const members = await Promise.all([
      ridgeTrainable.fit(dataset, split, { seed: 1 }),
      mlp.fit(dataset, split, { seed: 1_000_004 }),
      mlp.fit(dataset, split, { seed: 2_000_007 }),
    ]);
    const forecasts = members.map((member) => member.forecast(dataset, TEST));
    expect(forecasts[1]).not.toEqual(forecasts[2]);
    const mean = fitted.forecast(dataset, TEST);
    for (const [row, value] of mean.entries()) {
      const expected = (forecasts[0]![row]! + forecasts[1]![row]! + forecasts[2]![row]!) / 3;
      expect(Math.abs(value - expected)).toBeLessThan(1e-12);
    }
    expect(seen.map(({ kind, member, members: of }) => `${kind} ${member}/${of}`)).toEqual([
      ...["ensemble 2/3", "ensemble 2/3", "ensemble 3/3", "ensemble 3/3"],
    ]);
    expect(fitted.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(fitted.parameters).toMatchObject({ members: 3, "1.kind": "ridge", "3.seed": 2_000_007 });
  });

  it("is one graph that answers as it does, members of one vector and of several together", async () => {
    const fitted = await ensembleTrainable([mlp, lstm, ridgeTrainable]).fit(dataset, split, { seed: 2 });
    expect(fitted.sequence_length).toBe(3);
    const bytes = fitted.toOnnx({});
    expect(prepareEvaluator(readOnnx(bytes)).input_dims).toEqual([1, 3, dataset.names.length]);
    const tolerance = AGREEMENT * fitted.target_scale;
    const check = await checkExport(bytes, fitted, dataset, TEST, tolerance);
    expect(check.rows).toBe(1_000);
    expect(check.difference_onnx).toBeLessThan(AGREEMENT);
    expect(check.latency.p50_us).toBeLessThanOrEqual(check.latency.p99_us);
  });

  it("when stopped, is the mean of the members begun", async () => {
    const control = new AbortController();
    const onProgress = ({ member }: FitProgress): void => {
      if (member === 2) control.abort();
    };
    const fitted = await ensembleTrainable([mlp, mlp, mlp]).fit(dataset, split, {
      seed: 1,
      onProgress,
      signal: control.signal,
    });
    expect(fitted.parameters.members).toBe(2);
  });

  it("takes no members that look back differently", () => {
    const other = networkTrainable("lstm", { shape: { sequence_length: 5 } });
    expect(() => ensembleTrainable([lstm, other])).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });

  it("exported with a wrong number in it, is refused", async () => {
    const fitted = await mlp.fit(dataset, split, { seed: 3 });
    const other = await mlp.fit(dataset, split, { seed: 4 });
    const tolerance = AGREEMENT * fitted.target_scale;
    expect(await rejection(checkExport(other.toOnnx({}), fitted, dataset, TEST, tolerance))).toEqual(
      expect.objectContaining({ code: "BUNDLE_GOLDEN" }),
    );
  });
});
