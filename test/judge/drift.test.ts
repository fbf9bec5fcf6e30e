import { describe, expect, it } from "vitest";
import { purposeRng, type Rng, seededRng } from "../../src/base/rng.ts";
import { type DriftOptions, type DriftReport, driftOf } from "../../src/judge/drift/drift.ts";
import { distancesOf, referenceOfColumn } from "../../src/judge/drift/drift_distance.ts";
import {
  type DriftReference,
  driftReference,
  driftReferenceSchema,
  type Span,
} from "../../src/judge/drift/drift_reference.ts";
import { binsOf, DriftSlots, SLOT_S } from "../../src/judge/drift/drift_slots.ts";

const HOUR = 3600;
const DAY = 86_400;
const CADENCE = 10;
const NAMES = ["imbalance", "spread", "volatility", "forecast", "label"];
const MARKET = { scale: 1, frozen: false, nulls: 0, shift: 0 };

/** A row: a column that persists for minutes, one that is nearly always 1, one that wanders for hours. */
function market(seed: number): (second: number, change?: Partial<typeof MARKET>) => number[] {
  const rng = purposeRng(seed, "drift");
  let [imbalance, level] = [rng.normal(), rng.normal()];
  const fade = (value: number, keep: number): number =>
    keep * value + Math.sqrt(1 - keep * keep) * rng.normal();
  return (second, change = {}) => {
    const { scale, frozen, nulls, shift } = { ...MARKET, ...change };
    imbalance = fade(imbalance, 0.9);
    level = fade(level, 0.995);
    const hours = 0.3 * Math.cos((2 * Math.PI * second) / DAY);
    const volatility = Math.exp(0.2 * level + hours) * scale;
    const spread = rng.uniform() < 0.95 ? 1 : 2 + rng.below(3);
    const first = frozen ? 0.123 : imbalance + shift;
    return [
      rng.uniform() < nulls ? Number.NaN : first,
      spread,
      volatility,
      imbalance / 10,
      volatility * rng.normal(),
    ];
  };
}

interface Stretch {
  readonly seed: number;
  readonly seconds: number;
  readonly from?: number;
  readonly change?: Partial<typeof MARKET>;
}

function filled(slots: DriftSlots, { seed, seconds, from = 0, change }: Stretch): DriftSlots {
  const row = market(seed);
  for (let second = 0; second < seconds; second += CADENCE) {
    slots.add(second, row(second, second >= from ? change : undefined));
  }
  return slots;
}

const trained = (() => {
  const row = market(1);
  const rows = Array.from({ length: (14 * DAY) / CADENCE }, (_, at) => row(at * CADENCE));
  const slots = new DriftSlots(
    binsOf(
      NAMES,
      rows.filter((__, at) => at % 20 === 0),
    ),
  );
  for (const [at, values] of rows.entries()) slots.add(at * CADENCE, values);
  return { slots, reference: driftReference(slots, { cadence_s: CADENCE }) };
})();
const { reference } = trained;

const live = (): DriftSlots => new DriftSlots(reference.columns, DAY / SLOT_S);
const look = (stretch: Stretch, span: Span, options?: DriftOptions): DriftReport =>
  driftOf(reference, filled(live(), stretch), span, options);
const named = ({ features }: DriftReport): string[] =>
  features.flatMap(({ name, drifted }) => (drifted ? [name] : []));

describe("distances of a column", () => {
  /** Both samples in bins by twentieths of the first, and the distance of the second. */
  function apart(sample: readonly number[], other: readonly number[]) {
    const bins = binsOf(
      ["x"],
      sample.map((value) => [value]),
    );
    const [one, two] = [sample, other].map((values) => {
      const slots = new DriftSlots(bins);
      for (const value of values) slots.add(0, [value]);
      return slots.statsOf(slots.slots)[0]!;
    });
    const column = referenceOfColumn(bins[0]!.edges, one!);
    return { column, distances: distancesOf(column, two!, Math.log(column.sd)) };
  }
  const normals = (rng: Rng, count: number): number[] => Array.from({ length: count }, () => rng.normal());

  it("have Wasserstein's of sorted samples, near and far", () => {
    const rng = seededRng(1);
    const sample = normals(rng, 4000);
    const sd = Math.sqrt(sample.reduce((sum, value) => sum + value * value, 0) / 4000);
    for (const move of [
      (x: number) => x + 0.5,
      (x: number) => 2 * x,
      (x: number) => 1000 * x,
      (x: number) => x - 50,
    ]) {
      const other = normals(rng, 4000).map(move);
      const [a, b] = [sample, other].map((values) => values.toSorted((one, two) => one - two));
      const naive = a!.reduce((sum, value, at) => sum + Math.abs(value - b![at]!), 0) / 4000 / sd;
      const { distances } = apart(sample, other);
      expect(Math.abs(distances.wasserstein / naive - 1)).toBeLessThan(0.06);
    }
  });

  it("have PSI by the definition, and the logarithm of the scale", () => {
    const rng = seededRng(2);
    const sample = normals(rng, 10_000);
    const other = normals(rng, 10_000).map((value) => 1.5 * value);
    const { column, distances } = apart(sample, other);
    const share = (values: readonly number[], bin: number): number =>
      values.filter((x) => x >= (column.edges[bin - 1] ?? -1e9) && x < (column.edges[bin] ?? 1e9)).length /
      values.length;
    let psi = 0;
    for (let bin = 0; bin <= column.edges.length; bin++) {
      const [p, q] = [share(sample, bin), share(other, bin)];
      psi += (q - p) * Math.log(q / p);
    }
    expect(column.edges.length).toBe(19);
    expect(Math.abs(distances.psi / psi - 1)).toBeLessThan(0.01);
    expect(Math.abs(distances.scale - Math.log(1.5))).toBeLessThan(0.03);
  });

  it("are 0 of the sample itself, finite of a constant that moved, and count nulls and repeats", () => {
    const sample = [1, 2, 2, 3, 4, 5, 5, 5, 6, 7];
    const same = apart(sample, sample).distances;
    expect(same.psi).toBeCloseTo(0, 12);
    expect(same.wasserstein).toBe(0);
    const constant = apart([3, 3, 3], [4, 4, Number.NaN, 4]).distances;
    expect(Number.isFinite(constant.wasserstein)).toBe(true);
    expect(constant.wasserstein).toBeGreaterThan(1000);
    expect(constant.null_share).toBe(0.25);
    expect(constant.repeat_share).toBeCloseTo(2 / 3, 12);
    expect(apart([3, 3, 3], [3, 3]).distances).toMatchObject({ wasserstein: 0, scale: 0 });
  });
});

describe("drift", () => {
  it("is none on other days of the same market, at nearly all looks", () => {
    const slots = live();
    const row = market(2);
    let [looks, alarms] = [0, 0];
    for (let second = 0; second < 10 * DAY; second += CADENCE) {
      slots.add(second, row(second));
      if ((second + CADENCE) % HOUR !== 0) continue;
      for (const span of second > DAY ? (["hour", "day"] as const) : (["hour"] as const)) {
        looks++;
        const { drift_detected, recommendation } = driftOf(reference, slots, span);
        expect(recommendation === "none").toBe(!drift_detected);
        if (drift_detected) alarms++;
      }
    }
    expect(looks).toBeGreaterThan(400);
    expect(alarms).toBeLessThanOrEqual(6);
  });

  it("names a frozen column, a shifted one, lost values and a scale thrice as large within an hour", () => {
    const stretch = { seed: 3, seconds: 20 * HOUR, from: 19 * HOUR };
    const of = (change: Partial<typeof MARKET>): DriftReport => look({ ...stretch, change }, "hour");
    expect(named(of({}))).toEqual([]);
    const frozen = of({ frozen: true });
    expect(named(frozen)).toEqual(["imbalance"]);
    expect(frozen.features[0]).toMatchObject({ name: "imbalance", drifted: true });
    expect(frozen).toMatchObject({ recommendation: "watch", drift_detected: true });
    expect(named(of({ shift: 1.5 }))).toEqual(["imbalance"]);
    expect(of({ nulls: 0.1 }).features[0]).toMatchObject({ name: "imbalance", measure: "null_share" });
    const wild = of({ scale: 3 });
    expect(named(wild)).toEqual(["volatility"]);
    expect(wild.label).toMatchObject({ name: "label", drifted: true });
    expect(wild.forecast).toMatchObject({ drifted: false });
  });

  it("does not mind the hours of the day: moves that are usual at night are drift at noon", () => {
    // At midnight scales are exp(0.6) times those of noon by themselves: both windows have the same.
    const night = { seed: 4, seconds: 24.5 * HOUR, from: 23.5 * HOUR, change: { scale: Math.exp(0.15) } };
    expect(look(night, "hour")).toMatchObject({ drift_detected: false, label: { drifted: false } });
    const noon = { seed: 4, seconds: 12.5 * HOUR, from: 11.5 * HOUR, change: { scale: Math.exp(0.75) } };
    expect(look(noon, "hour").label).toMatchObject({ drifted: true, measure: "scale" });
  });

  it("ranks by importance × distance, and recommends by how much of the importance has drifted", () => {
    const change = { shift: 2, scale: 4 };
    const stretch = { seed: 5, seconds: DAY, change };
    const of = (imbalance: number, volatility: number): DriftReport =>
      look(stretch, "day", { importance: { imbalance, volatility, spread: 1 - imbalance - volatility } });
    expect(of(0.9, 0.01).features[0]!.name).toBe("imbalance");
    expect(of(0.01, 0.9).features[0]!.name).toBe("volatility");
    expect(of(0.2, 0.2).recommendation).toBe("retrain_now");
    const shifted = { seed: 5, seconds: DAY, change: { shift: 2 } };
    const by = (imbalance: number): string =>
      look(shifted, "day", { importance: { imbalance, spread: 1 - imbalance } }).recommendation;
    expect([by(0.05), by(0.2), by(0.5)]).toEqual(["watch", "retrain_soon", "retrain_now"]);
    const fixed = look(shifted, "day").features.find(({ name }) => name === "imbalance")!;
    expect(fixed.psi_over_fixed).toBe(true);
    expect(look(shifted, "day", { psi_fixed: 1e3 }).features.every((one) => !one.psi_over_fixed)).toBe(true);
  });

  it("says nothing of a window with a tenth of its rows missing", () => {
    const slots = live();
    const row = market(6);
    for (let second = 0; second < HOUR; second += 12) slots.add(second, row(second, { frozen: true }));
    const report = driftOf(reference, slots, "hour");
    expect(report.completeness).toBeCloseTo(300 / 360, 6);
    expect(report).toMatchObject({ recommendation: "none", features: [], forecast: null });
  });

  it("is the same from a file, keeps a day and no more, and forgets what is older", () => {
    const file: DriftReference = driftReferenceSchema.parse(JSON.parse(JSON.stringify(reference)));
    expect(file).toEqual(reference);
    const slots = filled(live(), { seed: 7, seconds: 3 * DAY });
    expect(slots.slots.length).toBe(96);
    const last = new DriftSlots(reference.columns);
    const row = market(7);
    for (let second = 0; second < 3 * DAY; second += CADENCE) last.add(second, row(second));
    expect(driftOf(file, last, "day")).toEqual(driftOf(reference, slots, "day"));
  });

  it("has as limits what one hour in three thousand exceeds, by hours taken apart in the plain way", () => {
    const bins = binsOf(
      ["x"],
      Array.from({ length: 400 }, (_, at) => [Math.sin(at)]),
    );
    const row = market(9);
    const values = Array.from({ length: (30 * HOUR) / CADENCE }, (_, at) => row(at * CADENCE)[0]! / 2);
    const filledBy = (from: number, to: number): DriftSlots => {
      const slots = new DriftSlots(bins);
      for (let at = from; at < to; at++) slots.add(at * CADENCE, [values[at]!]);
      return slots;
    };
    const [column] = driftReference(filledBy(0, values.length), { cadence_s: CADENCE }).columns;
    const quarter = SLOT_S / CADENCE;
    const looks = Array.from({ length: 117 }, (_, look) => {
      const slots = filledBy(look * quarter, (look + 4) * quarter);
      const angle = (2 * Math.PI * (look * SLOT_S + HOUR / 2)) / DAY;
      const { level, cos, sin } = column!.intraday;
      return distancesOf(
        column!,
        slots.statsOf(slots.slots)[0]!,
        level + cos * Math.cos(angle) + sin * Math.sin(angle),
      );
    });
    const open = 1.64 * Math.sqrt((1 + 3.4 ** 2 / 2) / (117 / 4));
    const worst = (of: (one: (typeof looks)[number]) => number): number[] =>
      Array.from({ length: 30 }, (_, hour) =>
        Math.log(Math.max(...looks.slice(4 * hour, 4 * hour + 4).map(of))),
      );
    const limitOf = (logs: readonly number[]): number => {
      const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
      const sd = Math.sqrt(logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / logs.length);
      return Math.exp(Math.max(mean + (3.4 + open) * sd, ...logs));
    };
    const limits = column!.thresholds.hour!;
    expect(limits.psi / limitOf(worst(({ psi }) => psi))).toBeCloseTo(1, 6);
    expect(limits.wasserstein / limitOf(worst(({ wasserstein }) => wasserstein))).toBeCloseTo(1, 6);
    const rms = Math.sqrt(looks.reduce((sum, { scale }) => sum + scale * scale, 0) / looks.length);
    expect(limits.scale / (rms * (3.59 + open))).toBeCloseTo(1, 6);
    expect(limits).toMatchObject({ null_share: 0.02, repeat_share: 0.25 });
  });

  it("has no limits by days where training has no days, and then says nothing of them", () => {
    const short = new DriftSlots(reference.columns);
    const row = market(8);
    for (let second = 0; second < DAY + 10 * HOUR; second += CADENCE) short.add(second, row(second));
    const one = driftReference(short, { cadence_s: CADENCE });
    expect(one.columns[0]!.thresholds.day).toBeNull();
    expect(one.columns[0]!.thresholds.hour).not.toBeNull();
    expect(one.columns[0]!.thresholds.quarter_day).not.toBeNull();
    expect(driftOf(one, short, "day").features).toEqual([]);
  });
});
