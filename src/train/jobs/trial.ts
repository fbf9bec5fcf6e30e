/** What becomes of a job's best model: the challenger of its symbol, and with AUTO_DEPLOY on its way to be the champion. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { Database } from "../../record/database.ts";
import { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import { roleOf } from "../../record/registry/alias.ts";
import { lockAlias } from "../../record/registry/changes.ts";
import type { Registry } from "../../record/registry/registry.ts";
import { RoleRows } from "../../record/registry/role_rows.ts";
import { RegistryRows } from "../../record/registry/rows.ts";
import { asked } from "../../record/sql/asked.ts";
import { inTransaction } from "../../record/sql/transaction.ts";
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

/**
 * Has it scored beside the champion: as the challenger, or as a shadow where the challenger is in an experiment or being
 * deployed, for a newcomer in its place would end that. Trainings come every day, experiments take days.
 * @throws ForetickError MODEL_REFUSED where this build cannot serve it, or no shadow is free; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function putOnTrial(
  sql: Sql,
  registry: Pick<Registry, "within">,
  challenger: Challenger,
): Promise<void> {
  const { symbol } = challenger;
  await asked(
    inTransaction(sql, async (tx) => {
      // What begins a trial waits for this, and the other way round.
      await lockAlias(tx, { symbol, alias: "champion" });
      const own = tx as unknown as Sql;
      const role = (await isTried(own, symbol)) ? "shadow" : "challenger";
      await registry.within(own).role(SCOPE, { ...challenger, role });
    }),
  );
}

async function isTried(sql: Sql, symbol: string): Promise<boolean> {
  const beside = (await new RoleRows(sql).beside([symbol])).get(symbol) ?? [];
  const holder = beside.find(({ place }) => roleOf(place.alias) === "challenger");
  if (!holder) return false;
  const { version } = holder;
  const trials = await asked(sql`
    select
    from experiments
    where symbol = ${symbol} and b = ${version} and ended_at is null
    union all
    select
    from deployments
    where version = ${version} and status = 'running' and ${symbol} = any(symbols)`);
  return trials.count > 0;
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
