import { describe, expect, it } from "vitest";
import { modelVersion } from "../../src/base/units.ts";
import { gold } from "../../src/features/sets/gold.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { EnsembleModel } from "../../src/model/ensemble.ts";
import { Watching } from "../predict/ticks.ts";

/** Forecasts one number. */
function member(version: string, yhat: number, source: "onnx" | "fallback" = "onnx"): Watching {
  const made = new Watching(v1, 1, "mid", { version });
  made.infer = async () => ({ yhat, source }) as { yhat: number; source: "onnx" };
  return made;
}

const version = modelVersion("mix/1");
const values = new Float64Array(v1.names.length);

describe("an ensemble", () => {
  it("forecasts the weighted mean of its members, and says where one was not the native session's", async () => {
    const members = [
      { model: member("m/a", 3e-5), weight: 0.75 },
      { model: member("m/b", -1e-5), weight: 0.25 },
    ];
    const ensemble = new EnsembleModel(version, members);
    expect(await ensemble.infer(v1.hash, values)).toEqual({
      yhat: 0.75 * 3e-5 + 0.25 * -1e-5,
      source: "onnx",
    });
    const half = new EnsembleModel(version, [
      members[0]!,
      { model: member("m/c", 0, "fallback"), weight: 0.25 },
    ]);
    expect((await half.infer(v1.hash, values)).source).toBe("fallback");
  });

  it("reads its features as its members do, by their weights, and says nothing where one of them says nothing", () => {
    const says = (weight: number) => ({
      format: "foretick-importance/1" as const,
      rows: 100,
      features: [{ name: "ret_1s", r2_lost: weight / 100, weight }],
    });
    const [one, other, silent] = [member("m/a", 0), member("m/b", 0), member("m/c", 0)];
    Object.assign(one, { importance: says(2) });
    Object.assign(other, { importance: says(1) });
    const pair = (last: Watching) =>
      new EnsembleModel(version, [
        { model: one, weight: 0.75 },
        { model: last, weight: 0.25 },
      ]);
    expect(pair(other).importance!.features[0]!.weight).toBe(1.75);
    expect(pair(silent).importance).toBeUndefined();
  });

  it("gives none where one of its members gives none, and closes them all", async () => {
    const torn = member("m/torn", 0);
    torn.infer = () => Promise.reject(new TypeError("torn"));
    const closed: string[] = [];
    const members = [member("m/a", 0), torn].map((model) => {
      model.close = async () => void closed.push(model.version);
      return { model, weight: 0.5 };
    });
    const ensemble = new EnsembleModel(version, members);
    const failed = await ensemble.infer(v1.hash, values).then(
      () => "answered",
      (error: Error) => error.message,
    );
    expect(failed).toBe("torn");
    await ensemble.close();
    expect(closed).toEqual(["m/a", "m/torn"]);
  });

  it("is refused where its members differ in set, horizon, label or sequence, and names the two", () => {
    const base = member("m/a", 0);
    for (const [other, what] of [
      [new Watching(gold, 1, "mid", { version: "m/gold" }), "feature_set, was v1 of m/a and gold of m/gold"],
      [
        new Watching(v1, 1, "mid", { version: "m/far", horizon_s: 60 }),
        "horizon_s, was 10 of m/a and 60 of m/far",
      ],
      [new Watching(v1, 1, "last", { version: "m/last" }), "label, was mid of m/a and last of m/last"],
      [new Watching(v1, 5, "mid", { version: "m/long" }), "sequence_length, was 1 of m/a and 5 of m/long"],
    ] as const) {
      const make = () =>
        new EnsembleModel(version, [
          { model: base, weight: 0.5 },
          { model: other, weight: 0.5 },
        ]);
      expect(make).toThrow(`members of an ensemble expected the same ${what}`);
    }
  });
});
