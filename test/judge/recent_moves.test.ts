import { describe, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";

describe("recent moves", () => {
  it("halves in a minute of rest, and its variance in ten minutes", () => {
    const moves = new RecentMoves();
    for (let second = 0; second < 86_400; second++) moves.observe(second % 2 === 0 ? 2e-4 : -4e-4);
    const { size, variance } = moves;
    expect(size).toBeCloseTo(3e-4, 5);
    expect(variance / 1e-7).toBeCloseTo(1, 2);
    for (let second = 0; second < 60; second++) moves.observe(0);
    expect(moves.size / size).toBeCloseTo(0.5, 6);
    for (let second = 60; second < 600; second++) moves.observe(0);
    expect(moves.variance / variance).toBeCloseTo(0.5, 6);
  });

  it("keeps a tenth of the day's mean through hours without a move", () => {
    const moves = new RecentMoves();
    const rng = seededRng(1);
    for (let second = 0; second < 86_400; second++) moves.observe(1e-4 * rng.normal());
    const { size, variance } = moves;
    for (let second = 0; second < 14_400; second++) moves.observe(0);
    const day = 0.5 ** (4 / 24) * 0.1;
    expect(Math.abs(moves.size / size / day - 1)).toBeLessThan(0.15);
    expect(Math.abs(moves.variance / variance / (day * 0.1) - 1)).toBeLessThan(0.25);
  });

  it("is the plain mean at the start, and passes over what is unknown", () => {
    const moves = new RecentMoves({ cadence_s: 10 });
    expect(moves.size).toBe(0);
    for (const value of [1, Number.NaN, -3, Number.POSITIVE_INFINITY]) moves.observe(value);
    expect(moves.size).toBeCloseTo(2, 12);
    expect(moves.variance).toBeCloseTo(5, 12);
  });
});
