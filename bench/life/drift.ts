/** Drift: how often it is seen on days like those of training, and how soon where something has changed. */

import { purposeRng } from "../../src/base/rng.ts";
import { driftOf } from "../../src/judge/drift/drift.ts";
import {
  type DriftReference,
  driftReference,
  SPANS,
  type Span,
} from "../../src/judge/drift/drift_reference.ts";
import { binsOf, DriftSlots, SLOT_S } from "../../src/judge/drift/drift_slots.ts";
import { printAim, printTable } from "../peers/measure.ts";
import { DAY_S, lastingNoise, middle, moments, percent, type Settings } from "./scene.ts";

const TRAINING_DAYS = 30;
const MARKETS = 3;
/** The bins are made from these. */
const SAMPLE_DAYS = 10;
const SAMPLE_EVERY = 50;

/** Columns as feature sets have them: what follows volatility, what persists for seconds or for an hour, what repeats. */
const NAMES = [
  "return_10s",
  "volatility",
  "imbalance",
  "level",
  "spread",
  "hour",
  "forecast",
  "label",
] as const;
type Row = Record<(typeof NAMES)[number] | "dice", number>;

/** What becomes of a row once something has changed. */
const CHANGES: Readonly<
  Record<
    string,
    { readonly column: string; readonly volatility?: number; readonly change: (row: Row) => void }
  >
> = {
  "volatility doubled": { column: "label", volatility: 2, change: () => {} },
  "scale of a column × 3": { column: "imbalance", change: (row) => (row.imbalance *= 3) },
  "a column shifted by one sd": { column: "imbalance", change: (row) => (row.imbalance += 1) },
  "a column frozen": { column: "level", change: (row) => (row.level = 0.123) },
  "a tenth of a column null": {
    column: "spread",
    change: (row) => (row.spread = row.dice < 0.1 ? Number.NaN : row.spread),
  },
};

interface Stretch {
  readonly seed: number;
  readonly from_sec?: number;
  readonly days: number;
  readonly from?: number;
  readonly change?: (typeof CHANGES)[string];
}

function* rowsOf({
  seed,
  from_sec = 0,
  days,
  from = Infinity,
  change,
}: Stretch): Generator<readonly [ts_sec: number, values: number[]]> {
  const rng = purposeRng(seed, "columns");
  const imbalance = lastingNoise(seed, "imbalance");
  const keep = 0.5 ** (1 / 3600);
  let level = rng.normal();
  const volatility = (second: number): number => (second >= from ? (change?.volatility ?? 1) : 1);
  for (const { ts_sec, y, mean, last, size } of moments({ seed, r2: 0.01, from_sec, volatility }, days)) {
    level = keep * level + Math.sqrt(1 - keep * keep) * rng.normal();
    const row: Row = {
      return_10s: last,
      volatility: size,
      imbalance: imbalance(),
      level: level + 0.3 * rng.normal(),
      spread: rng.uniform() < 0.97 ? 1 : 2 + rng.below(4),
      hour: (ts_sec % DAY_S) / 3600,
      // A model reads columns that do not all follow volatility: its forecasts keep their size.
      forecast: mean / volatility(ts_sec),
      label: y,
      dice: rng.uniform(),
    };
    if (ts_sec >= from) change?.change(row);
    yield [ts_sec, NAMES.map((name) => row[name])];
  }
}

function train(seed: number): DriftReference {
  const sample: number[][] = [];
  for (const [ts_sec, values] of rowsOf({ seed, days: SAMPLE_DAYS }))
    if (ts_sec % SAMPLE_EVERY === 0) sample.push(values);
  const slots = new DriftSlots(binsOf(NAMES, sample));
  for (const [ts_sec, values] of rowsOf({ seed, days: TRAINING_DAYS })) slots.add(ts_sec, values);
  return driftReference(slots);
}

/** Calls `see` with every column that drifts, at a look every quarter of an hour. */
function watch(
  reference: DriftReference,
  stretch: Stretch,
  see: (name: string, span: Span, ts_sec: number) => boolean,
): void {
  const slots = new DriftSlots(reference.columns, DAY_S / SLOT_S);
  for (const [ts_sec, values] of rowsOf(stretch)) {
    slots.add(ts_sec, values);
    if ((ts_sec + 1) % SLOT_S !== 0) continue;
    for (const span of SPANS) {
      const { features, forecast, label } = driftOf(reference, slots, span);
      for (const one of [...features, forecast, label]) {
        if (one?.drifted && see(one.name, span, ts_sec + 1)) return;
      }
    }
  }
}

export function falseDrift({ days }: Settings): DriftReference {
  const alarms = new Map<Span, number>(SPANS.map((span) => [span, 0]));
  let first: DriftReference | undefined;
  for (let market = 0; market < MARKETS; market++) {
    const reference = train(50_000 + market);
    first ??= reference;
    // An alarm is over once a column has been within its limits for a look.
    const last = new Map<string, number>();
    watch(reference, { seed: 60_000 + market, days }, (name, span, ts_sec) => {
      const key = `${name} ${span}`;
      if (ts_sec - (last.get(key) ?? -Infinity) > SLOT_S) alarms.set(span, alarms.get(span)! + 1);
      last.set(key, ts_sec);
      return false;
    });
  }
  const months = (MARKETS * NAMES.length * days) / 30;
  const total = [...alarms.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `\nFalse drift: ${MARKETS} × ${days} days like the ${TRAINING_DAYS} of training, ${NAMES.length} columns, a look every quarter of an hour`,
  );
  printTable(
    ["window", "alarms", "a feature-month"],
    [...alarms, ["all", total] as const].map(([span, count]) => [
      span,
      String(count),
      (count / months).toFixed(2),
    ]),
  );
  printAim("at most one alarm a feature-month", total / months <= 1);
  return first!;
}

/** Hours before the change that windows reach back to. */
const LEAD_S = 21_600;
const lead = (from: number) => ({ from_sec: from - LEAD_S, days: (LEAD_S + DAY_S) / DAY_S });

export function foundDrift({ runs }: Settings, reference: DriftReference): void {
  const some = Math.max(1, Math.round(runs / 12));
  const missed: string[] = [];
  const rows = Object.entries(CHANGES).map(([name, change]) => {
    const delays = Array.from({ length: some }, (_, run) => {
      const from = LEAD_S + SLOT_S * ((run * 29) % 72);
      let found = Infinity;
      watch(reference, { ...lead(from), seed: 70_000 + run, from, change }, (column, _span, ts_sec) => {
        if (ts_sec <= from || column !== change.column) return false;
        found = (ts_sec - from) / 60;
        return true;
      });
      return found;
    });
    const hour = delays.filter((minutes) => minutes <= 60).length / some;
    if (hour < 0.95) missed.push(name);
    const day = delays.filter(Number.isFinite).length / some;
    return [
      `${name} (${change.column})`,
      percent(hour, 0),
      percent(day, 0),
      ...[0.5, 0.9].map((q) => middle(delays, q).toFixed(0)),
    ];
  });
  console.log(`\nDrift found: minutes until the column is named, ${some} runs each, at any hour of the day`);
  printTable(["what changed", "within an hour", "within a day", "median", "nine in ten"], rows);
  printAim(
    `named within an hour in nineteen of twenty runs${missed.length > 0 ? ` (missed: ${missed.join(", ")})` : ""}`,
    missed.length === 0,
  );
}
