/**
 * Has the market left what a model was trained on? The last hour, quarter of a day or day of every column beside its
 * reference, what can hurt first: ranked by importance × distance. Drift of inputs is a warning: the realised error decides.
 */

import { type Distances, distancesOf, type Measure } from "./drift_distance.ts";
import {
  COMPLETENESS_MIN,
  completenessOf,
  type DriftColumn,
  type DriftReference,
  endOf,
  farthest,
  lastSlots,
  type Span,
  usualScale,
} from "./drift_reference.ts";
import type { DriftSlots } from "./drift_slots.ts";

/** Columns that are no features. */
const FORECAST = "forecast";
const LABEL = "label";

export type DriftRecommendation = "none" | "watch" | "retrain_soon" | "retrain_now";

export interface DriftOptions {
  /** Permutation importance by feature, in any unit; each the same where it is not known. */
  readonly importance?: Readonly<Record<string, number>>;
  /** The plan's limit on PSI, the same for every column; shown beside and decides nothing. Default 0.1. */
  readonly psi_fixed?: number;
}

export interface ColumnDrift {
  readonly name: string;
  /** The measure farthest beyond what training blocks do: its distance, and their limit. */
  readonly measure: Measure;
  readonly score: number;
  readonly threshold: number;
  readonly drifted: boolean;
  /** Of all features, in shares of their sum; of forecast and label 1. */
  readonly importance: number;
  /** importance × score ÷ threshold: the order of the list. */
  readonly weight: number;
  readonly psi: number;
  readonly psi_over_fixed: boolean;
  readonly wasserstein: number;
  readonly null_share: number;
}

export interface DriftReport {
  readonly span: Span;
  /** Share of the span's rows there are; below nine tenths nothing is said. */
  readonly completeness: number;
  readonly recommendation: DriftRecommendation;
  readonly drift_detected: boolean;
  /** The largest distance ÷ its threshold of any column: above 1 is drift. */
  readonly drift_score: number;
  /** Features by weight, the largest first. */
  readonly features: readonly ColumnDrift[];
  readonly forecast: ColumnDrift | null;
  readonly label: ColumnDrift | null;
}

/** Share of importance that has drifted. */
const SHARE_SOON = 0.1;
const SHARE_NOW = 0.3;
const PSI_FIXED = 0.1;

/** The end of `slots` beside the reference; the bins of `slots` have to be the reference's. */
export function driftOf(
  reference: DriftReference,
  slots: DriftSlots,
  span: Span,
  { importance = {}, psi_fixed = PSI_FIXED }: DriftOptions = {},
): DriftReport {
  const window = lastSlots(slots.slots, span);
  const completeness = completenessOf(window, span, reference.cadence_s);
  const features = reference.columns.filter(isFeature);
  const known = (name: string): number => Math.max(0, importance[name] ?? 0);
  const total = features.reduce((sum, { name }) => sum + known(name), 0);
  const shareOf = ({ name }: DriftColumn): number => (total > 0 ? known(name) / total : 1 / features.length);
  const stats = slots.statsOf(window);
  const columns =
    completeness < COMPLETENESS_MIN
      ? []
      : reference.columns.flatMap((column, at) => {
          const weight = isFeature(column) ? shareOf(column) : 1;
          const distances = distancesOf(column, stats[at]!, usualScale(column, span, endOf(window)));
          return columnDrift(column, distances, span, weight, psi_fixed) ?? [];
        });
  const sorted = columns
    .filter(isFeature)
    .toSorted((one, other) => other.weight - one.weight || (one.name < other.name ? -1 : 1));
  const found = {
    features: sorted,
    forecast: columns.find(({ name }) => name === FORECAST) ?? null,
    label: columns.find(({ name }) => name === LABEL) ?? null,
  };
  return {
    span,
    completeness,
    recommendation: recommend(span, found),
    drift_detected: columns.some(({ drifted }) => drifted),
    drift_score: columns.reduce((most, { score, threshold }) => Math.max(most, score / threshold), 0),
    ...found,
  };
}

const isFeature = ({ name }: { readonly name: string }): boolean => name !== FORECAST && name !== LABEL;

function columnDrift(
  column: DriftColumn,
  distances: Distances,
  span: Span,
  importance: number,
  psi_fixed: number,
): ColumnDrift | undefined {
  const limits = column.thresholds[span];
  if (!limits) return undefined;
  const { measure, ratio } = farthest(distances, limits);
  return {
    name: column.name,
    measure,
    score: distances[measure],
    threshold: limits[measure],
    drifted: ratio > 1,
    importance,
    weight: importance * ratio,
    psi: distances.psi,
    psi_over_fixed: distances.psi > psi_fixed,
    wasserstein: distances.wasserstein,
    null_share: distances.null_share,
  };
}

/**
 * Hours are weather: at most a reason to watch. A day counts by what of the model's importance it reaches, and by
 * whether what is forecast, or the forecasts themselves, are others than in training.
 */
function recommend(
  span: Span,
  { features, forecast, label }: Pick<DriftReport, "features" | "forecast" | "label">,
): DriftRecommendation {
  const drifted = features.filter((one) => one.drifted);
  const ends = [forecast, label].filter((one) => one?.drifted).length;
  if (drifted.length + ends === 0) return "none";
  if (span !== "day") return "watch";
  const share = drifted.reduce((sum, { importance }) => sum + importance, 0);
  if (share >= SHARE_NOW || ends === 2) return "retrain_now";
  return share >= SHARE_SOON || ends === 1 ? "retrain_soon" : "watch";
}
