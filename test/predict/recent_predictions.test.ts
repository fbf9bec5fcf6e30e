import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { modelVersion } from "../../src/base/units.ts";
import { RecentPredictions } from "../../src/predict/recent_predictions.ts";
import { MODEL, outcomeAt, predictionAt } from "../record/market_events.ts";

const NEXT = modelVersion("ridge-v1/next");

describe("predictions in memory", () => {
  it("are of the champion that predicted last where nothing is said, and never of two models", () => {
    const recent = new RecentPredictions();
    for (let sec = 0; sec < 10; sec++) {
      recent.add(predictionAt(sec));
      recent.add({ ...predictionAt(sec), model_version: NEXT, role: "challenger" });
    }
    expect(recent.latest()).toMatchObject({ model_version: MODEL, ts_sec: predictionAt(9).ts_sec });
    expect(recent.of()).toHaveLength(10);
    for (let sec = 10; sec < 13; sec++) recent.add({ ...predictionAt(sec), model_version: NEXT });
    expect(recent.of().map(({ model_version }) => model_version)).toEqual([NEXT, NEXT, NEXT]);
    expect(recent.of({ role: "champion", model_version: MODEL })).toHaveLength(10);
    expect(recent.of({ role: "challenger" })).toHaveLength(10);
    expect(recent.latest({ role: "shadow" })).toBeUndefined();
  });

  it("are of one horizon, and an outcome settles that horizon's alone", () => {
    const recent = new RecentPredictions();
    recent.add({ ...predictionAt(1), horizon_s: 60 });
    recent.add(predictionAt(1));
    recent.settle({ ...outcomeAt(1, 2e-5), horizon_s: 60 });
    expect(recent.latest({ role: "champion", horizon_s: 60 })!.realized_log_return).toBe(2e-5);
    expect(recent.latest({ role: "champion", horizon_s: 10 })!.realized_log_return).toBeNull();
    recent.settle({ ...outcomeAt(1, 3e-5), role: "challenger" });
    expect(recent.latest({ role: "champion", horizon_s: 10 })!.realized_log_return).toBeNull();
    expect(recent.latest()!.horizon_s).toBe(10);
  });

  it("are bounded in each series and in their number, and lose the series that was silent longest", () => {
    const recent = new RecentPredictions();
    recent.add({ ...predictionAt(0), role: "shadow" });
    for (let sec = 0; sec < LIMITS.predictions_kept * 1.2; sec++) recent.add(predictionAt(sec));
    expect(recent.of().length).toBeLessThanOrEqual(LIMITS.predictions_kept * 1.1);
    expect(recent.of().length).toBeGreaterThanOrEqual(LIMITS.predictions_kept);
    expect(recent.of({ role: "shadow" })).toHaveLength(1);
    for (let horizon_s = 11; horizon_s < 11 + LIMITS.series_kept - 1; horizon_s++) {
      recent.add({ ...predictionAt(9), horizon_s, role: "challenger" });
    }
    expect(recent.latest({ role: "shadow" })).toBeUndefined();
    expect(recent.latest()).toBeDefined();
  });
});
