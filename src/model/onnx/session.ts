/**
 * The native inference session: onnxruntime on one thread that does not spin between calls, because a second
 * holds one forecast of a few microseconds and the core has better things to do. Input and output tensors are
 * allocated once; a call writes the one, runs, and reads the other.
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { describeError, fail } from "../../base/errors.ts";
import type { Evaluator, GraphEnd } from "./evaluator.ts";
import type { Floats } from "./values.ts";

/** Runs a model file. Calls must not overlap: `input` is shared between them. */
export interface Session {
  /** Write the float32 features here, then call `run`. */
  readonly input: Float32Array;
  /** Forecast for what `input` holds. Rejects where the runtime fails. */
  run(): Promise<number>;
  close(): Promise<void>;
}

/** One thread that does not spin between calls. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  logSeverityLevel: 3,
  extra: {
    session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } },
  },
};

/**
 * @param bytes a model file that `readOnnx` and `prepareEvaluator` have accepted.
 * @param ends names, kinds and shapes of what goes in and comes out, with a batch of 1.
 * @throws ForetickError ONNX_REFUSED where the runtime does not take the file.
 */
export async function openSession(
  bytes: Uint8Array,
  ends: Pick<Evaluator, "input" | "output">,
): Promise<Session> {
  const session = await InferenceSession.create(bytes, SESSION_OPTIONS).catch((error: unknown) =>
    fail("ONNX_REFUSED", `onnxruntime refuses the model: ${describeError(error)}`, { cause: error }),
  );
  const fed = tensorOf(ends.input);
  const fetched = tensorOf(ends.output);
  const input = fed.data instanceof Float32Array ? fed.data : new Float32Array(fed.data.length);
  const feeds = { [ends.input.name]: fed.tensor };
  const fetches = { [ends.output.name]: fetched.tensor };
  let closed = false;
  return {
    input,
    run: async () => {
      if (fed.data !== input) fed.data.set(input);
      await session.run(feeds, fetches);
      return fetched.data[0]!;
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}

/** A tensor of one end, and the numbers it holds. */
export function tensorOf({ dims, double }: GraphEnd): { data: Floats; tensor: Tensor } {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (!double) {
    const data = new Float32Array(size);
    return { data, tensor: new Tensor("float32", data, dims) };
  }
  const data = new Float64Array(size);
  return { data, tensor: new Tensor("float64", data, dims) };
}
