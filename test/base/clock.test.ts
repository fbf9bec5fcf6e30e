import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { seededRng } from "../../src/base/rng.ts";

it("fires timers in order of their due time and none that was cancelled", () => {
  const clock = new ManualClock(1_000_000);
  const fired: string[] = [];
  clock.after(20, () => fired.push(`b@${clock.now()}`));
  clock.after(10, () => {
    fired.push(`a@${clock.now()}`);
    clock.after(5, () => fired.push(`c@${clock.now()}`));
  });
  clock.after(12, () => fired.push("never")).cancel();
  clock.advance(30);
  expect(fired).toEqual(["a@1010000", "c@1015000", "b@1020000"]);
  expect(clock.now()).toBe(1_030_000 as never);
  expect(clock.monotonicUs()).toBe(30_000);
});

it("draws the same numbers from the same seed, and plausible normals", () => {
  const draw = (seed: number): number[] => {
    const rng = seededRng(seed);
    return Array.from({ length: 20_000 }, () => rng.normal());
  };
  const values = draw(7);
  expect(draw(7)).toEqual(values);
  expect(draw(8)).not.toEqual(values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Four standard errors.
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(values.length));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
});
