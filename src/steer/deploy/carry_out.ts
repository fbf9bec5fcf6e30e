/** Makes the registry what a deployment's step says. Done twice it changes nothing. */

import { ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Registry } from "../../record/registry/registry.ts";
import type { RoleRows } from "../../record/registry/role_rows.ts";
import type { Deployment } from "../../record/steer/deployment_rows.ts";
import { goBack } from "../go_back.ts";
import { lastStepOf } from "./machine.ts";

export interface CarryOutOptions {
  readonly roles: Pick<RoleRows, "champions" | "beside">;
  readonly registry: Pick<Registry, "rollback" | "promote" | "role">;
  readonly log: Logger;
}

/** Why a step cannot be carried out. */
export interface StepProblem {
  readonly problem: string;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class CarryOut {
  readonly #options: CarryOutOptions;

  constructor(options: CarryOutOptions) {
    this.#options = options;
  }

  /** The step it is in. */
  async step(deployment: Deployment): Promise<StepProblem | undefined> {
    const { step } = lastStepOf(deployment);
    try {
      if (step === "load" || step === "shadow" || step === "serve") await this.#score(deployment);
      if (step === "promote") return await this.#promote(deployment);
      if (step === "return") return await this.#return(deployment);
    } catch (error) {
      return refusal(error);
    }
    return undefined;
  }

  /** It is scored no more, unless it is the champion or the fallback. */
  async withdraw({ version, deployment_id, ...deployment }: Deployment): Promise<void> {
    const { symbol } = lastStepOf(deployment);
    const input = { version, symbol, role: "none", reason: "the deployment has ended" } as const;
    try {
      await this.#options.registry.role({ actor: actorOf(deployment_id) }, input);
    } catch (error) {
      refusal(error);
    }
  }

  /** Beside the champion, as challenger where that is free. */
  async #score({ version, deployment_id, forced, reason, ...deployment }: Deployment): Promise<void> {
    const { roles, registry } = this.#options;
    const { symbol } = lastStepOf(deployment);
    const beside = (await roles.beside([symbol])).get(symbol) ?? [];
    const champion = (await roles.champions([symbol])).get(symbol);
    if (champion?.version === version || beside.some((one) => one.version === version)) return;
    const is_taken = beside.some(({ place }) => place.alias === "challenger" && place.symbol === symbol);
    const role = is_taken ? "shadow" : "challenger";
    const input = { version, symbol, role, force: forced, reason: reason || "to be deployed" } as const;
    await registry.role({ actor: actorOf(deployment_id) }, input);
  }

  async #promote(deployment: Deployment): Promise<StepProblem | undefined> {
    const { version, version_before, deployment_id, forced, strategy, reason } = deployment;
    const { symbol } = lastStepOf(deployment);
    const champion = (await this.#options.roles.champions([symbol])).get(symbol)?.version ?? null;
    if (strategy !== "rolling" && champion !== version && champion !== version_before) {
      return { problem: `the champion expected ${version_before ?? "none"}, was ${champion}: it has moved` };
    }
    const input = { version, symbol, force: forced, reason: reason || "deployed" };
    await this.#options.registry.promote({ actor: actorOf(deployment_id) }, input);
    return undefined;
  }

  async #return(deployment: Deployment): Promise<StepProblem | undefined> {
    const { roles, log } = this.#options;
    const { version, deployment_id } = deployment;
    const { symbol, evidence } = lastStepOf(deployment);
    const champion = (await roles.champions([symbol])).get(symbol);
    if (champion?.version !== version || champion.place.symbol !== symbol) {
      await this.withdraw(deployment);
      return undefined;
    }
    const because = {
      actor: actorOf(deployment_id),
      reason: JSON.stringify(evidence).slice(0, REASON_CHARS),
    };
    const { status, problem = status } = await goBack(this.#options, symbol, champion, because);
    if (status !== "no_fallback") return undefined;
    log.error(
      { symbol, version, problem },
      "a deployment cannot be taken back: there is no version before it",
    );
    return { problem };
  }
}

const REASON_CHARS = 1_000;

const actorOf = (deployment_id: string): string => `deployment ${deployment_id}`;

function refusal(error: unknown): StepProblem {
  if (error instanceof ForetickError && ["MODEL_REFUSED", "MODEL_UNKNOWN"].includes(error.code)) {
    return { problem: error.message };
  }
  throw error;
}
