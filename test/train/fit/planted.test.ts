/** The acceptance of bench/training/planted.ts in small: what training finds of a planted truth, and what gates say of none. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { evaluateGates, type Gate, type GateResult, mayServe, readGates } from "../../../src/model/gates.ts";
import type { SimulatorOptions } from "../../../src/sim/market/settings.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { trainableOf } from "../../../src/train/fit/trainables.ts";
import { gateFigures } from "../../../src/train/judge/gate_figures.ts";
import { measure } from "../../../src/train/judge/metrics.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { readSimulatedRows } from "../../../src/train/rows/simulated_rows.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import { type TrainingRun, train } from "../../../src/train/run.ts";
import { builderOf } from "../data/synthetic.ts";

const START_US = 1_767_225_600 * US_PER_SEC;
const HOUR_S = 3600;
const gates: readonly Gate[] = await readGates(
  join(import.meta.dirname, "..", "..", "..", "models", "gates.json"),
);

/** Few messages leave price and label what they are. */
const THIN = { trades_per_s: 5, quotes_per_s: 10 };

interface Planted {
  readonly dataset: HeldDataset;
  /** The true mean of each row's label. */
  readonly truth: Float64Array;
}

function planted(hours: number, options: Omit<SimulatorOptions, "start_us">): Planted {
  const source = simulatedSource({ ...options, start_us: START_US, depth: false });
  const builder = new DatasetBuilder(
    { symbol: source.symbol, set: v1, horizon_s: 10, label: "mid" },
    new HeldRows(v1.names.length),
  );
  readSimulatedRows(source, hours * HOUR_S, v1, (row) => builder.push(row));
  const dataset = builder.finish();
  return { dataset, truth: dataset.ts_sec.map((sec) => source.oracle.meanAt(sec)!) };
}

/** A smaller network than the default one, so that this takes seconds. */
async function runOn({ dataset }: Planted, seed: number): Promise<TrainingRun> {
  const mlp = networkTrainable("mlp", { settings: { epochs_max: 15 } });
  return train(dataset, v1, [await trainableOf("ridge"), mlp], { seed, train_share: 0.7 });
}

const r2Of = (run: TrainingRun, name: string): number => run.scores.find(({ model }) => model === name)!.r2;

function truthR2({ dataset, truth }: Planted, { split: { test } }: TrainingRun): number {
  return measure(dataset.y.slice(test.from, test.to), truth.slice(test.from, test.to)).r2;
}

function gateResults(run: TrainingRun, name: string): GateResult[] {
  const over_ridge = run.proposal.comparisons.find(({ model }) => model === name);
  const file = { bytes: 20_000, latency: { p50_us: 10, p99_us: 100 } };
  return evaluateGates(gateFigures(run.scores.find(({ model }) => model === name)!, over_ridge, file), gates);
}

describe("training on a planted signal", () => {
  it("finds most of a linear one with ridge and with the MLP, and what is proposed may be served", async () => {
    const data = planted(12, { ...THIN, seed: 51, r2: 0.05 });
    const run = await runOn(data, 1);
    const there = truthR2(data, run);
    expect(there).toBeGreaterThan(0.02);
    expect(r2Of(run, "ridge") / there).toBeGreaterThan(0.85);
    expect(r2Of(run, "mlp") / there).toBeGreaterThan(0.75);
    expect(run.proposal.model).toBe("ridge");
    expect(mayServe(gateResults(run, "ridge"))).toBe(true);
  });

  it("finds most of an interaction with the MLP alone, and proposes it", async () => {
    const data = planted(10, { seed: 52, r2: 0.12, signal: "interaction" });
    const run = await runOn(data, 1);
    const there = truthR2(data, run);
    expect(r2Of(run, "ridge") / there).toBeLessThan(0.1);
    expect(r2Of(run, "mlp") / there).toBeGreaterThan(0.6);
    expect(run.proposal.model).toBe("mlp");
    expect(mayServe(gateResults(run, "ridge"))).toBe(false);
    expect(mayServe(gateResults(run, "mlp"))).toBe(true);
  });

  it("has every gate that claims skill refuse where there is nothing to find", async () => {
    for (const seed of [61, 62, 63]) {
      const run = await runOn(planted(4, { ...THIN, seed, r2: 0 }), seed);
      for (const { name } of run.fitted) {
        const passed = gateResults(run, name).filter((gate) => gate.claims_skill && gate.passed);
        expect([seed, name, passed]).toEqual([seed, name, []]);
      }
    }
  });
});

describe("simulated rows", () => {
  it("are the rows a tape of the same market gives", async () => {
    const source = () => simulatedSource({ seed: 9, start_us: START_US, r2: 0.02, depth: false });
    const direct = builderOf();
    readSimulatedRows(source(), 1200, v1, (row) => direct.push(row));
    const tape = join(process.env.TMPDIR ?? "/tmp", `foretick-planted-${process.pid}.tape`);
    const taped = builderOf();
    try {
      await writeTape(tape, source(), { seconds: 1200 });
      await readTapeRows(tape, v1, (row) => taped.push(row));
    } finally {
      await Bun.file(tape).delete();
    }
    const [one, other] = [direct.finish(), taped.finish()];
    expect(one.rows).toBeGreaterThan(500);
    expect(one.values).toEqual(other.values);
    expect(one.y).toEqual(other.y);
    expect(one.price).toEqual(other.price);
  });
});
