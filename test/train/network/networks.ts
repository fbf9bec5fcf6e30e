/** Datasets and fitted networks for the tests, made without training where none is needed. */

import { purposeRng, seededRng } from "../../../src/base/rng.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { fitScaler } from "../../../src/train/data/scaler.ts";
import type { NetworkKind } from "../../../src/train/fit/trainable.ts";
import { FittedNetwork } from "../../../src/train/network/fitted_network.ts";
import { beginning, viewsOf } from "../../../src/train/network/layers/parameters.ts";
import { networkOf, SHAPES, type Shape } from "../../../src/train/network/network.ts";

export const KINDS: readonly NetworkKind[] = ["mlp", "mlp-large", "lstm", "transformer"];
const COLUMNS = 6;

/**
 * Columns of very different units, one that never varies; y is `truth` of the standard normals behind them plus
 * noise, in log-return. With `memory` the truth also sees the vectors before.
 */
export function toyDataset(options: {
  readonly rows: number;
  readonly seed: number;
  readonly truth: (z: (column: number, ago?: number) => number) => number;
  readonly noise: number;
}): HeldDataset {
  const { rows, seed, truth, noise } = options;
  const rng = seededRng(seed);
  const z = Float64Array.from({ length: rows * COLUMNS }, () => rng.normal());
  const values = z.map((value, at) => {
    const column = at % COLUMNS;
    return column === COLUMNS - 1 ? 42 : 10 ** (column - 2) * value + 3 * column;
  });
  const y = Float64Array.from({ length: rows }, (_, row) => {
    const at = (column: number, ago = 0): number => z[(row - ago) * COLUMNS + column] ?? 0;
    return 3e-4 * (truth(at) + noise * rng.normal());
  });
  return {
    symbol: "BTCUSDT",
    feature_set: "toy",
    set_hash: v1.hash,
    names: Array.from({ length: COLUMNS }, (_, column) => `column_${column}`),
    horizon_s: 10,
    cadence_s: 1,
    label: "mid",
    rows,
    rows_seen: rows,
    removed: { not_warm: 0, null_feature: 0, no_label: 0 },
    ts_sec: Float64Array.from({ length: rows }, (_, row) => 1_700_000_000 + row),
    values,
    y,
    last_return: new Float64Array(rows),
    price: new Float64Array(rows).fill(61_000),
    y_other: new Float64Array(rows).fill(Number.NaN),
  };
}

/** A network with random numbers everywhere, the last layer and batch norm's moments included. */
export function randomNetwork(
  kind: NetworkKind,
  dataset: HeldDataset,
  seed: number,
  shape: Shape = SHAPES[kind],
): FittedNetwork {
  const columns = dataset.names.length;
  const { parameters } = networkOf(kind, columns, shape);
  const rng = purposeRng(seed, "test");
  const weights = beginning(parameters, rng);
  for (const [index, view] of viewsOf(parameters, weights).entries()) {
    const { name } = parameters[index]!;
    const positive = name.endsWith("variance");
    for (let at = 0; at < view.length; at++) {
      if (positive) view[at] = 0.5 + rng.uniform();
      else view[at]! += 0.2 * rng.normal();
    }
  }
  return new FittedNetwork({
    kind,
    columns,
    shape,
    weights,
    scaler: fitScaler(dataset, { from: 0, to: dataset.rows }),
    target_scale: 3e-4,
    output_slope: 0.9,
    history: [],
    parameters: {},
  });
}
