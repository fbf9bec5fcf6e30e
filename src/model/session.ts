/**
 * The native inference session: onnxruntime on one thread that does not spin between calls, because a second
 * holds one forecast of a few microseconds and the core has better things to do. Input and output tensors are
 * allocated once; a call writes the one, runs, and reads the other.
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { describeError, fail } from "../base/errors.ts";
import { INPUT_NAME, OUTPUT_NAME } from "./onnx_schema.ts";

/** Runs a model file. Calls must not overlap: `input` is shared between them. */
export interface Session {
  /** Write the float32 features here, then call `run`. */
  readonly input: Float32Array;
  /** Forecast for what `input` holds. Rejects where the runtime fails. */
  run(): Promise<number>;
  close(): Promise<void>;
}

const OPTIONS: InferenceSession.SessionOptions = {
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
 * @param input_dims shape of one input with a batch of 1, e.g. [1, 22].
 * @throws ForetickError ONNX_REFUSED where the runtime does not take the file.
 */
export async function openSession(bytes: Uint8Array, input_dims: readonly number[]): Promise<Session> {
  const session = await InferenceSession.create(bytes, OPTIONS).catch((error: unknown) =>
    fail("ONNX_REFUSED", `onnxruntime refuses the model: ${describeError(error)}`, { cause: error }),
  );
  const input = new Float32Array(input_dims.reduce((size, dim) => size * dim, 1));
  const output = new Float32Array(1);
  const feeds = { [INPUT_NAME]: new Tensor("float32", input, input_dims) };
  const fetches = { [OUTPUT_NAME]: new Tensor("float32", output, [1, 1]) };
  let closed = false;
  return {
    input,
    run: async () => {
      await session.run(feeds, fetches);
      return output[0]!;
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}
