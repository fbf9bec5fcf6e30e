/**
 * A bundle opened for many vectors in one call: what a caller asks for, apart from the ticks. Its session is its own, so that
 * a tick's session never waits for a caller; the graph's first dimension is the number of vectors.
 */

import { InferenceSession } from "onnxruntime-node";
import { describeError, fail } from "../../base/errors.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { type Evaluator, prepareEvaluator } from "../onnx/evaluator.ts";
import { readOnnx } from "../onnx/read.ts";
import { SESSION_OPTIONS, tensorOf } from "../onnx/session.ts";
import type { AskedModel } from "./batch_ensemble.ts";
import { columnsFile, MODEL_FILE, readVerified } from "./files.ts";
import { columnsSchema, type Manifest, parseBundleText, versionOf } from "./manifest.ts";

type Ends = Pick<Evaluator, "input" | "output">;

export class BatchModel implements AskedModel {
  readonly version: string;
  readonly manifest: Manifest;
  /** Of the features, in the order of a vector's values. */
  readonly names: readonly string[];
  readonly #session: InferenceSession;
  readonly #ends: Ends;
  #closed: Promise<void> | undefined;

  private constructor(manifest: Manifest, names: readonly string[], session: InferenceSession, ends: Ends) {
    this.manifest = manifest;
    this.version = versionOf(manifest);
    this.names = names;
    this.#session = session;
    this.#ends = ends;
  }

  /** @throws ForetickError BUNDLE_HASH, BUNDLE_INVALID, BUNDLE_KEY, ONNX_MALFORMED, ONNX_REFUSED. */
  static async open(dir: string, seal?: Seal): Promise<BatchModel> {
    const { manifest, contents } = await readVerified(dir, seal);
    const file = columnsFile(manifest.feature_set);
    const { columns } = parseBundleText(file, new TextDecoder().decode(contents.get(file)), columnsSchema);
    const bytes = contents.get(MODEL_FILE)!;
    const ends = prepareEvaluator(readOnnx(bytes), manifest.n_inputs);
    const session = await InferenceSession.create(bytes, SESSION_OPTIONS).catch((error: unknown) =>
      fail("ONNX_REFUSED", `onnxruntime refuses the model: ${describeError(error)}`, { cause: error }),
    );
    const names = columns.map(({ name }) => name);
    return new BatchModel(manifest, names, session, ends);
  }

  /**
   * @param values of all vectors, one after the other; finite.
   * @returns a forecast each, log-returns.
   * @throws ForetickError MODEL_OUTPUT where the session fails.
   */
  async infer(values: Float32Array, rows: number): Promise<ArrayLike<number>> {
    try {
      return await this.#run(values, rows);
    } catch (error) {
      // A graph that was made elsewhere may take one vector and no more.
      if (rows > 1) return await this.#oneByOne(values, rows);
      return fail("MODEL_OUTPUT", `the model gave no forecast: ${describeError(error)}`);
    }
  }

  /** May be called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#session.release();
    return this.#closed;
  }

  async #run(values: Float32Array, rows: number): Promise<ArrayLike<number>> {
    const { input, output } = this.#ends;
    const fed = tensorOf({ ...input, dims: [rows, ...input.dims.slice(1)] });
    const fetched = tensorOf({ ...output, dims: [rows, ...output.dims.slice(1)] });
    fed.data.set(values);
    await this.#session.run({ [input.name]: fed.tensor }, { [output.name]: fetched.tensor });
    return fetched.data;
  }

  async #oneByOne(values: Float32Array, rows: number): Promise<Float64Array> {
    const forecasts = new Float64Array(rows);
    const width = this.names.length;
    for (let row = 0; row < rows; row++) {
      const [forecast] = Array.from(await this.infer(values.subarray(row * width, (row + 1) * width), 1));
      forecasts[row] = forecast!;
    }
    return forecasts;
  }
}
