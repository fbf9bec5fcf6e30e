/** What acts on judgements in a running service: rollback on realised error, deployments, drift. */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { Logger } from "../../base/log.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { Database } from "../../record/database.ts";
import { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import { registryOf } from "../../record/registry/registry_of.ts";
import type { RoleRows } from "../../record/registry/role_rows.ts";
import { DeploymentRows } from "../../record/steer/deployment_rows.ts";
import { RollbackRows } from "../../record/steer/rollback_rows.ts";
import { type Requested, requestTraining, type TrainingRequest } from "../../record/training/request.ts";
import { DeployJob } from "../../steer/deploy/deploy_job.ts";
import { DriftJob, type DriftJobOptions } from "../../steer/drift/drift_job.ts";
import type { SteerEvent } from "../../steer/events.ts";
import { RollbackJob } from "../../steer/rollback/rollback_job.ts";

/** What steering needs of the service that runs. */
export interface SteeringPorts {
  readonly leads: (symbol: string) => boolean;
  readonly standDown: (symbol: string, version: ModelVersion, why: string) => void;
  readonly refusedOf: (symbol: string, version: string) => string | undefined;
  readonly onEvent: (event: SteerEvent) => void;
  /** What serves a symbol now. */
  readonly championOf: DriftJobOptions["championOf"];
}

export interface SteeringOptions extends SteeringPorts {
  readonly database: Pick<Database, "sql" | "connect">;
  readonly config: Config;
  readonly symbols: readonly string[];
  readonly roles: RoleRows;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of the deadline a candidate's 99th percentile may take. */
const P99_SHARE = 0.5;

export class Steering {
  readonly rollback: RollbackJob;
  readonly drift: DriftJob;
  readonly deployments: DeployJob;

  constructor(options: SteeringOptions) {
    const { config, database, clock, log, symbols, roles, leads, standDown, onEvent } = options;
    const registry = registryOf(database.sql, config, clock);
    const ticks = new JudgedTicks(database.sql);
    const shared = { symbols, leads, ticks, roles, registry, onEvent, clock, log };
    const asks = (request: TrainingRequest): Promise<Requested> => requestTraining(database.sql, request);
    this.rollback = new RollbackJob({
      ...{ ...shared, standDown, allowed: config.auto_rollback === "on" },
      rows: new RollbackRows(database.sql),
      requestTraining: asks,
    });
    this.drift = new DriftJob({
      ...{ database, symbols, leads, clock, log, championOf: options.championOf },
      ...{ hours: config.monitoring_window_hours, psi_fixed: config.drift_threshold },
      ...{ requestTraining: asks, onEvent },
    });
    this.deployments = new DeployJob({
      ...{ ...shared, refusedOf: options.refusedOf, p99_ms_max: config.deadline_ms * P99_SHARE },
      rows: new DeploymentRows(database.sql),
    });
  }

  start(): void {
    this.rollback.start();
    this.drift.start();
    this.deployments.start();
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await Promise.all([this.rollback.close(), this.deployments.close(), this.drift.close()]);
  }
}
