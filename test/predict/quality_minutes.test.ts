/** What is asked again and again between two outcomes costs nothing but the look for a newer one. */

import { expect, it } from "vitest";
import type { JoinedPrediction } from "../../src/predict/prediction.ts";
import { QualityMinutes } from "../../src/predict/quality_minutes.ts";
import { predictionAt } from "../record/market_events.ts";

const ROWS = 1_000;
/** Of the newest forecasts, those whose outcome is not known yet. */
const OPEN = 10;

function rowAt(index: number): JoinedPrediction {
  const realized = index < ROWS - OPEN ? 2e-5 : null;
  return {
    ...predictionAt(60 + index),
    realized_log_return: realized,
    realized_price: null,
    realized_mid_log_return: realized,
    realized_last_log_return: null,
  };
}

it("reads the rows of a figure once, and for the same figure again only the newest", () => {
  let reads = 0;
  const held = Array.from({ length: ROWS }, (_, index) => rowAt(index));
  const rows = new Proxy(held, {
    get(target, name, receiver) {
      if (typeof name === "string" && /^\d+$/.test(name)) reads += 1;
      return Reflect.get(target, name, receiver);
    },
  });
  const minutes = new QualityMinutes(() => rows);
  const first = minutes.figures({ role: "champion" }, "1h");
  expect(first!.quality.n).toBeGreaterThan(0);
  expect(reads).toBeGreaterThanOrEqual(ROWS);
  reads = 0;
  expect(minutes.figures({ role: "champion" }, "1h")).toBe(first!);
  expect(reads).toBeLessThan(3 * OPEN);
  held.push({ ...rowAt(ROWS), realized_log_return: 2e-5 });
  expect(minutes.figures({ role: "champion" }, "1h")).not.toBe(first!);
});
