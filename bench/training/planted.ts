/**
 * How much of what there is to find does training find? Simulated markets whose true conditional mean is known
 * each second: what a model explains out of sample is held against what the truth itself explains on the same
 * rows. docs/training.md says how many days each case takes, and why.
 *
 * `bun bench/training/planted.ts [case …]`; each case runs in a process of its own.
 */

import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { seededRng } from "../../src/base/rng.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { evaluateGates, type GateResult, mayServe, readGates } from "../../src/model/gates.ts";
import type { SignalKind } from "../../src/sim/market/planted_signal.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import type { HeldDataset } from "../../src/train/data/dataset.ts";
import type { RowRange } from "../../src/train/data/row_range.ts";
import { HeldRows } from "../../src/train/data/row_store.ts";
import { checkExport } from "../../src/train/export/export_check.ts";
import type { Fitted, ModelKind } from "../../src/train/fit/trainable.ts";
import { trainableOf } from "../../src/train/fit/trainables.ts";
import { intervalsOf } from "../../src/train/judge/bootstrap.ts";
import { gateFigures } from "../../src/train/judge/gate_figures.ts";
import { DatasetBuilder } from "../../src/train/rows/dataset_builder.ts";
import { readSimulatedRows } from "../../src/train/rows/simulated_rows.ts";
import { type TrainingRun, train } from "../../src/train/run.ts";
import { inFreshProcess, machine, printAim, printTable } from "../peers/measure.ts";

interface Case {
  readonly signal: SignalKind;
  readonly r2: number;
  readonly days: number;
  readonly seeds: readonly number[];
  readonly kinds: readonly ModelKind[];
  /** Of the truth's own R² on the same rows, what the MLP is to find. */
  readonly share_min: number;
}

const CASES: Readonly<Record<string, Case>> = {
  "linear-2": { signal: "linear", r2: 0.02, days: 8, seeds: [21], kinds: ["ridge", "mlp"], share_min: 0.85 },
  "linear-0.5": {
    signal: "linear",
    r2: 0.005,
    days: 24,
    seeds: [22],
    kinds: ["ridge", "mlp"],
    share_min: 0.85,
  },
  interaction: {
    signal: "interaction",
    r2: 0.02,
    days: 12,
    seeds: [23],
    kinds: ["ridge", "mlp"],
    share_min: 0.7,
  },
  noise: {
    signal: "linear",
    r2: 0,
    days: 1,
    seeds: [31, 32, 33, 34, 35, 36, 37, 38, 39, 40],
    kinds: ["ridge", "mlp"],
    share_min: 0,
  },
};

const START_US = 1_767_225_600 * US_PER_SEC;
const DAY_S = 86_400;
const TRAIN_SHARE = 0.7;

interface ModelResult {
  readonly model: string;
  readonly r2: number;
  readonly interval: readonly [number, number] | null;
  /** R² ÷ the truth's, and its interval. */
  readonly share: number;
  readonly share_interval: readonly [number, number] | null;
  readonly gates: readonly GateResult[];
}

interface Result {
  readonly seed: number;
  readonly rows: number;
  readonly rows_test: number;
  readonly r2_truth: number;
  readonly models: readonly ModelResult[];
  readonly proposed: string;
  readonly sentence: string;
  readonly data_s: number;
  readonly fit_s: number;
  readonly memory_mb: number;
}

async function measure(name: string, seed: number): Promise<Result> {
  const { signal, r2, days, kinds } = CASES[name]!;
  const started_us = systemClock.monotonicUs();
  const source = simulatedSource({ seed, start_us: START_US, r2, signal, depth: false });
  const builder = new DatasetBuilder(
    { symbol: source.symbol, set: v1, horizon_s: 10, label: "mid" },
    new HeldRows(v1.names.length),
  );
  readSimulatedRows(source, days * DAY_S, v1, (row) => builder.push(row));
  const dataset = builder.finish();
  const data_us = systemClock.monotonicUs();
  const options = { seed, train_share: TRAIN_SHARE, onProgress: show };
  const run = await train(dataset, v1, await Promise.all(kinds.map(trainableOf)), options);
  const fit_us = systemClock.monotonicUs();
  const { test } = run.split;
  const truth = dataset.ts_sec.slice(test.from, test.to).map((sec) => source.oracle.meanAt(sec)!);
  const gates = await readGates(join(import.meta.dir, "..", "..", "models", "gates.json"));
  const models: ModelResult[] = [];
  for (const fitted of run.fitted) {
    const results = evaluateGates(await figuresOf(dataset, run, fitted), gates);
    models.push({ ...shareOf(dataset, test, truth, fitted, seed), ...scoreOf(run, fitted), gates: results });
  }
  return {
    seed,
    rows: dataset.rows,
    rows_test: test.to - test.from,
    r2_truth: explained(dataset, test, truth),
    models,
    proposed: run.proposal.model,
    sentence: run.proposal.sentence,
    data_s: (data_us - started_us) / 1e6,
    fit_s: (fit_us - data_us) / 1e6,
    memory_mb: process.resourceUsage().maxRSS / 1024,
  };
}

function show({ kind, record }: { kind: string; record: { epoch: number; validation_r2: number } }): void {
  process.stderr.write(`${kind} epoch ${record.epoch} validation R² ${record.validation_r2.toFixed(5)}\n`);
}

function scoreOf(run: TrainingRun, { name }: Fitted): Pick<ModelResult, "model" | "r2" | "interval"> {
  const score = run.scores.find(({ model }) => model === name)!;
  return { model: name, r2: score.r2, interval: score.intervals.r2 };
}

async function figuresOf(dataset: HeldDataset, run: TrainingRun, fitted: Fitted) {
  const { test } = run.split;
  const bytes = fitted.toOnnx({});
  const { tolerance } = fitted.golden(dataset, test);
  const { latency } = await checkExport(bytes, fitted, dataset, test, tolerance);
  const score = run.scores.find(({ model }) => model === fitted.name)!;
  const over_ridge = run.proposal.comparisons.find(({ model }) => model === fitted.name);
  return gateFigures(score, over_ridge, { bytes: bytes.length, latency });
}

function explained({ y }: HeldDataset, test: RowRange, forecasts: Float64Array): number {
  let error2 = 0;
  let square = 0;
  for (const [index, forecast] of forecasts.entries()) {
    error2 += (y[test.from + index]! - forecast) ** 2;
    square += y[test.from + index]! ** 2;
  }
  return 1 - error2 / square;
}

function shareOf(dataset: HeldDataset, test: RowRange, truth: Float64Array, model: Fitted, seed: number) {
  const y = dataset.y.slice(test.from, test.to);
  const forecasts = model.forecast(dataset, test);
  const found = y.map((value, row) => value ** 2 - (value - forecasts[row]!) ** 2);
  const there = y.map((value, row) => value ** 2 - (value - truth[row]!) ** 2);
  const share = (sums: { readonly found: number; readonly there: number }): number => sums.found / sums.there;
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const intervals = intervalsOf({ found, there }, y.length, { share }, { rng: seededRng(seed) });
  return { share: share({ found: sum(found), there: sum(there) }), share_interval: intervals.share };
}

const places = (value: number, digits = 4): string => value.toFixed(digits);
const range = (interval: readonly [number, number] | null, digits = 4): string =>
  interval ? `[${places(interval[0], digits)}, ${places(interval[1], digits)}]` : "–";

function report(name: string, results: readonly Result[]): void {
  const { signal, r2, days } = CASES[name]!;
  console.log(`\n${name}: ${signal} signal, R² ${r2}, ${days} simulated days a seed`);
  const rows = results.flatMap(({ seed, rows_test, r2_truth, models, proposed }) =>
    models.map((model) => [
      model.model + (proposed === model.model ? " (proposed)" : ""),
      String(seed),
      String(rows_test),
      places(r2_truth),
      places(model.r2),
      range(model.interval),
      r2 > 0 ? places(model.share, 2) : "–",
      r2 > 0 ? range(model.share_interval, 2) : "–",
      failedOf(model).join(", ") || "all passed",
    ]),
  );
  const head = [
    "model",
    "seed",
    "test rows",
    "truth",
    "R²",
    "99.9 %",
    "share",
    "99.9 %",
    "gates that refuse",
  ];
  printTable(head, rows);
  for (const { data_s, fit_s, memory_mb, sentence } of results.slice(0, 1)) {
    console.log(
      `data ${data_s.toFixed(0)} s, fits ${fit_s.toFixed(0)} s, ${memory_mb.toFixed(0)} MB. ${sentence}`,
    );
  }
  verdictOn(name, results);
}

const failedOf = ({ gates }: ModelResult): string[] =>
  gates.filter(({ passed }) => !passed).map(({ gate }) => gate);

function verdictOn(name: string, results: readonly Result[]): void {
  const { signal, r2, share_min } = CASES[name]!;
  if (r2 === 0) {
    const claims = results.flatMap(({ models }) =>
      models.flatMap(({ gates }) => gates.filter((gate) => gate.claims_skill)),
    );
    const passed = claims.filter((gate) => gate.passed).length;
    printAim(`all ${claims.length} gates that claim skill refuse, ${results.length} seeds`, passed === 0);
    return;
  }
  for (const { models, proposed } of results) {
    const mlp = models.find(({ model }) => model === "mlp")!;
    const ridge = models.find(({ model }) => model === "ridge")!;
    printAim(
      `mlp has at least ${share_min} of the truth's R² (${places(mlp.share, 3)})`,
      mlp.share >= share_min,
    );
    const served = models.find(({ model }) => model === proposed)!;
    printAim(`the proposed model, ${proposed}, passes the gates`, mayServe(served.gates));
    if (signal !== "interaction") continue;
    printAim(`ridge has next to nothing of it (${places(ridge.share, 3)})`, ridge.share < 0.05);
    printAim("mlp is proposed", proposed === "mlp");
  }
}

const [first, second] = process.argv.slice(2);
if (first === "--measure") {
  const [name, seed] = second!.split(":") as [string, string];
  console.log(JSON.stringify(await measure(name, Number(seed))));
} else {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CASES);
  console.log(machine());
  for (const name of names) {
    const { seeds } =
      CASES[name] ?? fail("CONFIG_INVALID", `expected ${Object.keys(CASES).join(", ")}, was ${name}`);
    report(
      name,
      seeds.map((seed) => inFreshProcess<Result>(import.meta.path, ["--measure", `${name}:${seed}`])),
    );
  }
}
