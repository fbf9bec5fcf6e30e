/** The figures gates are held to, from a model's score on the test rows and its exported file. */

import type { Score } from "../../model/bundle/manifest.ts";
import type { GateFigures } from "../../model/gates.ts";
import type { Comparison } from "./compare.ts";

export interface ExportedFile {
  readonly bytes: number;
  /** µs. */
  readonly latency: { readonly p50_us: number; readonly p99_us: number };
}

/** @param over_ridge the comparison with ridge; undefined for ridge itself. */
export function gateFigures(
  score: Score,
  over_ridge: Comparison | undefined,
  file: ExportedFile,
): GateFigures {
  const { intervals } = score;
  const low = (interval: readonly [number, number] | null): number | null => interval?.[0] ?? null;
  return {
    rows: score.rows,
    r2: score.r2,
    r2_low: low(intervals.r2),
    mae: score.mae,
    mae_cut: score.mae_cut,
    mae_cut_low: low(intervals.mae_cut),
    rmse: score.rmse,
    ic_pearson: score.ic_pearson,
    ic_pearson_low: low(intervals.ic_pearson),
    ic_spearman: score.ic_spearman,
    hit_rate: score.hit_rate,
    hit_rate_low: low(intervals.hit_rate),
    r2_gain_over_ridge: over_ridge ? over_ridge.r2_gain : 0,
    r2_gain_over_ridge_low: over_ridge ? low(over_ridge.interval) : 0,
    calibration_slope: score.calibration_slope,
    calibration_distance: distanceFromOne(intervals.calibration_slope),
    dispersion: score.dispersion,
    latency_p50_ms: file.latency.p50_us / 1000,
    latency_p99_ms: file.latency.p99_us / 1000,
    size_mb: file.bytes / 1e6,
  };
}

function distanceFromOne(interval: readonly [number, number] | null): number | null {
  return interval && Math.max(0, interval[0] - 1, 1 - interval[1]);
}
