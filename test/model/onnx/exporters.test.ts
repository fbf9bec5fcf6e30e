/**
 * Files as Python's exporters write them (test/fixtures/exported/make.py made them, with PyTorch, scikit-learn, XGBoost
 * and the converters of the latter two and of LightGBM): what Python's own model answers, onnxruntime and the evaluator
 * here answer too.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { openSession } from "../../../src/model/onnx/session.ts";

const folder = join(import.meta.dirname, "../../fixtures/exported");
const { inputs, answers } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  inputs: number[][];
  answers: Record<string, number[]>;
};
const fileOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, `${name}.onnx`)));
const NATIVE_ONLY = ["sklearn_svr"];

describe("a file made in Python", () => {
  it("is there for every exporter", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
    expect(files.sort()).toEqual(
      [...Object.keys(answers), "sklearn_classifier"].sort().map((name) => `${name}.onnx`),
    );
  });

  for (const [name, expected] of Object.entries(answers)) {
    it(`means the same here: ${name}`, async () => {
      const evaluator = prepareEvaluator(readOnnx(fileOf(name)), inputs[0]!.length);
      expect(evaluator.lacks).toEqual(NATIVE_ONLY.includes(name) ? ["ai.onnx.ml.SVMRegressor"] : []);
      const session = await openSession(fileOf(name), evaluator);
      const scale = Math.max(...expected.map(Math.abs));
      for (const [row, values] of inputs.entries()) {
        session.input.set(values);
        const native = await session.run();
        expect(Math.abs(native - expected[row]!)).toBeLessThan(1e-5 * scale);
        if (evaluator.lacks.length > 0) continue;
        expect(Math.abs(evaluator.evaluate(session.input) - native)).toBeLessThan(2e-6 * scale);
      }
      expect(new Set(expected).size).toBeGreaterThan(3);
      await session.close();
    });
  }

  it("is refused where it is a classifier, with what to do instead", () => {
    expect(() => prepareEvaluator(readOnnx(fileOf("sklearn_classifier")))).toThrow(
      expect.objectContaining({
        code: "ONNX_REFUSED",
        message: expect.stringMatching(/export a regressor|int64/),
      }),
    );
  });
});
