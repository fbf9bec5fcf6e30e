import { describe, expect, it } from "vitest";
import { purposeRng, seededRng } from "../../src/base/rng.ts";
import { PairedSequence } from "../../src/judge/paired_sequence.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";
import { powerOf } from "../../src/judge/statistics/power.ts";
import { labelledSeconds } from "../../src/sim/label_series.ts";

const DAY = 86_400;

/** Half a day on which `a` and `b` forecast the mean and noise, each its own multiple of it. */
function contest(seed: number, noises: { a: number; b: number }, seconds = DAY / 2) {
  const sequence = new PairedSequence();
  const moves = new RecentMoves();
  const size = 4e-5;
  const rng = purposeRng(seed, "noise");
  let noise = rng.normal();
  const series = labelledSeconds({ seed, r2: 0.01 }, seconds);
  for (const [ts_sec, { last, y, mean }] of series.entries()) {
    moves.observe(last);
    noise = 0.87 * noise + 0.49 * rng.normal();
    const yhat_a = mean + noises.a * size * noise;
    const yhat_b = mean + noises.b * size * noise;
    sequence.add({ ts_sec, yhat_a, yhat_b, realized_log_return: y, variance: moves.variance });
  }
  return sequence.look();
}

describe("paired sequence", () => {
  it("has the interval of the formula, of the means of whole minutes", () => {
    const sequence = new PairedSequence({ alpha: 0.1, n_opt: 100 });
    const rng = seededRng(1);
    const blocks: number[] = [];
    for (let minute = 0; minute < 50; minute++) {
      const values = Array.from({ length: 60 }, () => 0.01 + rng.normal());
      for (const [second, d] of values.entries()) {
        expect(sequence.addDifference(minute * 60 + second, d) !== undefined).toBe(
          minute > 0 && second === 0,
        );
      }
      blocks.push(values.reduce((sum, value) => sum + value, 0) / 60);
    }
    // The fiftieth is still open.
    const done = blocks.slice(0, 49);
    const m = done.reduce((sum, value) => sum + value, 0) / 49;
    const s = Math.sqrt(done.reduce((sum, value) => sum + (value - m) ** 2, 0) / 48);
    const rho2 = (4.605170186 + Math.log(5.605170186)) / 100;
    const reach =
      s * Math.sqrt((2 * (49 * rho2 + 1) * Math.log(Math.sqrt(49 * rho2 + 1) / 0.1)) / (49 ** 2 * rho2));
    const look = sequence.look();
    expect(look.n_blocks).toBe(49);
    expect(look.mean).toBeCloseTo(m, 12);
    expect(look.lower!).toBeCloseTo(m - reach, 8);
    expect(look.upper!).toBeCloseTo(m + reach, 8);
  });

  it("calls equals different in one day of twenty at most, with a look after every minute, and sometimes", () => {
    let decided = 0;
    for (let seed = 0; seed < 600; seed++) {
      const rng = seededRng(seed);
      const sequence = new PairedSequence({ block_s: 1 });
      for (let at = 0; at <= 1440; at++) sequence.addDifference(at, rng.normal());
      if (sequence.look().verdict !== "inconclusive") decided++;
    }
    expect(decided).toBeLessThan(31); // 12 by these seeds; a day is a part of the time the 5 % are for.
    expect(decided).toBeGreaterThan(4);
  });

  it("names the better one, whichever it is, and says when", () => {
    const b = contest(1, { a: 3, b: 0 });
    expect(b).toMatchObject({ verdict: "b", expected_h: 0 });
    expect(b.lower!).toBeGreaterThan(0);
    expect(b.decided_at_sec! % 60).toBe(0);
    expect(contest(1, { a: 0, b: 3 })).toMatchObject({ verdict: "a", decided_at_sec: b.decided_at_sec });
  });

  it("weighs an error by what the label varied before the tick: a wild minute does not rule", () => {
    const sequence = new PairedSequence();
    const tick = { ts_sec: 0, yhat_a: 0, yhat_b: 1e-4 };
    sequence.add({ ...tick, realized_log_return: 1e-4, variance: 1e-8 });
    sequence.add({ ...tick, realized_log_return: 1e-4, variance: 4e-8 });
    expect(sequence.state().open.sum).toBeCloseTo(1 + 0.25, 12);
    sequence.add({ ...tick, realized_log_return: 1e-4, variance: 0 });
    sequence.add({ ...tick, realized_log_return: Number.NaN, variance: 1e-8 });
    expect(sequence.state().open.ticks).toBe(2);
  });

  it("keeps a verdict though later minutes speak against it", () => {
    const sequence = new PairedSequence();
    const rng = seededRng(2);
    for (let minute = 0; minute < 400; minute++) {
      const mean = minute < 100 ? 1 : -1;
      for (let second = 0; second < 60; second++)
        sequence.addDifference(minute * 60 + second, mean + rng.normal());
    }
    expect(sequence.look()).toMatchObject({ verdict: "b", decided_at_sec: 1800 });
    expect(sequence.look().upper!).toBeLessThan(0);
  });

  it("says nothing before thirty blocks, and leaves out blocks with half of their ticks missing and late ticks", () => {
    const sequence = new PairedSequence();
    for (let minute = 0; minute < 30; minute++) {
      for (let second = 0; second < 60; second++)
        sequence.addDifference(minute * 60 + second, 1 + (second % 2));
    }
    expect(sequence.look()).toMatchObject({
      n_blocks: 29,
      lower: null,
      verdict: "inconclusive",
      expected_h: null,
    });
    for (let second = 0; second < 29; second++) sequence.addDifference(1800 + second, 99);
    expect(sequence.look().n_blocks).toBe(30);
    expect(sequence.addDifference(100, 99) !== undefined).toBe(false);
    sequence.addDifference(1860, 0);
    expect(sequence.look()).toMatchObject({ n_blocks: 30, mean: 1.5 });
  });

  it("goes on from its state as if it had never stopped", () => {
    const rng = seededRng(3);
    const values = Array.from({ length: 6000 }, () => rng.normal());
    const whole = new PairedSequence();
    let parts = new PairedSequence();
    for (const [second, d] of values.entries()) {
      whole.addDifference(second, d);
      parts.addDifference(second, d);
      if (second % 1234 === 0)
        parts = new PairedSequence({ state: JSON.parse(JSON.stringify(parts.state())) });
    }
    expect(parts.look()).toEqual(whole.look());
    expect(whole.look().n_blocks).toBe(99);
  });

  it("expects a decision when it comes, where the difference goes on as it has", () => {
    const sequence = new PairedSequence();
    // Means of blocks 1 ± 3 by turns: mean and deviation stay as they are.
    const feed = (from: number, to: number): void => {
      for (let minute = from; minute < to; minute++) {
        for (let second = 0; second < 60; second++)
          sequence.addDifference(minute * 60 + second, minute % 2 ? 4 : -2);
      }
    };
    feed(0, 41);
    const { expected_h } = sequence.look();
    expect(expected_h!).toBeGreaterThan(0.5);
    feed(41, 1000);
    const decided_h = sequence.look().decided_at_sec! / 3600;
    expect(Math.abs(decided_h - (40 / 60 + expected_h!))).toBeLessThan(0.2);
  });
});

describe("power of the paired sequence", () => {
  it("is what random walks do, from below and near", () => {
    for (const effect of [0.03, 0.05, 0.1]) {
      let found = 0;
      const runs = 300;
      for (let seed = 0; seed < runs; seed++) {
        const rng = seededRng(seed);
        const sequence = new PairedSequence({ block_s: 1 });
        for (let at = 0; at <= 1440; at++) sequence.addDifference(at, effect + rng.normal());
        if (sequence.look().verdict === "b") found++;
      }
      const bound = powerOf({ effect, blocks: 1440 });
      expect(bound).toBeLessThan(found / runs + 0.06);
      expect(bound).toBeGreaterThan(found / runs - 0.1);
    }
  });

  it("grows with blocks and effect, from nothing to certainty", () => {
    expect(powerOf({ effect: 0, blocks: 1440 })).toBeLessThan(0.05);
    expect(powerOf({ effect: 0.05, blocks: 29 })).toBe(0);
    const by_blocks = [100, 500, 2000, 8000, 32_000].map((blocks) => powerOf({ effect: 0.05, blocks }));
    expect(by_blocks.toSorted((a, b) => a - b)).toEqual(by_blocks);
    expect(by_blocks.at(-1)!).toBeGreaterThan(0.999);
    expect(powerOf({ effect: -0.2, blocks: 1440 })).toBeGreaterThan(0.999);
  });
});
