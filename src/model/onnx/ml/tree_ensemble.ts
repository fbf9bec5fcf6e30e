/**
 * `TreeEnsembleRegressor`, as LightGBM, XGBoost and scikit-learn are exported: each tree is walked to a leaf, the
 * leaves' weights are added (or their mean, least or largest is taken), and the base value is added to that.
 *
 * Sums are in the kind of the numbers and in the file's order of trees, as onnxruntime has them for one row on one
 * thread; another order would differ by at most trees · 2⁻²⁴ · Σ|weight|.
 */

import { fail } from "../../../base/errors.ts";
import {
  allocate,
  isDouble,
  listAttribute,
  numberAttribute,
  type Operator,
  refuseShape,
  type Step,
  textAttribute,
  type Value,
} from "../operator.ts";
import type { OnnxNode } from "../read.ts";
import { MODES, numbersOf, readTreeNodes, type TreeNodes } from "./tree_nodes.ts";

const AGGREGATES = ["SUM", "AVERAGE", "MIN", "MAX"] as const;
type Aggregate = (typeof AGGREGATES)[number];

const NODES = [
  ...["treeids", "nodeids", "featureids", "values", "values_as_tensor", "hitrates", "hitrates_as_tensor"],
  ...["modes", "truenodeids", "falsenodeids", "missing_value_tracks_true"],
].map((name) => `nodes_${name}`);
const TARGETS = ["treeids", "nodeids", "ids", "weights", "weights_as_tensor"].map((name) => `target_${name}`);

export const treeEnsembleRegressor: Operator = {
  inputs: [1, 1],
  attributes: [
    ...NODES,
    ...TARGETS,
    ...["n_targets", "post_transform", "aggregate_function", "base_values", "base_values_as_tensor"],
  ],
  prepare: prepareTrees,
};

function prepareTrees(node: OnnxNode, inputs: readonly Value[]): Step {
  const [x] = inputs as [Value];
  if (x.dims.length !== 2 || x.dims[0] !== 1) refuseShape(node, "[batch, columns]", inputs);
  const targets = numberAttribute(node, "n_targets", 1);
  if (targets !== 1)
    fail("ONNX_REFUSED", `${node.op_type} expected n_targets 1, was ${targets}: one forecast`);
  textAttribute(node, "post_transform", ["NONE"], "NONE");
  const aggregate = textAttribute(node, "aggregate_function", AGGREGATES, "SUM");
  const round = isDouble(x) ? (value: number): number => value : Math.fround;
  const nodes = readTreeNodes(node, x.dims[1]!);
  const thresholds = nodes.threshold.map(round);
  const weights = leafWeights(node, nodes).map(round);
  const base = round(baseOf(node));
  // The operator's output is float32 whatever it reads.
  const output = allocate([1, 1]);
  const leaves = new Float64Array(nodes.roots.length);
  const run = (): void => {
    for (const [tree, root] of nodes.roots.entries()) {
      leaves[tree] = weights[leafOf(nodes, thresholds, root, x.data)]!;
    }
    output.data[0] = round(combined(leaves, aggregate, round) + base);
  };
  return { output, work: nodes.mode.length, run };
}

function leafOf(nodes: TreeNodes, thresholds: Float64Array, root: number, x: ArrayLike<number>): number {
  let at = root;
  for (let mode = nodes.mode[at]!; mode !== 0; mode = nodes.mode[at]!) {
    const value = x[nodes.feature[at]!]!;
    const yes = holds(mode, value, thresholds[at]!) || (nodes.missing_yes[at] === 1 && Number.isNaN(value));
    at = yes ? nodes.yes[at]! : nodes.no[at]!;
  }
  return at;
}

function holds(mode: number, value: number, threshold: number): boolean {
  switch (MODES[mode]) {
    case "BRANCH_LEQ":
      return value <= threshold;
    case "BRANCH_LT":
      return value < threshold;
    case "BRANCH_GTE":
      return value >= threshold;
    case "BRANCH_GT":
      return value > threshold;
    case "BRANCH_EQ":
      return value === threshold;
    default:
      return value !== threshold;
  }
}

function combined(leaves: Float64Array, aggregate: Aggregate, round: (value: number) => number): number {
  if (aggregate === "MIN") return leaves.reduce((least, leaf) => Math.min(least, leaf));
  if (aggregate === "MAX") return leaves.reduce((largest, leaf) => Math.max(largest, leaf));
  let sum = 0;
  for (const leaf of leaves) sum = round(sum + leaf);
  return aggregate === "AVERAGE" ? round(sum / leaves.length) : sum;
}

/** The weight of each leaf; those not named weigh 0. */
function leafWeights(node: OnnxNode, nodes: TreeNodes): Float64Array {
  const refuse = (sentence: string): never => fail("ONNX_REFUSED", `tree ensemble ${sentence}`);
  const [trees, numbers, ids] = ["treeids", "nodeids", "ids"].map(
    (name) => listAttribute(node, `target_${name}`) ?? [],
  ) as [readonly number[], readonly number[], readonly number[]];
  const weights = numbersOf(node, "target_weights") ?? [];
  if ([numbers, ids, weights].some(({ length }) => length !== trees.length) || trees.length === 0) {
    refuse("expected target_treeids, target_nodeids, target_ids and target_weights of one length");
  }
  const found = new Float64Array(nodes.mode.length);
  const named = new Uint8Array(found.length);
  for (const [at, tree] of trees.entries()) {
    const place = nodes.placeOf(tree, numbers[at]!);
    const weight = weights[at]!;
    if (place === undefined || nodes.mode[place] !== 0 || named[place] !== 0) {
      return refuse(`expected a weight at a leaf and once, has one at node ${numbers[at]} of tree ${tree}`);
    }
    if (ids[at] !== 0) refuse(`expected target 0, has a weight for target ${ids[at]}: one forecast`);
    if (!Number.isFinite(weight))
      refuse(`expected finite weights, has ${weight} at node ${numbers[at]} of tree ${tree}`);
    found[place] = weight;
    named[place] = 1;
  }
  return found;
}

function baseOf(node: OnnxNode): number {
  const bases = numbersOf(node, "base_values") ?? [];
  const [base = 0] = Array.from(bases);
  if (bases.length <= 1 && Number.isFinite(base)) return base;
  return fail("ONNX_REFUSED", `${node.op_type} expected one finite base value, was [${Array.from(bases)}]`);
}
