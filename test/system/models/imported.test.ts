/**
 * A model from elsewhere, the way of docs/python.md: stored rows are exported, a graph is fitted to those marked for
 * training by other means than our trainer, imported, scored on those marked for the test, and held to the gates.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterEach, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { ML_DOMAIN } from "../../../src/model/onnx/schema.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { rejection } from "../../base/rejection.ts";
import { addForest, stump } from "../../model/onnx/forests.ts";
import { preparedDatabase } from "../../record/server/prepared.ts";
import { START_US } from "../../sim/markets.ts";
import { storeTape } from "../../train/data/store_tape.ts";

const ROOT = join(import.meta.dirname, "../../..");
const TAPE_S = 1_800;
const FROM_US = START_US - 86_400 * US_PER_SEC;
const isoOf = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 19);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type Row = Readonly<Record<string, number | string | null>>;

/** Half an hour of a market in a database of its own. */
async function storedMarket(folder: string): Promise<Record<string, string>> {
  const tape = join(folder, "market.tape");
  const source = simulatedSource({ seed: 23, start_us: FROM_US, r2: 0.2, depth: false });
  await writeTape(tape, source, { seconds: TAPE_S });
  const prepared = await preparedDatabase();
  cleanups.push(() => prepared?.close());
  const where = prepared ? { url: prepared.url } : {};
  const database = await openDatabase({ ...where, data_dir: folder, log: silentLogger, clock: systemClock });
  await storeTape(database, tape, source.symbol);
  await database.close();
  const told = { DATA_DIR: folder, MODEL_DIR: join(folder, "models") };
  return prepared ? { ...told, DATABASE_URL: prepared.url } : told;
}

/** A line through a column by least squares, and a tree of one split on another: fitted to the rows marked for it. */
function fitted(rows: readonly Row[]): Uint8Array {
  const train = rows.filter(({ split }) => split === "train");
  const of = (name: string): number[] => train.map((row) => Number(row[name]));
  const [x, y, z] = [of("ret_1s"), of("label_mid"), of("ret_5s")];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const slope = sum(x.map((value, at) => value * y[at]!)) / sum(x.map((value) => value ** 2));
  const left = y.map((value, at) => value - slope * x[at]!);
  const mean = (chosen: (value: number) => boolean): number => {
    const taken = left.filter((_, at) => chosen(z[at]!));
    return sum(taken) / Math.max(1, taken.length);
  };
  const graph = new OnnxGraphBuilder("line_and_tree", [v1.names.length], { [ML_DOMAIN]: 3 });
  const coefficients = v1.names.map((name) => (name === "ret_1s" ? slope : 0));
  const attributes = {
    coefficients: { floats: coefficients },
    intercepts: { floats: [0] },
    targets: { int: 1 },
  };
  const line = graph.node("LinearRegressor", [graph.input], attributes, undefined, 0, ML_DOMAIN);
  const column = v1.names.indexOf("ret_5s");
  const tree = { ...stump(), features: [column, 0, 0], thresholds: [0, 0, 0] };
  tree.weights = [mean((value) => value <= 0), mean((value) => value > 0)];
  graph.add(line, addForest(graph, graph.input, tree), "yhat");
  return graph.toBytes();
}

describe("a model made elsewhere", () => {
  it("goes from exported rows through import and gates into the registry, tested on the rows the export had marked", async () => {
    const folder = mkdtempSync(join(tmpdir(), "foretick-import-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const environment = await storedMarket(folder);
    const parquet = join(folder, "rows.parquet");
    const range = ["--from", isoOf(FROM_US), "--to", isoOf(FROM_US + TAPE_S * US_PER_SEC)];
    const exported = Bun.spawn(
      [process.execPath, join(ROOT, "scripts/export.ts"), ...range, "--to-file", parquet],
      { env: { ...(process.env as Record<string, string>), ...environment }, stdout: "pipe", stderr: "pipe" },
    );
    const said = (await new Response(exported.stdout).text()) + (await new Response(exported.stderr).text());
    expect([said, await exported.exited]).toEqual([said, 0]);
    const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(parquet) })) as Row[];
    const file = join(folder, "line_and_tree.onnx");
    writeFileSync(file, fitted(rows));

    const asked = ["--set", "v1", "--label", "mid", ...range, "--version", "1"];
    const lines = await modelsCommand(["import", file, "--name", "line-tree", ...asked], environment);
    const text = lines.join("\n");
    expect(text).toContain("line-tree/1 is registered");
    expect(text).toMatch(/imported +-?\d/);
    expect(text).toMatch(/ridge +-?\d/);
    const dir = join(environment.MODEL_DIR!, "line-tree/1");
    const manifest = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
    // The test part is the rows that the export had marked as such.
    const test = rows.filter(({ split }) => split === "test");
    expect(manifest.split.test).toMatchObject({ rows: test.length, from_us: Number(test[0]!.ts) * 1_000 });
    expect(manifest.scores.map(({ model }: { model: string }) => model)).toEqual(
      expect.arrayContaining(["imported", "ridge", "zero"]),
    );
    expect(manifest).toMatchObject({ kind: "imported", fallback: { by: "evaluator" }, servable: false });
    expect(readFileSync(join(dir, "model.onnx"))).toEqual(readFileSync(file));
    const shown = (await modelsCommand(["show", "line-tree/1"], environment)).join("\n");
    expect(shown).toMatch(/^fallback +the evaluator in TypeScript, of the same file$/m);
    // Half an hour proves nothing: the gates hold it back.
    expect(await rejection(modelsCommand(["promote", "line-tree/1"], environment))).toMatchObject({
      code: "MODEL_REFUSED",
    });
  });
});
