/**
 * The parameters that say which forecasts are meant: `role`, `model_version`, `horizon_s`. What is stored is the
 * champion's by default; what is now is what is served, which is the fallback's where the champion gives none. A
 * version alone means that model in whichever role it has.
 */

import { z } from "zod";
import { type ModelVersion, modelVersion } from "../../../base/units.ts";
import { ROLES, type Role } from "../../../model/role.ts";
import { QUALITY_WINDOWS_S, type QualityWindow } from "../../../predict/quality_minutes.ts";
import type { SeriesChoice } from "../../../predict/series.ts";
import { FIGURE_SOURCES } from "../../../predict/source.ts";
import { integerParameter } from "./query.ts";

const HORIZON_MAX_S = 86_400;

const roleParameter = <const Name extends string>(names: readonly [Name, ...Name[]]) =>
  z.enum(names, `expected one of ${names.join(", ")}`).optional();

const modelParameters = {
  model_version: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/-]{0,99}$/, "expected a version such as ridge-v1/2026-11-21t10-00-00z")
    .transform(modelVersion)
    .meta({ type: "string", example: "ridge-v1/2026-11-21t10-00-00z" })
    .optional(),
  horizon_s: integerParameter(1, HORIZON_MAX_S).optional(),
};

/** For what is stored. */
export const seriesParameters = { role: roleParameter(ROLES), ...modelParameters };
/** For what is now. */
export const liveSeriesParameters = { role: roleParameter(["served", ...ROLES]), ...modelParameters };

/** Whose figures. */
export const figureSourceParameter = z
  .enum(FIGURE_SOURCES, `expected one of ${FIGURE_SOURCES.join(", ")}`)
  .default("live");

/** How far back outcomes are looked at. */
export const windowParameter = z.enum(
  Object.keys(QUALITY_WINDOWS_S) as [QualityWindow, ...QualityWindow[]],
  "expected 15m, 1h, 1d or 7d",
);

interface SeriesParameters {
  readonly role?: Role | "served" | undefined;
  readonly model_version?: ModelVersion | undefined;
  readonly horizon_s?: number | undefined;
}

/** @param by_default the role where neither it nor a version is asked for. */
export function choiceOf(
  { role, model_version, horizon_s }: SeriesParameters,
  by_default: "champion" | "served",
): SeriesChoice {
  return {
    role: role ?? (model_version === undefined ? by_default : undefined),
    model_version,
    horizon_s,
  };
}
