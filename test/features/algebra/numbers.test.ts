/** The arithmetic under the features: the logarithm, exact sums, selection. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { IntegerSum, ProductSum } from "../../../src/features/algebra/exact_sum.ts";
import { lnr, lnrWide } from "../../../src/features/algebra/lnr.ts";
import { rankOf, selectRank } from "../../../src/features/live/block.ts";
import { pageLnr } from "../naive/naive.ts";

const SAFE = Number.MAX_SAFE_INTEGER;
const natural = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 1_000 }),
  fc.constantFrom(2 ** 26 - 1, 2 ** 26, 2 ** 50 - 1, 2 ** 50, 2 ** 52, SAFE - 1, SAFE),
);
const positive = natural.map((value) => Math.max(1, value));

/** Bits after the point of the fixed-point numbers below. */
const POINT = 200n;

/** ln(a/b) as an integer at 2^−200: 2·artanh of (a−b)/(a+b), the series carried until its terms vanish. */
function exactLn(a: bigint, b: bigint): bigint {
  const z = ((a - b) << POINT) / (a + b);
  const w = (z * z) >> POINT;
  let power = z;
  let total = 0n;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    total += power / k;
    power = (power * w) >> POINT;
  }
  return 2n * total;
}

/** A float64 as an integer at 2^−200; exact for the sizes used here. */
function fixed(value: number): bigint {
  let [scaled, shift] = [value, POINT];
  while (!Number.isInteger(scaled) && shift > 0n) [scaled, shift] = [scaled * 2, shift - 1n];
  return BigInt(scaled) << shift;
}

/** Distance to the exact value, in units of the last place of `value`. */
function errorInUlp(value: number, exact: bigint): number {
  const ulp = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52);
  const difference = fixed(value) - exact;
  const size = difference < 0n ? -difference : difference;
  return Number((size << 20n) / fixed(ulp)) / 2 ** 20;
}

describe("lnr", () => {
  it("stays within 2 units in the last place of the exact logarithm while prices move less than 10 %", () => {
    const rng = seededRng(3);
    let worst = 0;
    for (let i = 0; i < 20_000; i++) {
      const b = 1_000_000 + rng.below(6_000_000_000_000);
      const a = b + Math.round(b * (rng.uniform() - 0.5) * 0.2 * 10 ** -rng.below(7));
      if (a === b) continue;
      worst = Math.max(worst, errorInUlp(lnr(a, b), exactLn(BigInt(a), BigInt(b))));
    }
    expect(worst).toBeLessThan(2);
    expect(worst).toBeGreaterThan(0.5); // the yardstick itself measures something
  });

  it("gives values computed by hand", () => {
    expect(lnr(7, 7)).toBe(0);
    expect(lnr(6_100_000_000_000, 6_000_000_000_000)).toBe(0.016529301951210565);
    // z = 1/3: the cut series, 1e-9 short of ln 2 = 0.693147180…
    expect(Math.abs(lnr(2, 1) - Math.LN2)).toBeLessThan(2e-9);
  });

  it("is the page's formula to the bit, near 1 and far from it", () => {
    const rng = seededRng(4);
    for (let i = 0; i < 200_000; i++) {
      const a = 1 + rng.below(2 ** (1 + rng.below(53)));
      const b = 1 + rng.below(2 ** (1 + rng.below(53)));
      if (!Object.is(lnr(a, b), pageLnr(BigInt(a), BigInt(b)))) throw new Error(`differs at ${a}, ${b}`);
    }
  });

  it("changes sign, and nothing else, when its arguments change places", () => {
    fc.assert(fc.property(positive, positive, (a, b) => Object.is(lnr(a, b) + 0, -lnr(b, a) + 0)));
  });

  it("gives the same bits for numbers and for BigInts", () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => Object.is(lnr(a, b), lnrWide(BigInt(a), BigInt(b)))),
      { numRuns: 2_000 },
    );
  });

  it("is null for what has no logarithm", () => {
    expect([lnr(0, 1), lnr(1, 0), lnr(-1, 2), lnr(Number.NaN, 1), lnrWide(0n, 1n)]).toEqual(
      new Array(5).fill(Number.NaN),
    );
  });
});

describe("exact sums", () => {
  it("of products equal BigInt arithmetic for any factors up to 2^53 − 1", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(natural, natural), { maxLength: 200 }), (pairs) => {
        const sum = new ProductSum();
        for (const [a, b] of pairs) sum.add(a, b);
        expect(sum.value()).toBe(pairs.reduce((total, [a, b]) => total + BigInt(a) * BigInt(b), 0n));
        sum.clear();
        expect(sum.value()).toBe(0n);
      }),
      { numRuns: 500 },
    );
  });

  it("of products carry through every limb over a million of the largest fast factors", () => {
    const factor = 2 ** 50 - 1;
    const sum = new ProductSum();
    for (let i = 0; i < 1_000_000; i++) sum.add(factor, factor - 1);
    expect(sum.value()).toBe(1_000_000n * BigInt(factor) * BigInt(factor - 1));
  });

  it("of integers equal BigInt arithmetic past 2^53", () => {
    fc.assert(
      fc.property(fc.array(natural, { maxLength: 200 }), (values) => {
        const sum = new IntegerSum();
        for (const value of values) sum.add(value);
        expect(sum.value()).toBe(values.reduce((total, value) => total + BigInt(value), 0n));
      }),
      { numRuns: 500 },
    );
  });
});

describe("selection", () => {
  it("finds what sorting finds, for every rank, with many equal values or none", () => {
    const values = fc.oneof(
      fc.array(natural, { minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 300 }),
    );
    fc.assert(
      fc.property(values, fc.nat(), (numbers, at) => {
        const rank = 1 + (at % numbers.length);
        // Room behind the values, as in a reused buffer, must not be read.
        const buffer = Float64Array.from([...numbers, -1, -1]);
        const sorted = [...numbers].sort((a, b) => a - b);
        expect(selectRank(buffer, numbers.length, rank)).toBe(sorted[rank - 1]!);
      }),
      { numRuns: 1_000 },
    );
  });

  it("keeps to sorting's cost on sorted, reversed and alternating sizes", () => {
    const count = 300_000;
    const shapes = [
      (i: number) => i,
      (i: number) => count - i,
      (i: number) => i % 2,
      (i: number) => (i * i) % 7,
    ];
    for (const shape of shapes) {
      const values = Float64Array.from({ length: count }, (_, i) => shape(i));
      const sorted = values.slice().sort();
      const rank = rankOf(count, 95, 100);
      expect(selectRank(values, count, rank)).toBe(sorted[rank - 1]!);
    }
  });

  it("ranks 95/100 as ⌈0.95·m⌉ computed in float64 does, so as percentile_disc, for every m to a million", () => {
    for (let m = 1; m <= 1_000_000; m++) {
      if (rankOf(m, 95, 100) !== Math.ceil(0.95 * m)) throw new Error(`differs at ${m}`);
    }
    expect(rankOf(20, 95, 100)).toBe(19);
  });
});
