import { describe, expect, it } from "vitest";
import { type Rng, seededRng } from "../../../src/base/rng.ts";
import { normalTail, studentReach } from "../../../src/judge/statistics/normal.ts";
import { blocksOf } from "../../../src/train/judge/bootstrap.ts";
import { compare, dieboldMariano } from "../../../src/train/judge/compare.ts";
import { propose } from "../../../src/train/judge/propose.ts";

/** Rows a second apart. */
const DRAWS = { seed: 1, blocks: blocksOf({ horizon_s: 10, cadence_s: 1 }) };
const ROWS = 14_400;
const HORIZON = 10;

/** Labels that overlap tenfold, and a forecast that knows a little of them. */
function market(rng: Rng, rows = ROWS): { y: Float64Array; known: Float64Array } {
  const returns = Float64Array.from({ length: rows + HORIZON }, () => rng.normal());
  const y = Float64Array.from({ length: rows }, (_, t) =>
    returns.subarray(t, t + HORIZON).reduce((sum, value) => sum + value, 0),
  );
  const known = y.map((value) => 0.1 * value + 0.3 * rng.normal());
  return { y, known };
}

const noisy = (values: Float64Array, rng: Rng, sd: number): Float64Array =>
  values.map((value) => value + sd * rng.normal());

describe("comparison of two models", () => {
  it("is the difference of their R², exactly, and turns its sign when they change places", () => {
    const rng = seededRng(1);
    const { y, known } = market(rng);
    const one = { name: "one", values: known };
    const other = { name: "other", values: noisy(known, rng, 0.3) };
    const r2 = (p: Float64Array): number =>
      1 -
      y.reduce((sum, value, t) => sum + (value - p[t]!) ** 2, 0) /
        y.reduce((sum, value) => sum + value ** 2, 0);
    const there = compare(y, one, other, DRAWS);
    const back = compare(y, other, one, DRAWS);
    expect(there.r2_gain).toBeCloseTo(r2(one.values) - r2(other.values), 12);
    expect(back.r2_gain).toBeCloseTo(-there.r2_gain, 12);
    expect(back.diebold_mariano.statistic).toBeCloseTo(-there.diebold_mariano.statistic!, 9);
    expect(there.interval![0]).toBeLessThan(there.r2_gain);
    expect(there.interval![1]).toBeGreaterThan(there.r2_gain);
  });

  it("finds no difference between a model and itself, and none by too few rows", () => {
    const { y, known } = market(seededRng(2));
    const same = compare(y, { name: "a", values: known }, { name: "b", values: known }, DRAWS);
    expect(same).toMatchObject({ r2_gain: 0, interval: [0, 0] });
    expect(same.diebold_mariano).toMatchObject({ statistic: null, p_value: null });
    const few = compare(
      y.slice(0, 900),
      { name: "a", values: known.slice(0, 900) },
      { name: "b", values: new Float64Array(900) },
      DRAWS,
    );
    expect(few.interval).toBeNull();
  });

  it("calls equal models different about as rarely as it says, though labels overlap tenfold", () => {
    const runs = 300;
    let rejected = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const rng = seededRng(seed);
      const { y } = market(rng, 3600);
      // Two forecasts that know nothing, equally large, each slow enough that neighbours go together.
      const slow = (): Float64Array => {
        let level = rng.normal();
        return y.map(() => {
          level = 0.9 * level + Math.sqrt(1 - 0.81) * rng.normal();
          return 0.3 * level;
        });
      };
      const [a, b] = [slow(), slow()];
      const better = y.map((value, t) => (value - b[t]!) ** 2 - (value - a[t]!) ** 2);
      if (dieboldMariano(better, 60).p_value! < 0.05) rejected++;
    }
    // 5 % ± 3 standard errors of 300 runs, and the slight excess of a finite sample.
    expect(rejected / runs).toBeGreaterThan(0.01);
    expect(rejected / runs).toBeLessThan(0.1);
  });

  it("has the normal distribution's tail, and how much farther Student's reaches", () => {
    // Student's two-sided quantiles at 99.9 %, from the tables.
    expect(studentReach(0.999, 19)).toBeCloseTo(3.883, 2);
    expect(studentReach(0.999, 60)).toBeCloseTo(3.46, 2);
    expect(studentReach(0.95, 30)).toBeCloseTo(2.042, 3);
    expect(normalTail(0)).toBeCloseTo(0.5, 6);
    expect(normalTail(1.959964)).toBeCloseTo(0.025, 6);
    expect(normalTail(2.575829)).toBeCloseTo(0.005, 6);
  });
});

describe("proposal", () => {
  const rng = seededRng(7);
  const { y, known } = market(rng);
  const ridge = { name: "ridge", values: noisy(known, rng, 0.6) };

  it("is ridge where a network errs less by luck only", () => {
    const lucky = { name: "mlp", values: noisy(ridge.values, rng, 0.02) };
    expect(propose(y, [ridge, lucky], DRAWS)).toMatchObject({ model: "ridge" });
    expect(propose(y, [ridge], DRAWS).sentence).toContain("nothing else was fitted");
  });

  it("is the network where the whole interval of its gain is above zero", () => {
    const proposal = propose(y, [ridge, { name: "mlp", values: known }], DRAWS);
    expect(proposal.model).toBe("mlp");
    expect(proposal.comparisons[0]!.interval![0]).toBeGreaterThan(0);
  });

  it("is the simplest of those that the data cannot tell from the best", () => {
    const mlp = { name: "mlp", values: known };
    const larger = {
      name: "mlp-large",
      values: known.map((value, t) => value + 0.001 * y[t]! * ((t % 60) - 29.5)),
    };
    const best = { name: "lstm", values: known.map((value, t) => 0.5 * value + 0.5 * y[t]!) };
    expect(propose(y, [ridge, mlp, larger], DRAWS).model).toBe("mlp");
    expect(propose(y, [ridge, mlp, best], DRAWS).model).toBe("lstm");
  });

  it("is ridge, and says why, where the rows are too few to tell", () => {
    const cut = (values: Float64Array): Float64Array => values.slice(0, 300);
    const few = propose(
      cut(y),
      [
        { name: "ridge", values: cut(ridge.values) },
        { name: "mlp", values: cut(y) },
      ],
      DRAWS,
    );
    expect(few.model).toBe("ridge");
    expect(few.sentence).toContain("too few to compare");
  });
});
