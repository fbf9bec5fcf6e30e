/** `bun run deploy …` as a function of its arguments: it opens the database and does one thing. */

import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { JudgedTicks } from "../../../src/record/outcomes/judged_ticks.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { RoleRows } from "../../../src/record/registry/role_rows.ts";
import { RegistryRows } from "../../../src/record/registry/rows.ts";
import { DeploymentRows, type Strategy } from "../../../src/record/steer/deployment_rows.ts";
import { CarryOut } from "../../../src/steer/deploy/carry_out.ts";
import { startDeployment, stopDeployment } from "../../../src/steer/deploy/start.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, lengthSeconds, readFlags, textFlags } from "../../flags/source.ts";
import { deploymentLines } from "../../lines/steer/deployments.ts";
import { actorOf, withStore } from "../with_store.ts";

const USAGE = `usage: bun run deploy <version> [flags]     begins; the service that runs carries it out
       bun run deploy status [--limit 5]     what is and was deployed, with every step
       bun run deploy stop [flags]           ends the one under way; clients get the champion again

  --strategy      canary: 10 %, 25 %, 50 %, all clients; blue-green: watched, then all at once;
                  rolling: symbol by symbol (default DEFAULT_DEPLOYMENT_STRATEGY)
  --symbol        whose champion it becomes (default *: every symbol without one of its own)
  --hold          how long each step lasts, e.g. 10m, 90s, 2h (default DEPLOYMENT_HOLD_S, which is 10m)
  --reason        why; recorded
  --force         deploys although a gate was failed; needs --reason
  --by            who; recorded (default the user's name)
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  strategy: { type: "string" },
  symbol: { type: "string" },
  hold: { type: "string" },
  reason: { type: "string" },
  force: { type: "boolean" },
  by: { type: "string" },
  limit: { type: "string" },
  "database-url": { type: "string" },
} as const;

const HOLD_S_MAX = 7 * 86_400;

/**
 * @param words e.g. ["ridge-v1/b", "--strategy", "canary"].
 * @param environment e.g. `process.env`.
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID with the usage; as `startDeployment` and `stopDeployment`.
 */
export async function deployCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help)
    return [withExample(USAGE, OPTIONS, "deploy ridge-v1/20261121-100000", { strategy: "canary" })];
  const [what, ...surplus] = rest;
  if (what === undefined || surplus.length > 0) return refuse("one version, status or stop");
  const config = readConfig(environment);
  const strategy = strategyOf(flags, config.default_deployment_strategy);
  const hold_s = holdOf(flags, config.deployment_hold_s);
  const asked = {
    ...{ symbol: "*", reason: "", ...textFlags(flags, ["symbol", "reason"]) },
    actor: actorOf(flags),
  };
  const store = { config, url: databaseUrl(flags, config), use: "write" } as const;
  return withStore(store, async ({ sql }, log) => {
    const rows = new DeploymentRows(sql);
    const roles = new RoleRows(sql);
    if (what === "status") return deploymentLines(await rows.newest(limitOf(flags)));
    if (what === "stop") {
      const { model_dir } = config;
      const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
      const carry_out = new CarryOut({ roles, registry, log });
      return deploymentLines([await stopDeployment({ rows, carry_out, clock: systemClock }, asked)]);
    }
    const models = new RegistryRows(sql);
    const ports = { rows, roles, models, ticks: new JudgedTicks(sql), clock: systemClock };
    const deployment = await startDeployment(ports, {
      ...asked,
      ...{ version: modelVersion(what), symbols: config.symbols, strategy, hold_s },
      force: flags.force === true,
      canary_share: config.canary_traffic_percentage / 100,
    });
    return deploymentLines([deployment]);
  });
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run deploy expected ${expected}\n\n${USAGE}`);

function strategyOf({ strategy }: Flags, otherwise: Strategy): Strategy {
  if (strategy === undefined) return otherwise;
  const name = String(strategy).replace("-", "_");
  const known = ["canary", "blue_green", "rolling"] as const;
  return (
    known.find((one) => one === name) ?? refuse(`--strategy canary, blue-green or rolling, was ${strategy}`)
  );
}

function holdOf({ hold }: Flags, usual_s: number): number {
  if (hold === undefined) return usual_s;
  const text = String(hold);
  const seconds = text.includes(".") ? Number.NaN : lengthSeconds(text);
  return seconds <= HOLD_S_MAX ? seconds : refuse(`--hold like 90s, 10m or 2h, at most 7d, was ${text}`);
}

function limitOf({ limit = "5" }: Flags): number {
  const rows = Number(limit);
  return Number.isInteger(rows) && rows > 0 ? rows : refuse(`--limit from 1, was ${String(limit)}`);
}
