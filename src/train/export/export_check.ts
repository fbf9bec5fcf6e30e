/**
 * The exported file, run before anyone relies on it: both evaluators on a thousand rows against the model that
 * was trained, and the time a forecast takes.
 */

import { systemClock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import type { Manifest } from "../../model/bundle/manifest.ts";
import { prepareEvaluator } from "../../model/onnx/evaluator.ts";
import { readOnnx } from "../../model/onnx/read.ts";
import { openSession } from "../../model/onnx/session.ts";
import type { Dataset } from "../data/dataset.ts";
import { rowsWithHistory } from "../data/history_rows.ts";
import type { RowRange } from "../data/row_range.ts";
import type { Fitted } from "../fit/trainable.ts";
import { inputOf } from "./golden.ts";

/** A thousand rows, in stretches spread evenly over the range: one forecast of many rows is quicker than many of one. */
const STRETCHES = 20;
const STRETCH_ROWS = 50;
const RUNS = 1_000;
const RUNS_WARM_UP = 100;

export interface ExportCheck {
  readonly rows: number;
  /** Largest difference from the trained model, in units of the target scale. */
  readonly difference_onnx: number;
  /** null where the evaluator is not its fallback. */
  readonly difference_fallback: number | null;
  readonly latency: NonNullable<Manifest["latency"]>;
}

/**
 * @param tolerance largest difference allowed (log-return).
 * @throws ForetickError BUNDLE_GOLDEN where an evaluator answers otherwise than the trained model.
 */
export async function checkExport(
  bytes: Uint8Array,
  fitted: Fitted,
  dataset: Dataset,
  range: RowRange,
  tolerance: number,
): Promise<ExportCheck> {
  const evaluator = prepareEvaluator(readOnnx(bytes), dataset.names.length);
  const evaluates = fitted.fallback?.by !== "last_good_model";
  const session = await openSession(bytes, evaluator);
  const differences = { onnx: 0, fallback: 0 };
  const took_us: number[] = [];
  let rows = 0;
  try {
    for (const stretch of stretchesOf(range)) {
      const forecasts = fitted.forecast(dataset, stretch);
      for (const row of rowsWithHistory(dataset, stretch, fitted.sequence_length)) {
        const expected = forecasts[row - stretch.from]!;
        session.input.set(inputOf(dataset, row, fitted.sequence_length));
        differences.onnx = Math.max(differences.onnx, Math.abs((await session.run()) - expected));
        if (evaluates) {
          const fallback = evaluator.evaluate(session.input);
          differences.fallback = Math.max(differences.fallback, Math.abs(fallback - expected));
        }
        rows++;
      }
    }
    for (let run = -RUNS_WARM_UP; run < RUNS; run++) {
      const started_us = systemClock.monotonicUs();
      await session.run();
      if (run >= 0) took_us.push(systemClock.monotonicUs() - started_us);
    }
  } finally {
    await session.close();
  }
  for (const [source, difference] of Object.entries(differences)) {
    // Written so that a NaN fails too.
    if (difference <= tolerance) continue;
    fail(
      "BUNDLE_GOLDEN",
      `${fitted.name} exported expected the trained model's answers ± ${tolerance}, ${source} is ${difference} away`,
    );
  }
  return {
    rows,
    difference_onnx: differences.onnx / fitted.target_scale,
    difference_fallback: evaluates ? differences.fallback / fitted.target_scale : null,
    latency: { runs: RUNS, p50_us: at(took_us, 0.5), p95_us: at(took_us, 0.95), p99_us: at(took_us, 0.99) },
  };
}

function stretchesOf({ from, to }: RowRange): RowRange[] {
  const apart = (to - from) / STRETCHES;
  return Array.from({ length: STRETCHES }, (_, index) => {
    const first = from + Math.floor(index * apart);
    return { from: first, to: Math.min(first + STRETCH_ROWS, from + Math.floor((index + 1) * apart)) };
  });
}

/** The smallest value that a share `q` of them does not exceed. */
function at(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
}
