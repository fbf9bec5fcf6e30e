/** Deployments as lines of text. */

import type { Deployment, DeploymentStep } from "../../../src/record/steer/deployment_rows.ts";
import { stepText } from "../../../src/steer/deploy/steps.ts";

export function deploymentLines(deployments: readonly Deployment[]): string[] {
  if (deployments.length === 0) return ['nothing was deployed yet: "bun run deploy <version>"'];
  return deployments.flatMap((one) => {
    const { deployment_id, version, symbol, strategy, status, hold_s, requested_by, steps } = one;
    const whose = symbol === "*" ? "every symbol" : symbol;
    const head = `${deployment_id}  ${version} for ${whose}, ${strategy}, hold ${hold_s} s: ${status} (asked for by ${requested_by})`;
    return [head, ...steps.map((step) => `   ${step.at}  ${shortText(one, step)}${figures(step)}`)];
  });
}

const shortText = (deployment: Deployment, step: DeploymentStep): string =>
  stepText(deployment, step).split(": ").slice(1).join(": ");

/** What it was decided by, where a symbol's figures are there. */
function figures({ evidence }: DeploymentStep): string {
  const shown = Object.entries(evidence).flatMap(([symbol, value]) => {
    const figure = value as { step_ticks?: number; p99_ms?: number; missed_share?: number } | null;
    if (typeof figure?.step_ticks !== "number") return [];
    const missed = (100 * (figure.missed_share ?? 0)).toFixed(2);
    return [`${symbol}: ${figure.step_ticks} ticks, p99 ${figure.p99_ms?.toFixed(1)} ms, ${missed} % missed`];
  });
  return shown.length === 0 ? "" : `  (after ${shown.join("; ")})`;
}
