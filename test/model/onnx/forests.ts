/** Tree ensembles for tests, in the lists a file has, and the file they make. */

import type { Rng } from "../../../src/base/rng.ts";
import { ML_DOMAIN } from "../../../src/model/onnx/schema.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";

export interface Forest {
  trees: number[];
  numbers: number[];
  features: number[];
  thresholds: number[];
  modes: string[];
  yes: number[];
  no: number[];
  missing: number[];
  leaf_trees: number[];
  leaf_numbers: number[];
  weights: number[];
  aggregate?: string;
  base?: number;
}

/** One split, on column 0 at 0.5: 1 up to there, −1 beyond. */
export const stump = (): Forest => ({
  ...{ trees: [0, 0, 0], numbers: [0, 1, 2], features: [0, 0, 0], thresholds: [0.5, 0, 0] },
  ...{ modes: ["BRANCH_LEQ", "LEAF", "LEAF"], yes: [1, 0, 0], no: [2, 0, 0], missing: [] },
  ...{ leaf_trees: [0, 0], leaf_numbers: [1, 2], weights: [1, -1] },
});

const MODES = ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"].map((name) => `BRANCH_${name}`);
const TIES = [-1, -0.5, 0, 0.5, 1];

/** Thresholds and inputs come from few values, so that ties happen; one input in twelve is missing. */
export const drawn = (rng: Rng): number =>
  rng.below(12) === 0 ? Number.NaN : rng.below(2) === 0 ? TIES[rng.below(TIES.length)]! : rng.normal();

export function randomForest(rng: Rng, width: number): Forest {
  const forest: Forest = {
    ...{ trees: [], numbers: [], features: [], thresholds: [], modes: [], yes: [], no: [], missing: [] },
    ...{ leaf_trees: [], leaf_numbers: [], weights: [] },
  };
  // Files of most exporters have one mode; several in one are allowed.
  const modes = rng.below(2) === 0 ? [MODES[rng.below(MODES.length)]!] : MODES;
  const tracked = rng.below(2) === 0;
  const count = 1 + rng.below(12);
  for (let tree = 0; tree < count; tree++) {
    let next = 0;
    const grow = (depth: number): number => {
      const number = next++;
      const at = forest.trees.length;
      const leaf = depth === 0 || rng.below(4) === 0;
      forest.trees.push(tree);
      forest.numbers.push(number);
      forest.features.push(leaf ? 0 : rng.below(width));
      forest.thresholds.push(leaf ? 0 : TIES[rng.below(TIES.length)]!);
      forest.modes.push(leaf ? "LEAF" : modes[rng.below(modes.length)]!);
      forest.yes.push(0);
      forest.no.push(0);
      if (tracked) forest.missing.push(leaf ? 0 : rng.below(2));
      if (leaf) {
        forest.leaf_trees.push(tree);
        forest.leaf_numbers.push(number);
        forest.weights.push(rng.normal());
      } else {
        forest.yes[at] = grow(depth - 1);
        forest.no[at] = grow(depth - 1);
      }
      return number;
    };
    grow(rng.below(5));
  }
  const aggregate = [undefined, "SUM", "AVERAGE", "MIN", "MAX"][rng.below(5)];
  if (aggregate) forest.aggregate = aggregate;
  if (rng.below(2) === 0) forest.base = rng.normal();
  return forest;
}

/** `yhat` of `features` [batch, width] by the forest alone. */
export function forestOnnx(forest: Forest, width: number): Uint8Array {
  const graph = new OnnxGraphBuilder("forest", [width], { [ML_DOMAIN]: 3 });
  addForest(graph, graph.input, forest, "yhat");
  return graph.toBytes();
}

export function addForest(graph: OnnxGraphBuilder, x: string, forest: Forest, output?: string): string {
  const nodes = {
    ...{ treeids: forest.trees, nodeids: forest.numbers, featureids: forest.features },
    ...{ truenodeids: forest.yes, falsenodeids: forest.no },
    ...(forest.missing.length > 0 ? { missing_value_tracks_true: forest.missing } : {}),
  };
  const targets = {
    treeids: forest.leaf_trees,
    nodeids: forest.leaf_numbers,
    ids: forest.weights.map(() => 0),
  };
  const ints = (prefix: string, lists: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(Object.entries(lists).map(([name, list]) => [`${prefix}_${name}`, { ints: list }]));
  const attributes = {
    ...ints("nodes", nodes),
    ...ints("target", targets),
    nodes_modes: { texts: forest.modes },
    nodes_values: { floats: forest.thresholds },
    target_weights: { floats: forest.weights },
    n_targets: { int: 1 },
    ...(forest.aggregate ? { aggregate_function: { text: forest.aggregate } } : {}),
    ...(forest.base === undefined ? {} : { base_values: { floats: [forest.base] } }),
  };
  return graph.node("TreeEnsembleRegressor", [x], attributes, output, 0, ML_DOMAIN);
}
