/** What becomes of a job's best model: the challenger of its symbol, and with AUTO_DEPLOY on its way to be the champion. */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { Database } from "../../record/database.ts";
import { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import type { Registry } from "../../record/registry/registry.ts";
import { RoleRows } from "../../record/registry/role_rows.ts";
import { RegistryRows } from "../../record/registry/rows.ts";
import { DeploymentRows } from "../../record/steer/deployment_rows.ts";
import { startDeployment } from "../../steer/deploy/start.ts";

/** A model that passed its gates and is scored beside the champion. */
export interface Challenger {
  readonly symbol: string;
  readonly version: ModelVersion;
  /** Why it was trained, for the record. */
  readonly reason: string;
}

/** Makes a challenger the champion, in whatever steps. */
export type Deploy = (challenger: Challenger) => Promise<void>;

const SCOPE = { actor: "train" };

/** @throws ForetickError MODEL_REFUSED where this build cannot serve it; STORE_UNREACHABLE, STORE_QUERY. */
export async function putOnTrial(registry: Registry, challenger: Challenger): Promise<void> {
  await registry.role(SCOPE, { ...challenger, role: "challenger" });
}

/** As `bun run deploy` begins it, by DEFAULT_DEPLOYMENT_STRATEGY: the service that leads the symbol carries it out. */
export const deployInSteps =
  ({ sql }: Pick<Database, "sql">, config: Config, clock: Clock): Deploy =>
  async ({ symbol, version, reason }) => {
    const ports = {
      ...{ rows: new DeploymentRows(sql), models: new RegistryRows(sql), roles: new RoleRows(sql) },
      ...{ ticks: new JudgedTicks(sql), clock },
    };
    await startDeployment(ports, {
      ...{ symbol, version, symbols: [symbol], reason: `${reason}; AUTO_DEPLOY`, force: false },
      ...{ actor: SCOPE.actor, strategy: config.default_deployment_strategy },
      ...{ hold_s: config.deployment_hold_s, canary_share: config.canary_traffic_percentage / 100 },
    });
  };
