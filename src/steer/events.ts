/** What was done on a judgement, told once: to the log, to metrics, to whoever alerts people. */

import type { Micros, ModelVersion } from "../base/units.ts";
import type { Deployment, DeploymentStep } from "../record/steer/deployment_rows.ts";
import type { RollbackStatus } from "../record/steer/rollback_rows.ts";

export interface RollbackEvent {
  readonly kind: "rollback";
  readonly at_us: Micros;
  readonly symbol: string;
  readonly alarm: "broken" | "dead";
  /** `not_allowed`: the alarm stands, and AUTO_ROLLBACK is off. */
  readonly status: Exclude<RollbackStatus, "begun"> | "not_allowed";
  readonly version_before: ModelVersion;
  /** What serves instead; null where nothing changed or there was nothing to go back to. */
  readonly version_after: ModelVersion | null;
  /** For people: a sentence. */
  readonly text: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface DeploymentEvent {
  readonly kind: "deployment";
  readonly at_us: Micros;
  /** As it is after the step. */
  readonly deployment: Deployment;
  readonly step: DeploymentStep;
  readonly text: string;
}

export interface DriftEvent {
  readonly kind: "drift";
  readonly at_us: Micros;
  readonly symbol: string;
  readonly model_version: ModelVersion;
  /** The champion's columns are what they were in training again. */
  readonly is_over: boolean;
  readonly text: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export type SteerEvent = RollbackEvent | DeploymentEvent | DriftEvent;
