import { expect, it } from "vitest";
import { forecastFault } from "../../../src/predict/score/forecast_bound.ts";

it("refuses a forecast no price keeps within its time, and none that one does", () => {
  // What was once forecast from a quote with a bid of 0: −26 %.
  for (const nonsense of [-0.26, 0.021, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(forecastFault(nonsense, 10)).toContain("±0.0200 for 10 s");
  }
  for (const sane of [0, 0.0004, -0.02]) expect(forecastFault(sane, 10)).toBeUndefined();
  expect(forecastFault(0.04, 60)).toBeUndefined();
  expect(forecastFault(0.05, 60)).toBeDefined();
});
