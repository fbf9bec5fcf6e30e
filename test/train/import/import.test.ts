/** What an imported file becomes, and what is said of one that cannot be served. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { loadBundle } from "../../../src/model/bundle/bundle.ts";
import { readGates } from "../../../src/model/gates.ts";
import { ML_DOMAIN } from "../../../src/model/onnx/schema.ts";
import { usualOrder } from "../../../src/train/course/order.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { type ImportResult, importModel } from "../../../src/train/import/import_model.ts";
import { importedGraph } from "../../../src/train/import/imported_model.ts";
import { rejection } from "../../base/rejection.ts";
import { freshFolder, removeFolders } from "../../model/sample.ts";
import { syntheticDataset } from "../data/synthetic.ts";

const folder = join(import.meta.dirname, "../../fixtures/exported");
const fileOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, `${name}.onnx`)));
afterAll(removeFolders);

async function imported(name: string): Promise<ImportResult> {
  const graph = await importedGraph(fileOf(name), v1);
  const order = usualOrder(micros(1_700_000_000_000_000), await freshFolder());
  const dataset = syntheticDataset({ seed: 4, seconds: 3_000, r2: 0.1 });
  const data = { dataset, set: v1, sources: ["synthetic"] };
  return importModel(graph, data, order, await readGates(order.gates));
}

describe("an imported file", () => {
  it("is a bundle with scores beside ridge and zero, gates, golden vectors and a report, that is served as it is", async () => {
    const { dir, dataset, run, finished } = await imported("sklearn_boosting");
    const model = await loadBundle(dir);
    const { manifest } = model;
    expect(manifest.scores[0]!.model).toBe("imported");
    expect(manifest.scores.map((score) => score.model)).toEqual(expect.arrayContaining(["ridge", "zero"]));
    expect(manifest).toMatchObject({
      ...{ kind: "imported", proposed: false, servable: false, fallback: { by: "evaluator", why: "" } },
      runtime: { onnx_opset: expect.stringMatching(/^\d+$/) },
    });
    expect(manifest.gates.length).toBeGreaterThan(5);
    expect(Object.keys(manifest.files)).toEqual(expect.arrayContaining(["report.html", "drift.json"]));
    expect(finished.contents.model_onnx).toEqual(fileOf("sklearn_boosting"));
    const { test } = run.split;
    const [expected] = run.fitted[0]!.forecast(dataset, { from: test.from, to: test.from + 1 });
    const vector = Float64Array.from(
      dataset.values.subarray(test.from * 22, (test.from + 1) * 22) as Float64Array,
    );
    expect(await model.infer(v1.hash, vector)).toEqual({ yhat: expected, source: "onnx" });
    await model.close();
  });

  it("whose operators the evaluator lacks says so, and gives no forecast where its session does not", async () => {
    const { dir } = await imported("sklearn_svr");
    const model = await loadBundle(dir);
    expect(model.manifest.fallback).toEqual({
      by: "last_good_model",
      why: "the evaluator in TypeScript has no ai.onnx.ml.SVMRegressor",
    });
    await model.close();
  });

  it("takes float64, [N] outputs and open dimensions alike", async () => {
    for (const name of ["torch_double", "torch_norm_gelu", "lightgbm"]) {
      const { dir } = await imported(name);
      const model = await loadBundle(dir);
      expect([name, model.manifest.fallback.by]).toEqual([name, "evaluator"]);
      await model.close();
    }
  });

  const graphOf = (build: (graph: OnnxGraphBuilder) => void, dims: readonly number[] = [22]): Uint8Array => {
    const graph = new OnnxGraphBuilder("refused", dims, { [ML_DOMAIN]: 3 });
    build(graph);
    return graph.toBytes();
  };
  const column = (graph: OnnxGraphBuilder, n: number): string =>
    graph.constant("w", [n, 1], new Float64Array(n).fill(1e-5));
  const refusals: readonly (readonly [what: string, bytes: () => Uint8Array, sentence: RegExp])[] = [
    [
      "another width",
      () => graphOf((graph) => graph.matMul(graph.input, column(graph, 30), "yhat"), [30]),
      /input expected \[batch, 22\], the columns of set v1 in their order, was \[batch, 30\]: /,
    ],
    [
      "a sequence",
      () =>
        graphOf(
          (graph) => {
            const flat = graph.node("Flatten", [graph.input]);
            graph.matMul(flat, column(graph, 66), "yhat");
          },
          [3, 22],
        ),
      /was \[batch, 3, 22\]: sequences cannot be imported/,
    ],
    ["a classifier", () => fileOf("sklearn_classifier"), /export/],
    [
      "a loop",
      () => graphOf((graph) => graph.node("Loop", [graph.input], {}, "yhat")),
      /"Loop": loops and conditions/,
    ],
    [
      "another operator",
      () => graphOf((graph) => graph.node("Unique", [graph.input], {}, "yhat")),
      /was "Unique"/,
    ],
    [
      "forecasts of several things",
      () => graphOf((graph) => graph.relu(graph.input, "yhat")),
      /output expected \[batch, 1\] or \[batch\], was \[1, 22\]/,
    ],
    [
      "too much work",
      () =>
        graphOf((graph) => {
          const wide = graph.matMul(
            graph.node("Transpose", [graph.input]),
            graph.constant("a", [1, 2_000], new Float64Array(2_000)),
          );
          graph.matMul(wide, graph.constant("b", [2_000, 2_000], new Float64Array(4_000_000)), "yhat");
        }),
      /at most \d+ numbers between and \d+ multiplications/,
    ],
    ["half a file", () => fileOf("xgboost").subarray(0, 2_000), /expected/],
  ];
  for (const [what, bytes, sentence] of refusals) {
    it(`with ${what} is refused in one sentence that says what to do`, async () => {
      const error = await rejection(importedGraph(bytes(), v1));
      expect(error).toBeInstanceOf(ForetickError);
      const { code, message } = error as ForetickError;
      expect(code).toMatch(/^ONNX_/);
      expect(message).toMatch(sentence);
      expect(message.split("\n")).toHaveLength(1);
    });
  }

  it("cut short or changed anywhere is read or refused with a code, never worse", async () => {
    for (const name of ["xgboost", "lightgbm_split", "torch_gated", "sklearn_svr"]) {
      const bytes = fileOf(name);
      for (let at = 1; at < bytes.length; at += 1 + Math.floor(bytes.length / 40)) {
        const changed = bytes.slice();
        changed[at] = changed[at]! ^ 0x55;
        for (const altered of [bytes.subarray(0, at), changed]) {
          try {
            await importedGraph(altered, v1);
          } catch (error) {
            expect(error).toBeInstanceOf(ForetickError);
            expect(["ONNX_MALFORMED", "ONNX_REFUSED"]).toContain((error as ForetickError).code);
          }
        }
      }
    }
  });

  it("of more than the limit is refused before its graph is read", async () => {
    const error = await rejection(importedGraph(new Uint8Array(LIMITS.model_bytes_max + 1), v1));
    expect(error).toMatchObject({
      code: "ONNX_REFUSED",
      message: expect.stringMatching(/at most 52428800 bytes/),
    });
  });
});
