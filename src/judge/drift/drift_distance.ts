/**
 * How far a window of a column is from its reference. PSI says how differently the bins are filled; Wasserstein's
 * distance, in standard deviations, says how far values have moved; scale says how much larger or smaller they are
 * than usual at that time of day; the shares of nulls and of repeated values say whether the column still arrives.
 */

import type { ColumnStats } from "./drift_slots.ts";

export const MEASURES = ["psi", "wasserstein", "scale", "null_share", "repeat_share"] as const;
export type Measure = (typeof MEASURES)[number];
export type Distances = Readonly<Record<Measure, number>>;

/** A column over the whole training data. */
export interface ColumnReference {
  readonly edges: readonly number[];
  /** Share of known values by bin. */
  readonly shares: readonly number[];
  /** Mean distance beyond the first and the last edge, over all known values. */
  readonly below: number;
  readonly above: number;
  readonly mean: number;
  readonly sd: number;
  /** Logarithm of the usual scale of an hour: level + cos · cos(time of day) + sin · sin(time of day). */
  readonly intraday: { readonly level: number; readonly cos: number; readonly sin: number };
  readonly null_share: number;
  readonly repeat_share: number;
}

/** A column that has left all it ever was is this far away and no farther: a figure that JSON can hold. */
const DISTANCE_MAX = 1e6;

export function referenceOfColumn(edges: readonly number[], stats: ColumnStats): ColumnReference {
  const { counts, known, nulls, repeats, sum, sum2, below, above } = stats;
  const n = Math.max(1, known);
  const mean = sum / n;
  const variance = sum2 / n - mean * mean;
  // A constant's variance comes out as rounding dust.
  const sd = variance > 1e-12 * (sum2 / n) ? Math.sqrt(variance) : 0;
  return {
    edges,
    shares: Array.from(counts, (count) => count / n),
    below: below / n,
    above: above / n,
    mean,
    sd,
    intraday: { level: sd > 0 ? Math.log(sd) : 0, cos: 0, sin: 0 },
    null_share: nulls / Math.max(1, known + nulls),
    repeat_share: repeats / n,
  };
}

/** @param usual logarithm of the scale there should be. */
export function distancesOf(reference: ColumnReference, stats: ColumnStats, usual: number): Distances {
  const { known, nulls, repeats } = stats;
  return {
    psi: known === 0 ? 0 : psi(reference, stats),
    wasserstein: known === 0 ? 0 : wasserstein(reference, stats),
    scale: known === 0 || reference.sd === 0 ? 0 : Math.abs(logScale(reference, stats) - usual),
    null_share: nulls / Math.max(1, known + nulls),
    repeat_share: known === 0 ? 0 : repeats / known,
  };
}

/** Scales differ by no more than this: what stands still has none. */
const LOG_SCALE_MAX = 20;

/** Logarithm of the root mean square about the reference's mean. */
export function logScale({ mean, sd }: ColumnReference, { known, sum, sum2 }: ColumnStats): number {
  const square = (sum2 - 2 * mean * sum) / known + mean * mean;
  return Math.max(0.5 * Math.log(Math.max(square, Number.MIN_VALUE)), Math.log(sd) - LOG_SCALE_MAX);
}

/** Σ (q − p) · ln(q ÷ p) over the bins; an empty bin counts as half a value. */
function psi({ shares }: ColumnReference, { counts, known }: ColumnStats): number {
  const half = 0.5 / known;
  const whole = 1 + half * shares.length;
  let sum = 0;
  for (let bin = 0; bin < shares.length; bin++) {
    const p = (shares[bin]! + half) / whole;
    const q = (counts[bin]! / known + half) / whole;
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
}

/**
 * ∫ |F − G|: between edges by their middle, beyond the outer edges by how far values are beyond them, which is exact
 * where the tails do not cross.
 */
function wasserstein({ edges, shares, below, above, sd }: ColumnReference, stats: ColumnStats): number {
  const { counts, known } = stats;
  let apart = 0;
  let sum = Math.abs(stats.below / known - below) + Math.abs(stats.above / known - above);
  for (let bin = 0; bin + 1 < edges.length; bin++) {
    const before = Math.abs(apart + counts[bin]! / known - shares[bin]!);
    apart += counts[bin]! / known - shares[bin]!;
    const after = Math.abs(apart + counts[bin + 1]! / known - shares[bin + 1]!);
    sum += ((before + after) / 2) * (edges[bin + 1]! - edges[bin]!);
  }
  return sum === 0 ? 0 : Math.min(DISTANCE_MAX, sum / sd);
}
