/** Model files: a graph that is checked and answers numbers, or is refused before anything runs it. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { mutatedBytes } from "../mutate_bytes.ts";
import { type Door, promise, type Target } from "../target.ts";

const FOLDER = resolve(import.meta.dirname, "../../fixtures/exported");
/** Evaluated, not only checked, up to so many inputs. */
const EVALUATED_MAX = 10_000;

function open(): Target {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".onnx"));
  const models = files.map((name) => new Uint8Array(readFileSync(join(FOLDER, name))));
  return {
    codes: ["ONNX_MALFORMED", "ONNX_REFUSED"],
    input: (rng) => mutatedBytes(rng, models),
    attempt: (bytes) => {
      const evaluator = prepareEvaluator(readOnnx(bytes), 6);
      if (evaluator.lacks.length > 0 || evaluator.n_inputs > EVALUATED_MAX) return;
      const answer = evaluator.evaluate(new Float32Array(evaluator.n_inputs).fill(0.5));
      promise(typeof answer === "number", "a graph that was taken answers a number");
    },
  };
}

export const onnx: Door = { name: "onnx", what: "model files", runs: 1_000_000, short_runs: 2_000, open };
