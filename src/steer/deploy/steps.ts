/** Steps as they are stored, and as people read them. */

import { isoOf, type Micros } from "../../base/units.ts";
import type { Deployment, DeploymentStep } from "../../record/steer/deployment_rows.ts";
import type { PlannedStep } from "./plan.ts";

interface StepFacts {
  readonly at_us: Micros;
  readonly actor: string;
  readonly from_sec: number | null;
  readonly evidence?: DeploymentStep["evidence"];
}

export function stepOf({ step, symbol, share }: PlannedStep, facts: StepFacts): DeploymentStep {
  const { at_us, actor, from_sec, evidence = {} } = facts;
  return { at: isoOf(at_us), step, symbol, share, actor, from_sec, evidence };
}

/** For people, e.g. "deployment 7, ridge-v1/b for every symbol: served to 25 % of clients". */
export function stepText({ deployment_id, version }: Deployment, step: DeploymentStep): string {
  const whose = step.symbol === "*" ? "every symbol" : step.symbol;
  return `deployment ${deployment_id}, ${version} for ${whose}: ${saidOf(step)}`;
}

function saidOf({ step, share, evidence, actor }: DeploymentStep): string {
  const why = typeof evidence.reason === "string" ? ` (${evidence.reason})` : "";
  switch (step) {
    case "load":
      return "to be loaded and scored beside the champion";
    case "shadow":
      return "watched beside the champion";
    case "serve":
      return `served to ${Math.round(100 * share)} % of clients`;
    case "promote":
      return "made the champion";
    case "hold":
      return "watched as the champion";
    case "return":
      return `taken back${why}`;
    case "returned":
      return "is back where it was";
    case "stopped":
      return actor === "deployment" ? `ended${why}` : `stopped by ${actor}${why}`;
    case "done":
      return "done";
  }
}
