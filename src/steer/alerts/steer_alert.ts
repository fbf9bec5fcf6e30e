/** What was done on a judgement, as an event for the alerts; undefined where nobody needs to be told. */

import type { AlertEvent } from "../../record/alerts/alert_event.ts";
import type { SteerEvent } from "../events.ts";

/** Steps of a deployment that failed: it is being taken back, was, or was stopped. */
const FAILED: readonly string[] = ["return", "returned", "stopped"];

export function alertOf(event: SteerEvent): AlertEvent | undefined {
  if (event.kind === "rollback") {
    const { alarm, status, version_before, version_after, text, evidence } = event;
    const figures = { ...evidence, alarm, status, version_before, version_after };
    return { kind: "rollback", ...symbolOf(event.symbol), summary: text, evidence: json(figures) };
  }
  if (event.kind === "drift") {
    const { symbol, text, is_over, model_version, evidence } = event;
    const figures = { ...evidence, model_version };
    return { kind: "drift", ...symbolOf(symbol), summary: text, evidence: json(figures), is_over };
  }
  const { deployment, step, text } = event;
  const is_over = step.step === "done";
  if (!is_over && !FAILED.includes(step.step)) return undefined;
  const { deployment_id, version, strategy } = deployment;
  const evidence = { ...step.evidence, deployment_id, version, strategy, step: step.step, share: step.share };
  return {
    kind: "deployment",
    ...symbolOf(deployment.symbol),
    summary: text,
    evidence: json(evidence),
    is_over,
  };
}

/** "*": every symbol without one of its own. */
const symbolOf = (symbol: string): { symbol?: string } => (symbol === "*" ? {} : { symbol });

/** As it is stored: what JSON does not have is null. */
const json = (evidence: object): NonNullable<AlertEvent["evidence"]> => JSON.parse(JSON.stringify(evidence));
