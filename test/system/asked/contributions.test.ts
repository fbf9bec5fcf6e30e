/** What each feature did to a forecast: of a linear model exactly its weight times how far the feature is from its mean. */

import { describe, expect, it } from "vitest";
import { modelVersion, unixSec } from "../../../src/base/units.ts";
import type { Contributions } from "../../../src/serve/ports_ask.ts";
import {
  contributionsOf,
  type Explained,
  LatestContributions,
} from "../../../src/system/asked/contributions.ts";
import { rejection } from "../../base/rejection.ts";

const NAMES = ["a", "b", "c"];
const WEIGHTS = [2, -1, 0.5];
const MEANS = [1, 10, -4];
const columns = NAMES.map((name, i) => ({ name, mean: MEANS[i] }));
const MODEL = {
  ...{ version: "linear/1", feature_set: "v1", names: NAMES, sequence_length: 1 },
  drift: { columns } as never,
} satisfies Explained;
const vector = (...values: number[]) => ({
  ...{ feature_set: "v1", names: ["c", "b", "a", "unread"] },
  values: Float64Array.of(values[2]!, values[1]!, values[0]!, Number.NaN),
});
const linear = async (values: Float32Array, rows: number) =>
  Array.from({ length: rows }, (_, row) =>
    WEIGHTS.reduce((sum, weight, i) => sum + weight * values[row * NAMES.length + i]!, 0),
  );

describe("contributions", () => {
  it("are weight times distance from the usual of a linear model, whatever the order of the set", async () => {
    const { features, yhat_log_return } = (await contributionsOf(
      MODEL,
      vector(3, 9, -4),
      linear,
    )) as Contributions;
    expect(yhat_log_return).toBe(-5);
    expect(features).toEqual([
      { name: "a", value: 3, usual: 1, contribution: 4 },
      { name: "b", value: 9, usual: 10, contribution: 1 },
      { name: "c", value: -4, usual: -4, contribution: 0 },
    ]);
  });

  it("are not made up: of a model of several vectors, without a reference, or of a vector with a hole", async () => {
    const refusals = [
      contributionsOf({ ...MODEL, sequence_length: 60 }, vector(1, 2, 3), linear),
      contributionsOf({ ...MODEL, drift: undefined }, vector(1, 2, 3), linear),
      contributionsOf(MODEL, vector(Number.NaN, 2, 3), linear),
      contributionsOf(MODEL, { ...vector(1, 2, 3), feature_set: "gold" }, linear),
    ];
    const details = (await Promise.all(refusals)).map((answer) => "detail" in answer && answer.detail);
    expect(details).toEqual([
      expect.stringContaining("60 vectors in a row"),
      expect.stringContaining("does not say what was usual"),
      expect.stringContaining("not every feature"),
      expect.stringContaining("not every feature"),
    ]);
  });

  it("are computed once a second, however many ask, and again after a failure", async () => {
    const latest = new LatestContributions();
    let computed = 0;
    const at = (sec: number, fails = false) =>
      latest.of({ symbol: "BTCUSDT", ts_sec: unixSec(sec) }, modelVersion("linear/1"), async () => {
        computed++;
        if (fails) throw new Error("no");
        return { model_version: "linear/1", yhat_log_return: 0, features: [] };
      });
    await Promise.all([at(1), at(1), at(1)]);
    await at(1);
    expect(computed).toBe(1);
    expect(await rejection(at(2, true))).toMatchObject({ message: "no" });
    await at(2);
    expect(computed).toBe(3);
  });
});
