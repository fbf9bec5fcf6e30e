/**
 * The nodes of a tree ensemble as a file gives them, checked before anything walks them, here or in the native runtime:
 * lists of one length, every child there, one root a tree, every node reached exactly once, so that a walk ends.
 * https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
 */

import { fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { listAttribute } from "../operator.ts";
import type { OnnxNode } from "../read.ts";

/** How a node compares its feature with its threshold. */
export const MODES = [
  "LEAF",
  "BRANCH_LEQ",
  "BRANCH_LT",
  "BRANCH_GTE",
  "BRANCH_GT",
  "BRANCH_EQ",
  "BRANCH_NEQ",
] as const;

/** Nodes by their place in the file's lists. */
export interface TreeNodes {
  /** Index in MODES; 0 is a leaf. */
  readonly mode: Uint8Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  /** Places of the children; −1 at a leaf. */
  readonly yes: Int32Array;
  readonly no: Int32Array;
  /** 1: a value that is missing (NaN) goes to `yes`. */
  readonly missing_yes: Uint8Array;
  /** One for each tree, in the file's order. */
  readonly roots: readonly number[];
  /** Place of a node by its tree and its number. */
  placeOf(tree: number, node: number): number | undefined;
}

const refuse = (sentence: string): never => fail("ONNX_REFUSED", `tree ensemble ${sentence}`);

/** @throws ForetickError ONNX_REFUSED saying which node is wrong and why. */
export function readTreeNodes(node: OnnxNode, width: number): TreeNodes {
  const list = (name: string): readonly number[] => listAttribute(node, `nodes_${name}`) ?? [];
  const trees = list("treeids");
  const count = trees.length;
  if (count === 0) refuse("expected nodes, has none");
  if (count > LIMITS.tree_nodes_max) {
    refuse(`expected at most ${LIMITS.tree_nodes_max} nodes, has ${count}: train fewer or shallower trees`);
  }
  const whole = (name: string): readonly number[] => {
    const values = list(name);
    if (values.length !== count) refuse(`expected ${count} nodes_${name}, has ${values.length}`);
    return values;
  };
  const [numbers, features] = [whole("nodeids"), whole("featureids")];
  const [yes_numbers, no_numbers] = [whole("truenodeids"), whole("falsenodeids")];
  const places = placesOf(trees, numbers);
  const mode = modesOf(node, count);
  const placeOf = (tree: number, number: number): number | undefined => places.get(keyOf(tree, number));
  const childOf = (at: number, numbers_of: readonly number[]): number => {
    if (mode[at] === 0) return -1;
    return (
      placeOf(trees[at]!, numbers_of[at]!) ??
      refuse(`node ${numbers[at]} of tree ${trees[at]} has a child ${numbers_of[at]} that is not there`)
    );
  };
  const yes = Int32Array.from({ length: count }, (_, at) => childOf(at, yes_numbers));
  const no = Int32Array.from({ length: count }, (_, at) => childOf(at, no_numbers));
  for (const [at, feature] of features.entries()) {
    if (mode[at] === 0 || (feature >= 0 && feature < width)) continue;
    refuse(
      `node ${numbers[at]} of tree ${trees[at]} expected a feature from 0 to ${width - 1}, was ${feature}`,
    );
  }
  const roots = rootsOf(trees, yes, no);
  const tracks = list("missing_value_tracks_true");
  if (tracks.length > 0 && tracks.length !== count) {
    refuse(`expected ${count} nodes_missing_value_tracks_true or none, has ${tracks.length}`);
  }
  return {
    ...{ mode, yes, no, roots, placeOf },
    feature: Int32Array.from(features),
    threshold: thresholdsOf(node, count),
    missing_yes: Uint8Array.from({ length: count }, (_, at) => (tracks[at] ? 1 : 0)),
  };
}

const keyOf = (tree: number, number: number): number => tree * 2 ** 26 + number;

function placesOf(trees: readonly number[], numbers: readonly number[]): Map<number, number> {
  const places = new Map<number, number>();
  for (const [at, number] of numbers.entries()) {
    const tree = trees[at]!;
    const sane = [tree, number].every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 26);
    if (!sane)
      refuse(`expected trees and nodes numbered from 0 to 2^26 − 1, has node ${number} of tree ${tree}`);
    if (places.has(keyOf(tree, number))) refuse(`has node ${number} of tree ${tree} twice`);
    places.set(keyOf(tree, number), at);
  }
  return places;
}

function modesOf(node: OnnxNode, count: number): Uint8Array {
  const modes = node.attributes.get("nodes_modes");
  if (!Array.isArray(modes) || modes.length !== count) {
    return refuse(`expected ${count} nodes_modes, has ${Array.isArray(modes) ? modes.length : "none"}`);
  }
  return Uint8Array.from(modes, (name) => {
    const mode = MODES.indexOf(name as (typeof MODES)[number]);
    return mode >= 0 ? mode : refuse(`expected modes ${MODES.join(", ")}, has "${name}"`);
  });
}

/** ±∞ is a threshold that sends everything one way; NaN is none. */
function thresholdsOf(node: OnnxNode, count: number): Float64Array {
  const values = numbersOf(node, "nodes_values") ?? [];
  if (values.length !== count) return refuse(`expected ${count} nodes_values, has ${values.length}`);
  const thresholds = Float64Array.from(values);
  const wrong = thresholds.findIndex(Number.isNaN);
  if (wrong >= 0) refuse(`has NaN as the threshold at place ${wrong}`);
  return thresholds;
}

/** A list of numbers, or the tensor of float64 that newer files may have instead. */
export function numbersOf(node: OnnxNode, name: string): ArrayLike<number> | undefined {
  const tensor = node.attributes.get(`${name}_as_tensor`);
  if (tensor === undefined) return listAttribute(node, name);
  if (typeof tensor === "object" && "dims" in tensor && tensor.values) return tensor.values;
  return refuse(`expected ${name}_as_tensor to be a tensor of numbers`);
}

/**
 * The one node of each tree that is no child, in the file's order. With every other node the child of exactly one, and
 * no root missing, what remains to be shown is that all are reached: a cycle is reached from no root.
 */
function rootsOf(trees: readonly number[], yes: Int32Array, no: Int32Array): number[] {
  const parents = new Uint8Array(trees.length);
  for (const children of [yes, no]) {
    for (const child of children) {
      if (child < 0) continue;
      if (parents[child]!++ > 0) refuse(`has a node with two parents in tree ${trees[child]}`);
    }
  }
  const roots = [...parents.keys()].filter((at) => parents[at] === 0);
  const distinct = new Set(roots.map((at) => trees[at]));
  if (distinct.size !== roots.length) refuse("has a tree with two roots");
  let reached = 0;
  const waiting = [...roots];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    reached++;
    if (yes[at]! >= 0) waiting.push(yes[at]!, no[at]!);
  }
  if (reached !== trees.length) refuse("has nodes that lead back to themselves");
  return roots;
}
