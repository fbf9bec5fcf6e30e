/** Tree ensembles: equal to onnxruntime's on random forests of every kind, and refused where a walk could go astray. */

import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { prepareEvaluator } from "../../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../../src/model/onnx/read.ts";
import { openSession } from "../../../src/model/onnx/session.ts";
import { drawn, type Forest, forestOnnx, randomForest, stump } from "./forests.ts";

const WIDTH = 5;
const TRIALS = 60;

describe("tree ensembles", () => {
  it("answer as onnxruntime does, whatever their modes, sizes, missing tracks, aggregate and base value", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= TRIALS; seed++) {
      const rng = seededRng(seed);
      const forest = randomForest(rng, WIDTH);
      const bytes = forestOnnx(forest, WIDTH);
      const evaluator = prepareEvaluator(readOnnx(bytes));
      const session = await openSession(bytes, evaluator);
      const sum = forest.weights.reduce(
        (total, weight) => total + Math.abs(weight),
        Math.abs(forest.base ?? 0),
      );
      const bound = new Set(forest.trees).size * 2 ** -24 * sum + 2 ** -126;
      for (let call = 0; call < 8; call++) {
        const x = Float32Array.from({ length: WIDTH }, () => drawn(rng));
        session.input.set(x);
        const native = await session.run();
        // Written so that a NaN fails too.
        if (!(Math.abs(evaluator.evaluate(x) - native) <= bound)) {
          expect([seed, call, evaluator.evaluate(x)]).toEqual([seed, call, native]);
        }
        seen.add(`${forest.aggregate} ${native}`);
      }
      await session.close();
    }
    // The answers depend on the inputs, or equality would say nothing.
    expect(seen.size).toBeGreaterThan(TRIALS);
  });

  const hostile: readonly (readonly [why: string, change: (forest: Forest) => void, message: RegExp])[] = [
    ["leads back to itself", (f) => f.yes.splice(0, 1, 0), /two roots|lead back|two parents|none/],
    ["has two nodes that lead to each other", loopOfTwo, /lead back to themselves/],
    ["has a child that is not there", (f) => f.yes.splice(0, 1, 99), /a child 99 that is not there/],
    ["has a child with a negative number", (f) => f.no.splice(0, 1, -1), /a child -1 that is not there/],
    ["has a node twice", (f) => f.numbers.splice(1, 1, 2), /node 2 of tree 0 twice/],
    ["has a node with two parents", (f) => f.no.splice(0, 1, 1), /two parents/],
    ["reads a column that is not there", (f) => f.features.splice(0, 1, WIDTH), /feature from 0 to 4, was 5/],
    ["reads a negative column", (f) => f.features.splice(0, 1, -2), /feature from 0 to 4, was -2/],
    ["has NaN as a threshold", (f) => f.thresholds.splice(0, 1, Number.NaN), /NaN as the threshold/],
    ["has a list that is too short", (f) => f.features.pop(), /expected 3 nodes_featureids, has 2/],
    [
      "has an unknown mode",
      (f) => f.modes.splice(0, 1, "BRANCH_MEMBER"),
      /modes LEAF, .* has "BRANCH_MEMBER"/,
    ],
    ["weighs a node that is no leaf", (f) => f.leaf_numbers.splice(0, 1, 0), /a weight at a leaf/],
    ["weighs a leaf twice", (f) => f.leaf_numbers.splice(0, 1, 2), /a weight at a leaf and once/],
    ["weighs by infinity", (f) => f.weights.splice(0, 1, Number.POSITIVE_INFINITY), /finite weights/],
    ["has a base value that is NaN", (f) => Object.assign(f, { base: Number.NaN }), /finite base value/],
    ["numbers a node beyond all bounds", (f) => f.numbers.splice(2, 1, 2 ** 40), /numbered from 0/],
  ];
  for (const [why, change, message] of hostile) {
    it(`are refused where one ${why}`, () => {
      const forest = stump();
      change(forest);
      expect(() => prepareEvaluator(readOnnx(forestOnnx(forest, WIDTH)))).toThrow(
        expect.objectContaining({ code: "ONNX_REFUSED", message: expect.stringMatching(message) }),
      );
    });
  }

  it("go everywhere one way at an infinite threshold, as files of scikit-learn have it", () => {
    const forest = stump();
    forest.thresholds[0] = Number.POSITIVE_INFINITY;
    const evaluator = prepareEvaluator(readOnnx(forestOnnx(forest, WIDTH)));
    expect(evaluator.evaluate(Float32Array.of(1e30, 0, 0, 0, 0))).toBe(1);
  });
});

/** Beside a sound stump, a second tree whose nodes have a parent each and no root. */
function loopOfTwo(forest: Forest): void {
  for (const [number, yes, no] of [
    [0, 1, 2],
    [1, 0, 3],
    [2, 0, 0],
    [3, 0, 0],
  ] as const) {
    forest.trees.push(1);
    forest.numbers.push(number);
    forest.features.push(0);
    forest.thresholds.push(0);
    forest.modes.push(number < 2 ? "BRANCH_LEQ" : "LEAF");
    forest.yes.push(yes);
    forest.no.push(no);
  }
}
