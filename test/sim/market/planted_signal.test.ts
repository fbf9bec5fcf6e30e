import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOracle } from "../../../src/sim/market/oracle.ts";
import { PlantedSignal, type SignalKind, uniformOf } from "../../../src/sim/market/planted_signal.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { Tempo } from "../../../src/sim/market/tempo.ts";
import { FULL } from "../../full.ts";
import { correlation, type ObservedSeconds, observe } from "./observed_seconds.ts";

const START_US = 1_723_075_200_000_000; // midnight UTC
const HORIZON_S = 10;
const DAYS = 10;
/** Few messages a second leave price and label what they are, and make ten days quick. */
const THIN = { trades_per_s: 0.1, quotes_per_s: 1, depth: false, start_us: START_US };

interface Judged {
  rows: number;
  r2: number;
  /** Var(m) / Var(y), and the slope of y on m: both are the same R² if m is the true mean. */
  explained: number;
  slope: number;
  /** Var(m) and Var(y). */
  mm: number;
  yy: number;
  means: Float64Array;
  labels: Float64Array;
}

/** Labels as FEATURES.md defines them, against the oracle's means. */
function judge(seen: ObservedSeconds, meanAt: (ts_sec: number) => number | undefined): Judged {
  const rows = seen.mid_doubled.length - 1 - HORIZON_S;
  const means = new Float64Array(rows);
  const labels = new Float64Array(rows);
  let mm = 0;
  let my = 0;
  let yy = 0;
  for (let row = 0; row < rows; row++) {
    const m = meanAt(seen.first_sec + row + 1)!;
    const y = Math.log(seen.mid_doubled[row + 1 + HORIZON_S]! / seen.mid_doubled[row + 1]!);
    means[row] = m;
    labels[row] = y;
    mm += m * m;
    my += m * y;
    yy += y * y;
  }
  const r2 = (2 * my - mm) / yy;
  return { rows, r2, explained: mm / yy, slope: my / mm, mm: mm / rows, yy: yy / rows, means, labels };
}

/**
 * How far Σ m·(y − m) / rows strays (one standard error), with the overlap of labels: the residuals of t and
 * t + k share HORIZON_S − k seconds, and m remembers by `kept` a second.
 */
function strayOf(judged: Judged, kept: number): number {
  let overlap = 1;
  for (let lag = 1; lag < HORIZON_S; lag++) overlap += 2 * kept ** lag * (1 - lag / HORIZON_S);
  return Math.sqrt((judged.mm * judged.yy * overlap) / judged.rows);
}

function simulate(kind: SignalKind, r2: number, seed: number): { seen: ObservedSeconds; judged: Judged } {
  const source = simulatedSource({ ...THIN, seed, r2, signal: kind });
  const seen = observe(source, DAYS * 86_400);
  return { seen, judged: judge(seen, (ts_sec) => source.oracle.meanAt(ts_sec)) };
}

/** The mean is right in every fifth of its own range, not only on average. */
function expectCalibrated(judged: Judged): void {
  const order = Array.from(judged.means.keys()).sort((a, b) => judged.means[a]! - judged.means[b]!);
  const fifth = Math.floor(order.length / 5);
  for (let group = 0; group < 5; group++) {
    let surprise = 0;
    for (const row of order.slice(group * fifth, (group + 1) * fifth)) {
      surprise += judged.labels[row]! - judged.means[row]!;
    }
    // Labels overlap tenfold: as if a tenth of the rows were independent.
    const error = Math.sqrt(judged.yy / (fifth / HORIZON_S));
    expect(Math.abs(surprise / fifth)).toBeLessThan(4 * error);
    expect(4 * error).toBeLessThan(Math.sqrt(judged.mm) / 2);
  }
}

const BOOK_KEPT = 2 ** (-1 / 5);

describe("planted signal", () => {
  it.each([
    { kind: "linear" as const, r2: 0.02, kept: BOOK_KEPT },
    ...(FULL ? [{ kind: "linear" as const, r2: 0.005, kept: BOOK_KEPT }] : []),
    { kind: "interaction" as const, r2: 0.02, kept: BOOK_KEPT ** 2 },
  ])(
    "explains R² $r2 ($kind) of ten days of labels, at every strength of its forecast",
    ({ kind, r2, kept }) => {
      const { judged } = simulate(kind, r2, 21);
      const stray = strayOf(judged, kept);
      // R² = (2·Σmy − Σmm) / Σyy strays by twice the stray of Σm(y − m), over Σyy; and the slow volatility
      // leaves the variance of ten days uncertain by some 5 %.
      const r2_error = Math.hypot((2 * stray) / judged.yy, 0.05 * r2);
      expect(Math.abs(judged.r2 - r2)).toBeLessThan(4 * r2_error);
      expect(4 * r2_error).toBeLessThan(0.4 * r2);
      expect(Math.abs(judged.slope - 1)).toBeLessThan((4 * stray) / judged.mm);
      expect(Math.abs(judged.explained / r2 - 1)).toBeLessThan(0.12);
      if (r2 === 0.02) expectCalibrated(judged);
    },
  );

  it("plants nothing where R² is 0: means are 0 and what showed the signal foretells nothing", () => {
    const { seen, judged } = simulate("linear", 0, 23);
    expect(judged.means.every((m) => m === 0)).toBe(true);
    const shown = seen.imbalance.subarray(1, judged.rows + 1);
    // 4 standard errors of a correlation of 864,000 overlapping rows, their overlap worth a factor 6.7.
    expect(Math.abs(correlation(shown, judged.labels))).toBeLessThan(4 * Math.sqrt(6.7 / judged.rows));
  });

  it("shows in one column of v1 where linear, in no column but in a product of two where it interacts", () => {
    const linear = simulatedSource({ seed: 24, start_us: START_US, depth: false });
    const seen = observe(linear, 20_000);
    const told = judge(seen, (ts_sec) => linear.oracle.meanAt(ts_sec));
    const at = (column: Float64Array): Float64Array => column.subarray(1, told.rows + 1);
    expect(correlation(at(seen.imbalance), told.means) ** 2).toBeGreaterThan(0.97);

    const traded = simulatedSource({ seed: 24, start_us: START_US, depth: false, signal: "flow" });
    const trades = observe(traded, 20_000);
    const shown = judge(trades, (ts_sec) => traded.oracle.meanAt(ts_sec));
    expect(correlation(at(trades.flow), shown.means) ** 2).toBeGreaterThan(0.9);
    expect(correlation(at(trades.imbalance), shown.means) ** 2).toBeLessThan(0.01);

    const crossed = simulatedSource({ seed: 24, start_us: START_US, depth: false, signal: "interaction" });
    const both = observe(crossed, 20_000);
    const hidden = judge(both, (ts_sec) => crossed.oracle.meanAt(ts_sec));
    const product = both.imbalance.map((imbalance, row) => imbalance * both.flow[row]!);
    expect(correlation(at(product), hidden.means) ** 2).toBeGreaterThan(0.9);
    expect(correlation(at(both.imbalance), hidden.means) ** 2).toBeLessThan(0.01);
    expect(correlation(at(both.flow), hidden.means) ** 2).toBeLessThan(0.01);
  });

  it.each(["linear", "flow", "interaction"] as const)(
    "means what its drift does over the horizon, and is as strong as stated within a thirtieth (%s)",
    (kind) => {
      const noise_variance_1s = 1e-8;
      const options = { seed: 25, kind, r2: 0.02, horizon_s: HORIZON_S, half_life_s: 5 };
      const signal = new PlantedSignal({
        ...options,
        noise_variance_1s,
        rounding_variance: 0,
        still_share: 0,
        ends_s: Number.POSITIVE_INFINITY,
        flips_s: Number.POSITIVE_INFINITY,
        flips_back_s: Number.POSITIVE_INFINITY,
      });
      const rows = 1_000_000;
      const drifts = new Float64Array(rows + HORIZON_S);
      const means = new Float64Array(rows);
      for (let row = 0; row < rows + HORIZON_S; row++) {
        drifts[row] = signal.drift;
        if (row < rows) means[row] = signal.mean;
        signal.advance();
      }
      let mm = 0;
      let md = 0;
      let dd = 0;
      for (let row = 0; row < rows; row++) {
        let drift = 0;
        for (let ahead = 0; ahead < HORIZON_S; ahead++) drift += drifts[row + ahead]!;
        mm += means[row]! ** 2;
        md += means[row]! * drift;
        dd += drift * drift;
      }
      expect(Math.abs(md / mm - 1)).toBeLessThan(0.015);
      const r2 = mm / (dd + rows * HORIZON_S * noise_variance_1s);
      expect(Math.abs(r2 / options.r2 - 1)).toBeLessThan(0.03);
    },
  );

  it("turns at a known second, and ends at one: the market is the same until then, and its mean is true after", () => {
    const turn_s = 40_000;
    const at_us = START_US + turn_s * 1e6;
    const options = { ...THIN, seed: 26, r2: 0.1 };
    const plain = observe(simulatedSource(options), 2 * turn_s);
    for (const [turned, sign] of [
      [simulatedSource({ ...options, signal_flips_at_us: at_us }), -1],
      [simulatedSource({ ...options, signal_until_us: at_us }), 0],
    ] as const) {
      const seen = observe(turned, 2 * turn_s);
      expect(seen.mid_doubled.subarray(1, turn_s)).toEqual(plain.mid_doubled.subarray(1, turn_s));
      const judged = judge(seen, (ts_sec) => turned.oracle.meanAt(ts_sec));
      const slope = (from: number, to: number): number => {
        const shown = seen.imbalance.subarray(from + 1, to + 1);
        return correlation(shown, judged.labels.subarray(from, to));
      };
      // R² 0.1 is a correlation of 0.3; 0.04 is some three standard errors of labels that overlap.
      expect(Math.abs(slope(0, turn_s - HORIZON_S) - Math.sqrt(0.1))).toBeLessThan(0.08);
      expect(Math.abs(slope(turn_s, judged.rows) - sign * Math.sqrt(0.1))).toBeLessThan(0.08);
      const after = judged.means.subarray(turn_s);
      if (sign === 0) expect(after.every((mean) => mean === 0)).toBe(true);
      else
        expect(correlation(seen.imbalance.subarray(turn_s + 1, judged.rows + 1), after)).toBeLessThan(-0.95);
      expect(Math.abs(judged.r2 - 0.1 * (sign === 0 ? 0.5 : 1))).toBeLessThan(0.04);
    }
  });

  it("has the normal distribution to 1.5e-7", () => {
    // 2Φ(x) − 1 for x = 0.5, 1, 1.96, 3 from tables with ten digits.
    expect(uniformOf(0)).toBeCloseTo(0, 6);
    expect(Math.abs(uniformOf(0.5) - 0.3829249225)).toBeLessThan(1.5e-7);
    expect(Math.abs(uniformOf(1) - 0.6826894921)).toBeLessThan(1.5e-7);
    expect(Math.abs(uniformOf(-1.96) + 0.9500042097)).toBeLessThan(1.5e-7);
    expect(Math.abs(uniformOf(3) - 0.9973002039)).toBeLessThan(1.5e-7);
  });
});

describe("tempo", () => {
  it("has the stated variance and rate in the long run, which the signal's strength rests on", () => {
    const tempo = new Tempo(41);
    const days = 60;
    let variance = 0;
    let rate = 0;
    for (let ts_sec = 0; ts_sec < days * 86_400; ts_sec++) {
      tempo.advance(ts_sec);
      variance += tempo.variance;
      rate += tempo.rate;
    }
    // The slow state gives some twenty independent samples a day, of a factor with standard deviation 0.66.
    const error = 0.66 / Math.sqrt(20 * days);
    expect(Math.abs(variance / (days * 86_400) - 1)).toBeLessThan(4 * error);
    expect(Math.abs(rate / (days * 86_400) - 1)).toBeLessThan(4 * error);
  });
});

describe("oracle", () => {
  it("gives a second's mean whether asked before or after it is simulated, or long ago", () => {
    const { oracle } = simulatedSource({ ...THIN, seed: 31 });
    const start_sec = START_US / 1e6;
    const early = [1, 2, 3].map((sec) => oracle.meanAt(start_sec + sec));
    const late = oracle.meanAt(start_sec + 50_000);
    expect(oracle.meanAt(start_sec - 1)).toBeUndefined();
    expect([1, 2, 3].map((sec) => oracle.meanAt(start_sec + sec))).toEqual(early);
    const other = simulatedSource({ ...THIN, seed: 31 }).oracle;
    expect(other.meanAt(start_sec + 50_000)).toBe(late!);
    expect(new Set([...early, late]).size).toBe(4);
  });

  it("writes a side file that reads back exactly", async () => {
    const folder = await mkdtemp(join(tmpdir(), "foretick-oracle-"));
    try {
      const path = join(folder, "oracle.csv");
      const { oracle } = simulatedSource({ ...THIN, seed: 32 });
      const start_sec = START_US / 1e6;
      await writeOracle(path, oracle, start_sec - 5, start_sec + 5_000);
      const [header, ...rows] = (await readFile(path, "utf8")).trimEnd().split("\n");
      expect(header).toBe("ts_sec,mean_log_return_10s");
      expect(rows.length).toBe(5_000);
      for (const [index, row] of rows.entries()) {
        const [ts_sec, value] = row.split(",").map(Number);
        expect(ts_sec).toBe(start_sec + index);
        expect(value).toBe(oracle.meanAt(start_sec + index)!);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
