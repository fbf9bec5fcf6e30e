/**
 * An ONNX file made elsewhere, as a model beside those trained here. What it forecasts for a row is what onnxruntime
 * answers, the same number that would be served; the evaluator in TypeScript stands in where rows are made up (a
 * column's minutes in another order), and is its fallback where it answers the same.
 */

import { fail } from "../../base/errors.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { Fallback, Golden } from "../../model/bundle/manifest.ts";
import { type Evaluator, prepareEvaluator } from "../../model/onnx/evaluator.ts";
import { type OnnxModel, readOnnx } from "../../model/onnx/read.ts";
import { openSession, type Session } from "../../model/onnx/session.ts";
import type { Dataset } from "../data/dataset.ts";
import { FileNumbers } from "../data/number_file.ts";
import { held, heldDoubles, type Numbers, pieces } from "../data/numbers.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import { targetScale } from "../data/scaler.ts";
import { AGREEMENT, networkGolden } from "../export/golden.ts";
import type { Fitted, Trainable } from "../fit/trainable.ts";

/** A file that could be served, before it is tried on rows. */
export interface ImportedGraph {
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
  readonly evaluator: Evaluator;
}

/** Rows on which both evaluators are compared, spread evenly. */
const COMPARED_ROWS = 1_000;

/**
 * Looks at a file without any rows: what it is made of, whether it fits the set, whether onnxruntime takes it.
 * @throws ForetickError ONNX_MALFORMED, ONNX_REFUSED: what it is that cannot be served, and what to do.
 */
export async function importedGraph(bytes: Uint8Array, set: FeatureSet): Promise<ImportedGraph> {
  const model = readOnnx(bytes);
  const evaluator = prepareEvaluator(model, set.names.length);
  const { input_dims } = evaluator;
  const columns = set.names.length;
  if (input_dims.length !== 2) {
    fail(
      "ONNX_REFUSED",
      `input expected [batch, ${columns}], was [batch, ${input_dims.slice(1).join(", ")}]: sequences cannot be imported, give the model one vector`,
    );
  }
  if (input_dims[1] !== columns) {
    fail(
      "ONNX_REFUSED",
      `input expected [batch, ${columns}], the columns of set ${set.name} in their order, was [batch, ${input_dims[1]}]: train on all of them, or name another --set`,
    );
  }
  await (await openSession(bytes, evaluator)).close();
  return { bytes, model, evaluator };
}

/**
 * Runs the file on every row.
 * @throws ForetickError MODEL_OUTPUT where it answers a row with no finite number; TRAIN_DATA where the price never moves.
 */
export async function importedTrainable(graph: ImportedGraph, dataset: Dataset): Promise<Trainable> {
  const session = await openSession(graph.bytes, graph.evaluator);
  try {
    const target_scale = targetScale(dataset, { from: 0, to: dataset.rows });
    const answers = await answersOf(session, dataset);
    const fallback = fallbackOf(graph.evaluator, dataset, answers, AGREEMENT * target_scale);
    const fitted = fittedOf(graph, dataset, answers, { target_scale, fallback });
    return { kind: "imported", sequence_length: 1, fit: async () => fitted };
  } finally {
    await session.close();
  }
}

async function answersOf(session: Session, { ts_sec, values, y, names }: Dataset): Promise<Numbers> {
  const file = y instanceof FileNumbers ? y.scratch.create("float64") : undefined;
  const kept = file ? undefined : new Float64Array(ts_sec.length);
  for (const { from, to } of pieces({ from: 0, to: ts_sec.length })) {
    const rows = held(values, from * names.length, to * names.length);
    for (let row = from; row < to; row++) {
      const at = (row - from) * names.length;
      session.input.set(rows.subarray(at, at + names.length));
      const answer = await session.run();
      if (!Number.isFinite(answer)) {
        fail(
          "MODEL_OUTPUT",
          `the file answers ${answer} to row ${row}: expected a finite log-return for every row`,
        );
      }
      if (kept) kept[row] = answer;
      else file!.append(answer);
    }
  }
  return kept ?? file!.finish();
}

/** The evaluator where it computes the whole graph and answers the same; else the last good model. */
function fallbackOf(evaluator: Evaluator, dataset: Dataset, answers: Numbers, tolerance: number): Fallback {
  const lacks = evaluator.lacks.join(", ");
  if (lacks) return { by: "last_good_model", why: `the evaluator in TypeScript has no ${lacks}` };
  let largest = 0;
  const every = Math.max(1, Math.floor(dataset.rows / COMPARED_ROWS));
  for (let row = 0; row < dataset.rows; row += every) {
    const [expected] = heldDoubles(answers, row, row + 1);
    largest = Math.max(largest, Math.abs(evaluated(evaluator, dataset, row) - expected!));
  }
  // Written so that a NaN counts as different.
  if (largest <= tolerance) return { by: "evaluator", why: "" };
  return {
    by: "last_good_model",
    why: `the evaluator in TypeScript differs from onnxruntime by ${largest.toPrecision(2)}, more than ${tolerance.toPrecision(2)}`,
  };
}

function evaluated(evaluator: Evaluator, { values, names }: Dataset, row: number): number {
  return evaluator.evaluate(Float32Array.from(held(values, row * names.length, (row + 1) * names.length)));
}

function fittedOf(
  { bytes, model, evaluator }: ImportedGraph,
  tried: Dataset,
  answers: Numbers,
  { target_scale, fallback }: Pick<Fitted, "target_scale"> & { readonly fallback: Fallback },
): Fitted {
  const columns = tried.names.length;
  const ones = new Float64Array(columns).fill(1);
  const forecast = (dataset: Dataset, range: RowRange): Float64Array => {
    if (dataset === tried) return heldDoubles(answers, range.from, range.to).slice();
    return Float64Array.from({ length: rowsOf(range) }, (_, at) =>
      evaluated(evaluator, dataset, range.from + at),
    );
  };
  const operators = [...new Set(model.nodes.map(({ op_type }) => op_type))].join(" ");
  const fitted: Fitted = {
    ...{
      name: "imported",
      kind: "imported",
      sequence_length: 1,
      target_scale,
      history: [],
      fallback,
      forecast,
    },
    ...(fallback.by === "evaluator" ? {} : { own_rows_only: true }),
    onnx: { ir_version: model.ir_version, opset: model.opset },
    // Whatever scaling there is, is inside the file: features go in as they are.
    scaler: { mean: new Float64Array(columns), scale: ones, inverse: ones, rows: tried.rows },
    parameters: { operators },
    golden: (dataset: Dataset, range: RowRange): Golden => networkGolden(fitted, dataset, range),
    write: () => fail("INVARIANT", "an imported graph is not written into another"),
    toOnnx: () => bytes,
  };
  return fitted;
}
