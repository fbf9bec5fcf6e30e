import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { driftOf } from "../../../src/judge/drift/drift.ts";
import type { DriftReference } from "../../../src/judge/drift/drift_reference.ts";
import { DriftSlots } from "../../../src/judge/drift/drift_slots.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { type HeldDataset, heldPartOf } from "../../../src/train/data/dataset.ts";
import { driftOfTraining } from "../../../src/train/export/drift.ts";
import type { Forecaster } from "../../../src/train/fit/forecaster.ts";
import { refusal } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { syntheticDataset } from "../data/synthetic.ts";

const HOUR = 3600;
const WIDTH = v1.names.length;

/** Knows a little; sees one row at a time. */
const model: Forecaster = {
  name: "test",
  forecast: (rows, range) => heldPartOf(rows, range).y.map((y) => 0.1 * y),
};

let dataset: HeldDataset;
let reference: DriftReference;
beforeAll(() => {
  dataset = syntheticDataset({ seed: 12, seconds: 26 * HOUR, r2: 0.08 });
  reference = driftOfTraining(dataset, model);
});
afterAll(removeFolders);

const bundleWith = async (drift: unknown): Promise<string> =>
  writeBundle(await freshFolder(), {
    ...sampleContents(),
    extra: { "drift.json": new TextEncoder().encode(JSON.stringify(drift)) },
  });

/** Rows of the training, lived; `changed` sees each before it is. */
function lived(hours: number, changed: (values: number[]) => void = () => {}): DriftSlots {
  const slots = new DriftSlots(reference.columns);
  for (let row = 0; row < hours * HOUR; row++) {
    const y = dataset.y[row]!;
    const values = [...dataset.values.subarray(row * WIDTH, (row + 1) * WIDTH), 0.1 * y, y];
    changed(values);
    slots.add(dataset.ts_sec[row]!, values);
  }
  return slots;
}

describe("what was normal in training", () => {
  it("is features, forecasts and label over all rows, and how far hours stray among themselves", () => {
    expect(reference).toMatchObject({ rows: dataset.rows, cadence_s: 1 });
    expect(reference.columns.map(({ name }) => name)).toEqual([...v1.names, "forecast", "label"]);
    const [forecast, label] = reference.columns.slice(-2);
    const mean = dataset.y.reduce((sum, y) => sum + y, 0) / dataset.rows;
    const square = dataset.y.reduce((sum, y) => sum + y * y, 0) / dataset.rows;
    expect(label!.mean / label!.sd).toBeCloseTo(mean / Math.sqrt(square), 3);
    expect(label!.sd).toBeCloseTo(Math.sqrt(square - mean * mean), 12);
    expect(forecast!.sd / label!.sd).toBeCloseTo(0.1, 6);
    expect(label!.thresholds.hour!.psi).toBeGreaterThan(0);
    // A day of rows says nothing of what days do among themselves.
    expect(label!.thresholds.day).toBeNull();
  });

  it("comes back out of a bundle, and says nothing of the same hours but names a column that stands still", async () => {
    const loaded = await loadBundle(await bundleWith(reference));
    expect(loaded.drift).toEqual(reference);
    await loaded.close();
    expect(driftOf(reference, lived(3), "hour").recommendation).toBe("none");
    const frozen = driftOf(
      reference,
      lived(3, (values) => {
        values[0] = 0;
      }),
      "hour",
    );
    expect(frozen.recommendation).toBe("watch");
    expect(frozen.features.filter(({ drifted }) => drifted).map(({ name }) => name)).toEqual([v1.names[0]!]);
  });

  it("is refused where it is another model's, is hostile or contradicts itself", async () => {
    const [first, ...others] = reference.columns;
    const many = Array.from({ length: LIMITS.drift_edges_max + 1 }, (_, at) => at);
    const changes: [what: string, drift: unknown][] = [
      ["too few columns", { ...reference, columns: others }],
      ["another order", { ...reference, columns: [...others, first] }],
      [
        "edges that fall",
        { ...reference, columns: [{ ...first, edges: first!.edges.toReversed() }, ...others] },
      ],
      [
        "too many edges",
        { ...reference, columns: [{ ...first, edges: many, shares: [...many, 0] }, ...others] },
      ],
      [
        "a share too few",
        { ...reference, columns: [{ ...first, shares: first!.shares.slice(1) }, ...others] },
      ],
      [
        "a share above one",
        { ...reference, columns: [{ ...first, shares: first!.shares.map(() => 2) }, ...others] },
      ],
      ["another format", { ...reference, format: "foretick-drift/9" }],
    ];
    for (const [what, drift] of changes) {
      expect([what, (await refusal(bundleWith(drift))).code]).toEqual([what, "BUNDLE_INVALID"]);
    }
  });
});
