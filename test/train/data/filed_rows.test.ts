/** Rows in files: the same rows, models, scores and report as in memory, to the bit. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { readGates } from "../../../src/model/gates.ts";
import { type Dataset, heldPartOf, release } from "../../../src/train/data/dataset.ts";
import { datasetSha256 } from "../../../src/train/data/dataset_hash.ts";
import { DEFAULT_FILTERS, filterDataset } from "../../../src/train/data/filters.ts";
import { FileNumbers, Scratch } from "../../../src/train/data/number_file.ts";
import { type Numbers, numberAt } from "../../../src/train/data/numbers.ts";
import { rowsOf } from "../../../src/train/data/row_range.ts";
import { FiledRows, HeldRows, type RowStore } from "../../../src/train/data/row_store.ts";
import { cutOf } from "../../../src/train/data/split.ts";
import { trainFolds, walkForward } from "../../../src/train/data/walk_forward.ts";
import { finishModel } from "../../../src/train/finish.ts";
import { ridgeTrainable } from "../../../src/train/fit/fitted_ridge.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import type { Report } from "../../../src/train/report/report.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { apartOf, train } from "../../../src/train/run.ts";
import { syntheticRows } from "./synthetic.ts";

const WIDTH = v1.names.length;
/** Past the pieces rows are read and written in. */
const SECONDS = 24_000;
const FILTERS = { ...DEFAULT_FILTERS, volume_share: 0.05, on_test: true };
const GATES = join(import.meta.dirname, "../../../models/gates.json");

let folder = "";
let scratch: Scratch;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "foretick-filed-"));
  scratch = new Scratch(folder, 0);
});

afterAll(async () => {
  scratch.close();
  await rm(folder, { recursive: true, force: true });
});

/** Vectors that float32 holds exactly; breaks of each stream, one of them noticed long after its time. */
function built<Column extends Numbers>(store: RowStore<Column>): Dataset<Column> {
  const options = { symbol: "BTCUSDT", set: v1, horizon_s: 10, label: "mid" } as const;
  const builder = new DatasetBuilder(options, store);
  let second = 0;
  for (const row of syntheticRows({ seed: 7, seconds: SECONDS, r2: 0.05 })) {
    row.vector.values.set(Float32Array.from(row.vector.values));
    second++;
    const broken = (stream: "trade" | "quote", before_s: number) => [
      { ts_us: (row.ts_sec - before_s) * 1e6, stream },
    ];
    if (second === 9_000) builder.push({ ...row, breaks: broken("quote", 6_000) });
    else if (second === 17_500) builder.push({ ...row, breaks: broken("trade", 4_500) });
    else builder.push(row);
  }
  return builder.finish();
}

// Filters leave nothing of what they are given: each test makes its own.
const inMemory = (): Dataset<Float64Array> => built(new HeldRows(WIDTH));
const inFiles = (): Dataset => built(new FiledRows(scratch, WIDTH));

const filtered = (dataset: Dataset): Dataset =>
  filterDataset(dataset, cutOf(dataset.ts_sec, { from: 0, to: dataset.rows }, 0.7), FILTERS);

const QUICK = { epochs_max: 2, epoch_rows_max: 8_192 };
const TRAINABLES = [ridgeTrainable, networkTrainable("mlp", { settings: QUICK })];

/** What rows of different weights make. */
async function weightedOf(dataset: Dataset) {
  const { split, scores, proposal, fitted } = await train(dataset, v1, TRAINABLES, {
    ...{ train_share: 0.7, seed: 3, half_life_s: 3_600 },
  });
  return { split, scores, proposal, models: fitted.map((model) => model.toOnnx({})) };
}

/** All of a run that does not depend on how long it took. */
async function resultsOf(dataset: Dataset) {
  const options = { train_share: 0.7, seed: 3 };
  const run = await train(dataset, v1, TRAINABLES, options);
  const about = { name: "m", version: "v", created_at_us: micros(0), sources: [], ...options };
  const models = [];
  for (const model of run.fitted) {
    const { contents, report } = await finishModel(dataset, v1, run, model, await readGates(GATES), about);
    models.push({ onnx: contents.model_onnx, golden: contents.golden, report: untimed(report) });
  }
  return { split: run.split, scores: run.scores, proposal: run.proposal, models };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const untimed = ({ learning_curves, gates, ...report }: Report) => ({
  ...report,
  latency: undefined,
  gates: gates.filter(({ metric }) => !metric.startsWith("latency")),
  servable: undefined,
  learning_curves: learning_curves.map(({ epochs, ...curve }) => ({
    ...curve,
    epochs: epochs.map((epoch) => ({ ...epoch, took_ms: 0 })),
  })),
});

describe("rows in files", () => {
  it("are those in memory, breaks and filters included", () => {
    const [held, filed] = [inMemory(), inFiles()];
    expect(filed.rows).toBe(held.rows);
    expect(filed.removed).toEqual(held.removed);
    expect(held.removed.no_label).toBeGreaterThan(5_000);
    expect(datasetSha256(filed)).toBe(datasetSha256(held));
    const [left, left_filed] = [filtered(held), filtered(filed)];
    expect(left_filed.removed).toEqual(left.removed);
    expect(left.removed.thin_volume).toBeGreaterThan(100);
    const parts = [left_filed, left].map((dataset) => heldPartOf(dataset, { from: 0, to: left.rows }));
    for (const part of ["ts_sec", "values", "y", "y_other", "last_return", "price"] as const) {
      expect(Buffer.compare(bytesOf(parts[0]![part]), bytesOf(parts[1]![part])), part).toBe(0);
    }
    release(filed);
  });

  it("make the same models, scores, gates and report cards to the bit", async () => {
    const [filed, in_memory] = [filtered(inFiles()), filtered(inMemory())];
    const of_filed = await resultsOf(filed);
    expect(of_filed).toEqual(await resultsOf(in_memory));
    const weighted = await weightedOf(filed);
    expect(weighted).toEqual(await weightedOf(in_memory));
    expect(weighted.scores).not.toEqual(of_filed.scores);
  });

  it("are walked forward from copies, which are given back", async () => {
    const scoresOf = async (dataset: Dataset) => {
      const scores = [];
      const folds = walkForward(dataset.ts_sec, 2, apartOf(dataset, v1, 1, {}));
      const options = { train_share: 0.7, seed: 1, filters: FILTERS };
      for await (const { run } of trainFolds(dataset, v1, [ridgeTrainable], options, folds)) {
        scores.push([rowsOf(run.split.test), run.scores]);
      }
      return scores;
    };
    const filed = inFiles();
    const before = datasetSha256(filed);
    expect(await scoresOf(filed)).toEqual(await scoresOf(inMemory()));
    expect(datasetSha256(filed)).toBe(before);
  });

  it("are appended in pieces of any length, and changed and dropped wherever they are", () => {
    const file = scratch.create("float64");
    const expected: number[] = [];
    for (const length of [1, 16_383, 16_384, 20_000, 5]) {
      const piece = Float64Array.from({ length }, (_, index) => expected.length + index);
      expected.push(...piece);
      file.appendAll(piece);
    }
    for (const index of [0, 16_384, expected.length - 1]) {
      file.set(index, -index);
      expected[index] = -index;
    }
    expect(file.get(16_384)).toBe(-16_384);
    for (const length of [expected.length - 3, 20_000]) {
      file.truncate(length);
      expected.length = length;
      file.append(7);
      expected.push(7);
    }
    expect([...file.finish().read(0, expected.length)]).toEqual(expected);
    file.close();
  });

  it("leave nothing in their folder, even while they are used", async () => {
    const filed = inFiles();
    expect(filed.values).toBeInstanceOf(FileNumbers);
    expect(await readdir(folder)).toEqual([]);
    expect(numberAt(filed.y, 0)).not.toBeNaN();
    release(filed);
  });

  it("are refused before they are read where the disk has no room for them", () => {
    expect(() => new Scratch(folder, 1e18)).toThrow(/expected 1000000000.0 GB free .* --scratch/);
  });
});
