/**
 * The report card of a model: everything its test rows say, as one JSON value. The page is made from nothing
 * but this, so whatever it shows can be checked by a machine.
 */

import { LIMITS } from "../../base/limits.ts";
import type { ConfidenceComparison } from "../../model/bundle/confidence.ts";
import type { Manifest } from "../../model/bundle/manifest.ts";
import type { GateResult } from "../../model/gates.ts";
import { collectGarbage } from "../data/collect.ts";
import type { Dataset } from "../data/dataset.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import type { EpochRecord, Fitted } from "../fit/trainable.ts";
import type { Comparison } from "../judge/compare.ts";
import type { TrainingRun } from "../run.ts";
import { type Density, densityOf } from "./charts/density.ts";
import { type ByLabel, byLabel } from "./figures/by_label.ts";
import { type CalibrationPoint, calibrationPoints } from "./figures/calibration.ts";
import {
  alongTime,
  byHour,
  byVolatility,
  type HourPart,
  type TimePart,
  type VolatilityPart,
} from "./figures/course.ts";
import { type Coverage, coverageOf, issueIntervals } from "./figures/coverage.ts";
import { type Importance, importanceOf } from "./figures/importance.ts";
import { type PlanFigures, planFigures } from "./figures/plan_figures.ts";
import { type Residuals, residualsOf } from "./figures/residuals.ts";
import { testRows } from "./figures/test_rows.ts";
import { type TradingView, tradingView } from "./figures/trading.ts";
import type { WalkForwardPart } from "./figures/walk_forward.ts";

export const REPORT_FORMAT = "foretick-report/1";

/** What the manifest says too, so that the report can be read by itself. */
type FromManifest = Pick<
  Manifest,
  | "name"
  | "version"
  | "created_at"
  | "kind"
  | "feature_set"
  | "set_hash"
  | "horizon_s"
  | "cadence_s"
  | "label"
  | "data"
  | "split"
  | "parameters"
  | "scores"
  | "verdict"
  | "gates"
  | "servable"
  | "proposed"
  | "latency"
>;

export interface LearningCurve {
  readonly model: string;
  readonly epochs: readonly EpochRecord[];
  /** The epoch whose weights are the model's, 0 for the untrained ones; null for several models in one. */
  readonly kept: number | null;
}

export interface Report extends FromManifest {
  readonly format: typeof REPORT_FORMAT;
  readonly model_bytes: number;
  /** Why each gate is there, by its name. */
  readonly gate_reasons: Readonly<Record<string, string>>;
  readonly proposal: { readonly model: string; readonly sentence: string };
  /** Every other fitted model against ridge. */
  readonly comparisons: readonly Comparison[];
  /** The test rows all that follows is of: the newest. Scores, gates and comparisons are of all of them. */
  readonly rows_looked_at: number;
  readonly figures: PlanFigures;
  /** Parts in order of time, each by models that learned from what came before it; null where not asked for. */
  readonly walk_forward: readonly WalkForwardPart[] | null;
  /** null where the other label is not known on any test row. */
  readonly by_label: ByLabel | null;
  readonly density: Density;
  readonly calibration: readonly CalibrationPoint[];
  readonly along_time: readonly TimePart[];
  readonly by_hour: readonly HourPart[];
  readonly by_volatility: readonly VolatilityPart[];
  readonly importance: readonly Importance[];
  /** Whether the weights of its features have a say in its confidence, on validation rows; null where they are not known. */
  readonly confidence: ConfidenceComparison | null;
  readonly learning_curves: readonly LearningCurve[];
  readonly residuals: Residuals;
  readonly coverage: Coverage;
  readonly trading: TradingView;
}

/** The manifest with its gates evaluated. */
export type GatedManifest = Omit<Manifest, "files"> & { readonly gates: readonly GateResult[] };

export interface ReportInput {
  readonly dataset: Dataset;
  readonly run: Pick<TrainingRun, "split" | "fitted" | "ridge" | "proposal">;
  readonly model: Fitted;
  readonly manifest: GatedManifest;
  readonly model_bytes: number;
  readonly gate_reasons: Readonly<Record<string, string>>;
  readonly confidence: ConfidenceComparison | undefined;
  readonly seed: number;
  readonly walk_forward?: readonly WalkForwardPart[] | undefined;
}

/** Rows before the test from which interval widths begin. */
const ROWS_BEFORE_MAX = 20_000;

export function buildReport(input: ReportInput): Report {
  const { dataset, run, model, manifest } = input;
  const { train, test: all } = run.split;
  const test = { from: Math.max(all.from, all.to - LIMITS.report_rows_max), to: all.to };
  const rowsFor = (range: RowRange) => testRows(dataset, range, model.forecast(dataset, range));
  const rows = rowsFor(test);
  const before = rowsFor({ from: Math.max(train.from, train.to - ROWS_BEFORE_MAX), to: train.to });
  const intervals = issueIntervals(rows, before);
  return {
    format: REPORT_FORMAT,
    ...shared(manifest),
    model_bytes: input.model_bytes,
    gate_reasons: input.gate_reasons,
    proposal: { model: run.proposal.model, sentence: run.proposal.sentence },
    comparisons: run.proposal.comparisons,
    rows_looked_at: rowsOf(test),
    figures: alone(() => planFigures(rows, intervals.half_width)),
    walk_forward: input.walk_forward ?? null,
    by_label: alone(() => byLabel(rows, manifest.label) ?? null),
    density: alone(() => densityOf(rows)),
    calibration: alone(() => calibrationPoints(rows)),
    along_time: alone(() => alongTime(rows)),
    by_hour: alone(() => byHour(rows)),
    by_volatility: alone(() => byVolatility(rows)),
    importance: alone(() => importanceOf(dataset, test, model, input.seed)),
    confidence: input.confidence ?? null,
    learning_curves: curvesOf(run.fitted, model),
    residuals: alone(() => residualsOf(rows)),
    coverage: alone(() => coverageOf(rows, intervals)),
    trading: alone(() => tradingView(rows)),
  };
}

/** One part after the other, so that they do not leave their arrays to each other. */
function alone<T>(make: () => T): T {
  const made = make();
  collectGarbage();
  return made;
}

function shared(manifest: GatedManifest): FromManifest {
  const { name, version, created_at, kind, feature_set, set_hash, horizon_s } = manifest;
  const { cadence_s, label } = manifest;
  const { data, split, parameters, scores, verdict, gates, servable, proposed, latency } = manifest;
  const identity = { name, version, created_at, kind, feature_set, set_hash, horizon_s, cadence_s, label };
  return { ...identity, data, split, parameters, scores, verdict, gates, servable, proposed, latency };
}

// The model's own first. A model solved in one step has none.
const curvesOf = (fitted: readonly Fitted[], model: Fitted): LearningCurve[] =>
  [model, ...fitted.filter((other) => other !== model)]
    .filter(({ history }) => history.length > 0)
    .map(({ name, history, parameters: { best_epoch } }) => ({
      model: name,
      epochs: history,
      kept: typeof best_epoch === "number" ? best_epoch : null,
    }));
