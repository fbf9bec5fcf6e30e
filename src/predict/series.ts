/**
 * Which predictions belong together. A series is one model in one role, looking one horizon ahead: its points may
 * be drawn as one line and counted as one figure, those of two series never.
 */

import type { ModelVersion } from "../base/units.ts";
import type { Role } from "../model/role.ts";

export interface Series {
  readonly model_version: ModelVersion;
  readonly role: Role;
  /** Seconds. */
  readonly horizon_s: number;
}

/** What a caller asks for. Where it fits several series, the one with the newest prediction is meant. */
export interface SeriesChoice {
  /**
   * `served`: what is given as the symbol's forecast, the champion's or that of the fallback which stands in for it at
   * a tick. Undefined: any.
   */
  readonly role?: Role | "served" | undefined;
  readonly model_version?: ModelVersion | undefined;
  readonly horizon_s?: number | undefined;
}

/** The default of what is stored. */
export const CHAMPION: SeriesChoice = { role: "champion" };
/** The default of what is now. */
export const SERVED: SeriesChoice = { role: "served" };

export function belongsTo(one: Series & { readonly served: boolean }, choice: SeriesChoice): boolean {
  return (
    (choice.role === undefined || one.role === choice.role || (choice.role === "served" && one.served)) &&
    (choice.model_version === undefined || one.model_version === choice.model_version) &&
    (choice.horizon_s === undefined || one.horizon_s === choice.horizon_s)
  );
}

export function sameSeries(one: Series, other: Series): boolean {
  return (
    one.role === other.role && one.model_version === other.model_version && one.horizon_s === other.horizon_s
  );
}

/** For people: "challenger ridge-v1/2, 60 s ahead". */
export function describeChoice({ role, model_version, horizon_s }: SeriesChoice): string {
  const name = role === undefined || role === "served" ? "champion" : role;
  const model =
    model_version === undefined ? name : role === undefined ? model_version : `${name} ${model_version}`;
  return horizon_s === undefined ? model : `${model}, ${horizon_s} s ahead`;
}
