import { describe, expect, it } from "vitest";
import { labelledSeconds } from "../../src/sim/label_series.ts";

const seconds = labelledSeconds({ seed: 1, r2: 0.05 }, 200_000);
const mean = (of: (index: number) => number, from = 0): number => {
  let sum = 0;
  for (let index = from; index < seconds.length; index++) sum += of(index);
  return sum / (seconds.length - from);
};

describe("series of labels", () => {
  it("has at each second the label of ten seconds before as the last return", () => {
    const early = seconds.slice(0, 1000);
    expect(early.slice(10).map(({ last }) => last)).toEqual(early.slice(0, -10).map(({ y }) => y));
  });

  it("explains the share of variance it says, with a slope of 1", () => {
    const variance = mean((at) => seconds[at]!.y ** 2);
    const error = mean((at) => (seconds[at]!.y - seconds[at]!.mean) ** 2);
    expect(Math.abs(1 - error / variance - 0.05)).toBeLessThan(0.015);
    const slope = mean((at) => seconds[at]!.y * seconds[at]!.mean) / mean((at) => seconds[at]!.mean ** 2);
    expect(Math.abs(slope - 1)).toBeLessThan(0.12);
  });

  it("has neighbours that share nine tenths of their horizon, and tenth neighbours that share nothing", () => {
    const variance = mean((at) => seconds[at]!.y ** 2);
    const lag = (by: number): number => mean((at) => seconds[at]!.y * seconds[at - by]!.y, by) / variance;
    expect(Math.abs(lag(1) - 0.9)).toBeLessThan(0.03);
    expect(Math.abs(lag(10))).toBeLessThan(0.06);
  });

  it("doubles its moves where its volatility is doubled, and is the same for the same seed", () => {
    const doubled = labelledSeconds({ seed: 1, r2: 0.05, volatility: () => 2 }, 1000);
    for (const [at, { y }] of doubled.entries()) expect(y / 2).toBeCloseTo(seconds[at]!.y, 12);
    expect(labelledSeconds({ seed: 1, r2: 0.05 }, 1000)).toEqual(seconds.slice(0, 1000));
    expect(labelledSeconds({ seed: 2, r2: 0.05 }, 1)).not.toEqual(seconds.slice(0, 1));
  });
});
