/** The result of a comparison of live and SQL: counts, the worst, and each difference with its cause. */

import type { Micros, SetHash, UnixSec } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { MismatchedRow, ParitySpan } from "./rows.ts";

/** What each asserts, and from which rows it is verified: docs/parity.md. */
export const PARITY_CAUSES = [
  "late_event",
  "gap",
  "break_noticed",
  "warm_up",
  "restart",
  "not_written",
  "set_changed",
  "unexplained",
] as const;
export type ParityCause = (typeof PARITY_CAUSES)[number];

export interface Explanation {
  readonly cause: ParityCause;
  /** What was found, for a person. */
  readonly detail: string;
}

export type DifferenceKind = "mismatched" | "missing" | "extra";

export interface ParityDifference extends Explanation {
  readonly ts_sec: UnixSec;
  readonly kind: DifferenceKind;
  /** Columns that differ, in the set's order, and "warm" where that does; none for a row one side lacks. */
  readonly features: readonly string[];
}

/** One column's part in the differences. */
export interface FeatureDifference {
  /** Rows in which it differs. */
  readonly rows: number;
  /** Largest absolute difference; null where one side was null each time. */
  readonly largest: number | null;
}

export interface ParityReport {
  readonly symbol: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly from_us: Micros;
  readonly to_us: Micros;
  readonly rows_compared: number;
  readonly rows_mismatched: number;
  readonly rows_missing: number;
  readonly rows_extra: number;
  /** Rows mismatched, missing or extra without a known cause. */
  readonly rows_unexplained: number;
  /** Largest absolute difference of a value; null where no two numbers differ. */
  readonly largest_difference: number | null;
  /** The column that differs in most rows; null where none does. */
  readonly worst_feature: string | null;
  /** By column; only those that differ. */
  readonly features: Readonly<Record<string, FeatureDifference>>;
  /** Rows by cause; only those there are. */
  readonly causes: Readonly<Partial<Record<ParityCause, number>>>;
  /** By time; unexplained ones first in what is kept of them. */
  readonly differences: readonly ParityDifference[];
  readonly took_ms: number;
}

/** The columns of a row that differ, "warm" last. */
export function differingFeatures(set: FeatureSet, row: MismatchedRow): string[] {
  const features = set.names.filter((_, column) => row.live[column] !== row.sql[column]);
  if (row.live_warm !== row.sql_warm) features.push("warm");
  return features;
}

export function reportOf(
  span: ParitySpan,
  rows: { readonly rows_compared: number; readonly mismatched: readonly MismatchedRow[] },
  differences: readonly ParityDifference[],
  took_ms: number,
): ParityReport {
  const { symbol, set, from_us, to_us } = span;
  const count = (kind: DifferenceKind): number => differences.filter((one) => one.kind === kind).length;
  const features = featureDifferences(set, rows.mismatched);
  const causes: Partial<Record<ParityCause, number>> = {};
  for (const { cause } of differences) causes[cause] = (causes[cause] ?? 0) + 1;
  const numbers = Object.values(features).flatMap(({ largest }) => (largest === null ? [] : [largest]));
  return {
    symbol,
    feature_set: set.name,
    set_hash: set.hash,
    from_us,
    to_us,
    rows_compared: rows.rows_compared,
    rows_mismatched: count("mismatched"),
    rows_missing: count("missing"),
    rows_extra: count("extra"),
    rows_unexplained: causes.unexplained ?? 0,
    largest_difference: numbers.length === 0 ? null : Math.max(...numbers),
    worst_feature: worstOf(features),
    features,
    causes,
    differences: [...differences].sort((a, b) => a.ts_sec - b.ts_sec),
    took_ms,
  };
}

function featureDifferences(
  set: FeatureSet,
  rows: readonly MismatchedRow[],
): Record<string, FeatureDifference> {
  const found = new Map<string, { rows: number; largest: number | null }>();
  for (const row of rows) {
    for (const feature of differingFeatures(set, row)) {
      const entry = found.get(feature) ?? { rows: 0, largest: null };
      entry.rows += 1;
      const distance = distanceOf(row, set.names.indexOf(feature));
      if (distance !== null) entry.largest = Math.max(distance, entry.largest ?? 0);
      found.set(feature, entry);
    }
  }
  const ordered = [...set.names, "warm"].filter((name) => found.has(name));
  return Object.fromEntries(ordered.map((name) => [name, found.get(name)!]));
}

/** 0 between −0 and 0, which differ all the same; null where either side is no number. */
function distanceOf(row: MismatchedRow, column: number): number | null {
  const [live, sql] = [row.live[column] ?? null, row.sql[column] ?? null];
  if (live === null || sql === null) return null;
  const distance = Math.abs(Number(live) - Number(sql));
  return Number.isFinite(distance) ? distance : null;
}

function worstOf(features: Readonly<Record<string, FeatureDifference>>): string | null {
  let worst: string | null = null;
  for (const [name, { rows }] of Object.entries(features)) {
    if (worst === null || rows > features[worst]!.rows) worst = name;
  }
  return worst;
}

/** Reports of one symbol and set, span after span, as one. At least one. */
export function mergeReports(reports: readonly ParityReport[]): ParityReport {
  const first = reports[0]!;
  const sum = (read: (report: ParityReport) => number): number =>
    reports.reduce((total, report) => total + read(report), 0);
  const features: Record<string, FeatureDifference> = {};
  const causes: Partial<Record<ParityCause, number>> = {};
  for (const report of reports) {
    for (const [name, { rows, largest }] of Object.entries(report.features)) {
      const before = features[name] ?? { rows: 0, largest: null };
      features[name] = { rows: before.rows + rows, largest: larger(before.largest, largest) };
    }
    for (const [cause, rows] of Object.entries(report.causes) as [ParityCause, number][]) {
      causes[cause] = (causes[cause] ?? 0) + rows;
    }
  }
  return {
    ...first,
    to_us: reports.at(-1)!.to_us,
    rows_compared: sum((report) => report.rows_compared),
    rows_mismatched: sum((report) => report.rows_mismatched),
    rows_missing: sum((report) => report.rows_missing),
    rows_extra: sum((report) => report.rows_extra),
    rows_unexplained: sum((report) => report.rows_unexplained),
    largest_difference: reports.reduce<number | null>(
      (most, report) => larger(most, report.largest_difference),
      null,
    ),
    worst_feature: worstOf(features),
    features,
    causes,
    differences: reports.flatMap(({ differences }) => differences),
    took_ms: sum((report) => report.took_ms),
  };
}

const larger = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
