/**
 * The forecasts against both labels, on the test rows where both are known: what a model of the last price is
 * worth on the mid, and the other way round. Undefined where the other label is nowhere known.
 */

import { type Label, otherLabel } from "../../../features/label.ts";
import { type Metrics, measure } from "../../judge/metrics.ts";
import { pick, type TestRows } from "./test_rows.ts";

export interface ByLabel {
  /** Test rows where both labels are known, and all of them. */
  readonly rows: number;
  readonly rows_test: number;
  /** The model's own label first. */
  readonly labels: readonly { readonly label: Label; readonly metrics: Metrics }[];
  /** Of the two labels; null where one does not vary. */
  readonly correlation: number | null;
  /** Root mean squares, log-return: of the own label, and of what the other differs by. */
  readonly rms: number;
  readonly rms_difference: number;
}

export function byLabel({ y, y_other, p }: TestRows, label: Label): ByLabel | undefined {
  const known = new Uint32Array(y.length).map((_, row) => row).filter((row) => !Number.isNaN(y_other[row]!));
  if (known.length === 0) return undefined;
  const [own, other, forecasts] = [pick(y, known), pick(y_other, known), pick(p, known)];
  return {
    rows: known.length,
    rows_test: y.length,
    labels: [
      { label, metrics: measure(own, forecasts) },
      { label: otherLabel(label), metrics: measure(other, forecasts) },
    ],
    correlation: measure(own, other).ic_pearson,
    rms: rootMeanSquare(own),
    rms_difference: rootMeanSquare(own.map((value, row) => other[row]! - value)),
  };
}

const rootMeanSquare = (values: Float64Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
