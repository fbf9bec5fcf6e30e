import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import type { Forecaster } from "../../../src/train/fit/forecaster.ts";
import { fitRidge } from "../../../src/train/fit/ridge.ts";
import type { EpochRecord, FitSplit } from "../../../src/train/fit/trainable.ts";
import { measure } from "../../../src/train/judge/metrics.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { rejection } from "../../base/rejection.ts";
import { KINDS, toyDataset } from "./networks.ts";

/** The binary package comes from outside the registries; where it is, what is said of its absence cannot be shown. */
const native_installed = await import("@tensorflow/tfjs-node" as string).then(
  () => true,
  () => false,
);

const SPLIT: FitSplit = { train: { from: 0, to: 4_000 }, validation: { from: 4_100, to: 5_000 } };
const ROWS = 7_000;
const TEST = { from: 5_100, to: ROWS };
const QUICK = { batch: 256, epochs_max: 12, learning_rate: 5e-3 };

const r2 = (model: Forecaster, dataset: HeldDataset): number =>
  measure(dataset.y.slice(TEST.from, TEST.to), model.forecast(dataset, TEST)).r2;
const ridgeOn = (dataset: HeldDataset): Forecaster =>
  fitRidge(dataset, { from: 0, to: SPLIT.validation.to }, { horizon_s: 10, look_back_s: 60 });

// Four fifths of the outcome's variance can be known: few rows tell who sees it.
const product = toyDataset({ rows: ROWS, seed: 1, truth: (z) => z(0) * z(1), noise: 0.5 });
/** What it takes is three vectors back. */
const late = toyDataset({ rows: ROWS, seed: 2, truth: (z) => z(2, 3), noise: 0.5 });
/** Enough for batches, where what is learned does not matter. */
const few = { train: { from: 0, to: 600 }, validation: { from: 600, to: 900 } };
const small = { train: { from: 0, to: 2_000 }, validation: { from: 2_000, to: 3_000 } };

beforeAll(() => openBackend(["wasm"]));

describe("training", () => {
  for (const [kind, epochs_max] of [
    ["mlp", 12],
    ["mlp-large", 7],
  ] as const) {
    it(`${kind} learns a product of two columns, of which ridge sees nothing`, async () => {
      const settings = { ...QUICK, epochs_max };
      const fitted = await networkTrainable(kind, { settings }).fit(product, SPLIT, { seed: 1 });
      expect(r2(ridgeOn(product), product)).toBeLessThan(0.02);
      expect(r2(fitted, product)).toBeGreaterThan(0.6);
      expect(r2(fitted, product)).toBeLessThan(0.85);
    });
  }

  for (const kind of ["lstm", "transformer"] as const) {
    it(`${kind} learns from a vector three back, of which no model of one vector sees anything`, async () => {
      const shape = { sequence_length: 5, widths: kind === "lstm" ? [8] : [8, 16], dropout: 0 };
      const settings = { ...QUICK, learning_rate: 1e-2, epochs_max: 8 };
      const fitted = await networkTrainable(kind, { shape, settings }).fit(late, SPLIT, { seed: 1 });
      expect(r2(ridgeOn(late), late)).toBeLessThan(0.02);
      expect(r2(fitted, late)).toBeGreaterThan(0.5);
    });
  }

  for (const kind of KINDS) {
    it(`${kind} gives the same bits for the same seed, others for another, and leaves no tensor behind`, async () => {
      const shape = kind === "lstm" || kind === "transformer" ? { sequence_length: 3 } : {};
      const trainable = networkTrainable(kind, { shape, settings: { ...QUICK, epochs_max: 2 } });
      const before = tf.memory().numTensors;
      const bytes = async (seed: number) => (await trainable.fit(product, few, { seed })).toOnnx({});
      const first = await bytes(5);
      expect(await bytes(5)).toEqual(first);
      expect(await bytes(6)).not.toEqual(first);
      expect(tf.memory().numTensors).toBe(before);
    });
  }

  it("says how each epoch went, and keeps the one with the smallest validation loss", async () => {
    const seen: { record: EpochRecord; best_epoch: number }[] = [];
    const settings = { ...QUICK, epochs_max: 30, patience_epochs: 4, plateau_epochs: 2 };
    const fitted = await networkTrainable("mlp", { settings }).fit(product, small, {
      seed: 3,
      onProgress: ({ record, best_epoch }) => seen.push({ record, best_epoch }),
    });
    expect(seen.map(({ record }) => record)).toEqual([...fitted.history]);
    const losses = fitted.history.map(({ validation_loss }) => validation_loss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(fitted.parameters).toMatchObject({ ended: "patience", best_epoch: best });
    expect(losses).toHaveLength(best + 4);
    // The learning rate fell where the loss had not fallen for two epochs.
    expect(fitted.history[best + 2]!.learning_rate).toBe(fitted.history[best]!.learning_rate / 2);

    const stopped_there = await networkTrainable("mlp", { settings: { ...settings, epochs_max: best } }).fit(
      product,
      small,
      { seed: 3 },
    );
    expect(stopped_there.toOnnx({})).toEqual(fitted.toOnnx({}));
  });

  it("when stopped, ends within a batch or so and keeps the best so far", async () => {
    const control = new AbortController();
    const settings = { ...QUICK, epochs_max: 1_000, patience_epochs: 1_000 };
    const fitted = await networkTrainable("mlp", { settings }).fit(product, small, {
      seed: 3,
      signal: control.signal,
      onProgress: ({ record }) => {
        if (record.epoch === 3) control.abort();
      },
    });
    expect(fitted.history).toHaveLength(3);
    expect(fitted.parameters.ended).toBe("aborted");
    const three = { ...settings, epochs_max: 3 };
    const asked = await networkTrainable("mlp", { settings: three }).fit(product, small, { seed: 3 });
    expect(fitted.toOnnx({})).toEqual(asked.toOnnx({}));
  });

  it("forecasts next to nothing where there is nothing to know", async () => {
    const noise = toyDataset({ rows: ROWS, seed: 9, truth: () => 0, noise: 1 });
    for (const seed of [1, 2]) {
      const fitted = await networkTrainable("mlp", { settings: QUICK }).fit(noise, SPLIT, { seed });
      expect(r2(fitted, noise)).toBeLessThan(0.002);
      expect(r2(fitted, noise)).toBeGreaterThan(-0.01);
    }
  });

  it("never looks at the test stretch", async () => {
    const settings = { ...QUICK, epochs_max: 2 };
    const altered = { ...product, values: product.values.slice(), y: product.y.slice() };
    altered.values.fill(1e6, 3_000 * product.names.length);
    altered.y.fill(1, 3_000);
    const fits = [product, altered].map((dataset) =>
      networkTrainable("mlp", { settings }).fit(dataset, small, { seed: 4 }),
    );
    const [one, other] = await Promise.all(fits);
    expect(one!.toOnnx({})).toEqual(other!.toOnnx({}));
  });

  it("refuses rows it cannot learn from, with the reason", async () => {
    const still = { ...product, y: new Float64Array(product.rows) };
    const fitOn = (dataset: HeldDataset, split: FitSplit) =>
      networkTrainable("lstm").fit(dataset, split, { seed: 1 });
    const refusal = (message: RegExp) =>
      expect.objectContaining({ code: "TRAIN_DATA", message: expect.stringMatching(message) });
    expect(await rejection(fitOn(still, SPLIT))).toEqual(refusal(/every label of the training rows is 0/));
    const short = { train: { from: 0, to: 5 }, validation: { from: 100, to: 200 } };
    expect(await rejection(fitOn(product, short))).toEqual(
      refusal(/training expected rows with 10 consecutive/),
    );
  });
});

describe("backends", () => {
  it("plain JavaScript trains too, to nearly the same model", async () => {
    const settings = { ...QUICK, epochs_max: 2 };
    const fitOn = () => networkTrainable("mlp", { settings }).fit(product, small, { seed: 2 });
    const wasm = await fitOn();
    const cpu = await openBackend(["cpu"]);
    expect(cpu).toMatchObject({ name: "cpu", description: expect.stringContaining("plain JavaScript") });
    const plain = await fitOn();
    await openBackend(["wasm"]);
    const [a, b] = [wasm, plain].map((model) => model.forecast(product, TEST));
    for (const [row, value] of a!.entries()) expect(Math.abs(value - b![row]!)).toBeLessThan(1e-3 * 3e-4);
  });

  it.skipIf(native_installed)(
    "that are not installed are passed over, and named where none works",
    async () => {
      expect((await openBackend(["native", "wasm"])).name).toBe("wasm");
      expect(await rejection(openBackend(["native"]))).toEqual(
        expect.objectContaining({ code: "TRAIN_BACKEND", message: expect.stringMatching(/native: /) }),
      );
      await openBackend(["wasm"]);
    },
  );

  it("hook nothing into the process", async () => {
    // In a process of its own, since a module starts once.
    const code = `
      const hooks = () => process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection");
      const before = hooks();
      const { openBackend } = await import("./src/train/network/backend.ts");
      const { name } = await openBackend(["wasm"]);
      console.log(name, hooks() - before);`;
    const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe", stderr: "inherit" });
    expect((await new Response(child.stdout).text()).trim()).toBe("wasm 0");
  });
});
