/** What acts on judgements as the service shows it: its health and its metrics. */

import type { Metrics } from "../../../base/metrics.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { DeployJob } from "../../../steer/deploy/deploy_job.ts";
import type { RollbackStats, WatchedChampion } from "../../../steer/rollback/watched.ts";
import type { Steering } from "../../store/steering.ts";
import { driftHealth, registerDriftMetrics } from "./drift.ts";

/** Nothing while the database is not open. */
export function steeringHealth(steering: Steering | undefined): Dependency[] {
  return steering
    ? [
        rollbackHealth(steering.rollback.stats),
        ...deploymentHealth(steering.deployments),
        ...driftHealth(steering.drift),
      ]
    : [];
}

/** Nothing where none is under way. */
function deploymentHealth({ running, last_error }: DeployJob): Dependency[] {
  if (running.length === 0) return [];
  const facts = Object.fromEntries(
    running.map(({ symbol, version, strategy, share, steps }) => [
      symbol,
      `${version}, ${strategy}: ${steps.at(-1)!.step}, ${Math.round(100 * share)} % of clients`,
    ]),
  );
  const reason = last_error ? `deployments wait: ${last_error.message}` : null;
  return [{ name: "deployments", state: reason === null ? "ok" : "degraded", reason, facts }];
}

function rollbackHealth({ allowed, rollbacks, champions, last_error }: RollbackStats): Dependency {
  const reason =
    champions.map(worry).find((said) => said !== null) ??
    (last_error ? `realised errors are not judged: ${last_error.message}` : null);
  const facts = {
    auto_rollback: allowed ? "on" : "off: alarms are told and nothing is done",
    rollbacks,
    ...Object.fromEntries(champions.flatMap(factsOf)),
  };
  return { name: "rollback", state: reason === null ? "ok" : "degraded", reason, facts };
}

function worry({ symbol, version, alarm, waits, stuck }: WatchedChampion): string | null {
  if (stuck !== null) return stuck;
  if (alarm === null || waits === null) return null;
  const why =
    waits === "not_allowed" ? "AUTO_ROLLBACK is off" : "a champion was taken back less than an hour ago";
  return `${version} of ${symbol} is ${alarm}; it keeps serving, for ${why}`;
}

const factsOf = ({ symbol, report }: WatchedChampion): [string, number | string][] => {
  const { verdict, mean, n_blocks } = report.beside_ridge;
  const ridge: [string, string][] =
    n_blocks === 0
      ? []
      : [[`${symbol} beside ridge`, `${BESIDE_RIDGE[verdict]}, ${mean.toPrecision(2)} over ${n_blocks} min`]];
  return [[`${symbol} ticks judged`, report.ticks], ...ridge];
};

/** `a` is the champion. */
const BESIDE_RIDGE = { a: "better", b: "worse", inconclusive: "not told apart" } as const;

export function registerSteeringMetrics(metrics: Metrics, steering: () => Steering | undefined): void {
  metrics.observe(
    "counter",
    "foretick_rollbacks_total",
    "Champions taken back for their realised error",
    () => steering()?.rollback.stats.rollbacks ?? 0,
  );
  registerDriftMetrics(metrics, () => steering()?.drift);
  metrics.observe("gauge", "foretick_champion_alarm", "1 while an alarm on the champion stands", () =>
    (steering()?.rollback.stats.champions ?? []).map(({ symbol, alarm, stuck }) => ({
      labels: { symbol },
      value: Number(alarm !== null || stuck !== null),
    })),
  );
  metrics.observe(
    "gauge",
    "foretick_deployment_share",
    "Of the clients a version under way is served to",
    () =>
      (steering()?.deployments.running ?? []).map(({ symbol, version, share }) => ({
        labels: { symbol, model_version: version },
        value: share,
      })),
  );
}
