/** Begins and stops deployments: what a person, or a job with leave to, asks for. The service then carries it out. */

import type { Clock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import type { RoleRows } from "../../record/registry/role_rows.ts";
import type { ModelDetails, RegistryRows } from "../../record/registry/rows.ts";
import type { Deployment, DeploymentRows, Strategy } from "../../record/steer/deployment_rows.ts";
import type { CarryOut } from "./carry_out.ts";
import { lastStepOf } from "./machine.ts";
import { planOf } from "./plan.ts";
import { stepOf } from "./steps.ts";

export interface StartPorts {
  readonly rows: Pick<DeploymentRows, "start">;
  readonly models: Pick<RegistryRows, "show">;
  readonly roles: Pick<RoleRows, "champions">;
  readonly ticks: Pick<JudgedTicks, "newestForecast">;
  readonly clock: Clock;
}

export interface StartInput {
  readonly version: ModelVersion;
  /** Whose alias moves: a symbol's own, or "*". */
  readonly symbol: string;
  /** Followed symbols, in the order a rolling deployment takes. */
  readonly symbols: readonly string[];
  readonly strategy: Strategy;
  readonly hold_s: number;
  /** Of a canary's first step, above 0 and below 1. */
  readonly canary_share: number;
  readonly actor: string;
  readonly reason: string;
  /** Although it is not servable; needs a reason. */
  readonly force: boolean;
}

/**
 * Writes the row; a service that leads the symbol goes on from it.
 * @throws ForetickError MODEL_UNKNOWN; MODEL_REFUSED where the version did not pass its gates, is the champion already, is no
 * match for a canary, or another deployment of the symbol is under way; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function startDeployment(ports: StartPorts, input: StartInput): Promise<Deployment> {
  const { rows, models, roles, ticks, clock } = ports;
  const { version, symbol, strategy, force, reason, actor } = input;
  const symbols = symbol === "*" ? input.symbols : [symbol];
  const model = await models.show(version);
  if (force && reason === "")
    fail("MODEL_REFUSED", '--force expected a reason, which is recorded: add --reason "why"');
  if (!model.servable && !force) {
    fail(
      "MODEL_REFUSED",
      `${version} is not servable: it failed a gate. To deploy it nevertheless: --force --reason "why"`,
    );
  }
  const champions = await roles.champions([symbol, ...symbols]);
  const before = champions.get(symbol)?.version ?? null;
  if (strategy !== "rolling") refuseOwnChampions(symbol, symbols, champions);
  if (before === version && (strategy !== "rolling" || symbol !== "*")) {
    fail("MODEL_REFUSED", `${version} is the champion already`);
  }
  if (strategy === "canary" && before !== null)
    await refuseOtherKind(models, model, await models.show(before));
  const from = await ticks.newestForecast(symbols);
  const at_us = clock.now();
  const start = {
    ...{ version, symbol, symbols, strategy, reason },
    ...{ hold_s: input.hold_s, canary_share: input.canary_share, forced: force, version_before: before },
    ...{ requested_by: actor, requested_us: at_us },
  };
  const first = planOf(start)[0]!;
  return await rows.start(
    start,
    stepOf(first, { at_us, actor, from_sec: from === undefined ? null : from + 1 }),
  );
}

/**
 * Ends a deployment where it is: clients are served the champion again, and one that has taken over stays it.
 * @throws ForetickError MODEL_REFUSED where none of the symbol is under way, or it has moved on meanwhile.
 */
export async function stopDeployment(
  {
    rows,
    carry_out,
    clock,
  }: {
    readonly rows: Pick<DeploymentRows, "running" | "add">;
    readonly carry_out: Pick<CarryOut, "withdraw">;
    readonly clock: Clock;
  },
  { symbol, actor, reason }: Pick<StartInput, "symbol" | "actor" | "reason">,
): Promise<Deployment> {
  const running = (await rows.running()).find((one) => one.symbol === symbol);
  if (!running)
    return fail("MODEL_REFUSED", `${symbol} has no deployment under way: see "bun run deploy status"`);
  const to = { step: "stopped", symbol: lastStepOf(running).symbol, share: 0 } as const;
  const evidence = reason === "" ? {} : { reason };
  const step = stepOf(to, { at_us: clock.now(), actor, from_sec: null, evidence });
  const stopped = await rows.add(running, step, "stopped");
  if (!stopped)
    return fail("MODEL_REFUSED", "the deployment has moved on meanwhile: look at it and ask again");
  await carry_out.withdraw(stopped);
  return stopped;
}

/** A symbol's own champion goes before that of every symbol: it would not be served what is deployed. */
function refuseOwnChampions(
  symbol: string,
  symbols: readonly string[],
  champions: Awaited<ReturnType<RoleRows["champions"]>>,
): void {
  if (symbol !== "*") return;
  const own = symbols.find((one) => champions.get(one)?.place.symbol === one);
  if (own)
    fail(
      "MODEL_REFUSED",
      `${own} has a champion of its own: deploy with --symbol ${own}, or --strategy rolling`,
    );
}

/** Clients of one address would get forecasts of two kinds. */
async function refuseOtherKind(
  models: StartPorts["models"],
  model: ModelDetails,
  champion: ModelDetails,
): Promise<void> {
  const kindOf = async (one: ModelDetails): Promise<string> =>
    `${one.horizon_s} s, ${await labelOf(models, one)}`;
  const [expected, found] = [await kindOf(champion), await kindOf(model)];
  if (expected === found) return;
  fail(
    "MODEL_REFUSED",
    `a canary expected the champion's horizon and label (${expected}), was ${found}: use --strategy blue-green`,
  );
}

/** An ensemble's is its members', which share it. */
async function labelOf(models: StartPorts["models"], { manifest }: ModelDetails): Promise<string> {
  return "label" in manifest
    ? manifest.label
    : await labelOf(models, await models.show(manifest.members[0]!.version));
}
