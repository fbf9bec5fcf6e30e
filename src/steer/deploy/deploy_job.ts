/**
 * Moves deployments on. Every few seconds it reads those under way, feeds each candidate's watch with what came true, and does
 * what `machine.ts` says. A step is written before it is carried out, and carrying one out twice changes nothing: a process
 * that dies in between, or another service that takes over, goes on from the row.
 */

import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { cadenceOf } from "../../predict/score/recent_vectors.ts";
import type { Judged, JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import type { Registry } from "../../record/registry/registry.ts";
import type { RoleRows } from "../../record/registry/role_rows.ts";
import { RoundJob, roundPauseMs } from "../../record/rounds/round_job.ts";
import type { Deployment, DeploymentRows, DeploymentStep } from "../../record/steer/deployment_rows.ts";
import type { DeploymentEvent } from "../events.ts";
import { type CandidateLook, CandidateWatch } from "./candidate_watch.ts";
import { CarryOut, type StepProblem } from "./carry_out.ts";
import { judgesOf, lastStepOf, type NextMove, nextMove, returning, type Seen } from "./machine.ts";
import { stepOf, stepText } from "./steps.ts";
import { type Split, splitOf } from "./traffic.ts";

export interface DeployJobOptions {
  /** Whether this service holds the symbol's lease. */
  readonly leads: (symbol: string) => boolean;
  readonly ticks: Pick<JudgedTicks, "of" | "newest" | "between">;
  readonly roles: Pick<RoleRows, "champions" | "beside">;
  readonly registry: Pick<Registry, "rollback" | "promote" | "role">;
  readonly rows: Pick<DeploymentRows, "running" | "add">;
  /** Why this service could not load a version that has a role for the symbol, the error's code; undefined where nothing is known. */
  readonly refusedOf: (symbol: string, version: string) => string | undefined;
  /** Latency a candidate's 99th percentile may have (ms). */
  readonly p99_ms_max: number;
  readonly onEvent: (event: DeploymentEvent) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Watch {
  readonly judged: Judged;
  readonly watch: CandidateWatch;
}

export class DeployJob extends RoundJob {
  readonly #options: DeployJobOptions;
  readonly #carry_out: CarryOut;
  /** By deployment and symbol. */
  readonly #watches = new Map<string, Watch>();
  #running: readonly Deployment[] = [];

  constructor(options: DeployJobOptions) {
    super({
      clock: options.clock,
      round: (signal) => this.#round(signal),
      pauseMs: (last_error) => roundPauseMs(LIMITS.steer_every_ms, last_error),
      onFailed: (error, before) => {
        if (error.code === before?.code) return;
        options.log.warn({ error: describeError(error) }, "deployments wait: trying again");
      },
    });
    this.#options = options;
    this.#carry_out = new CarryOut(options);
  }

  /** Those under way, as of the last look. */
  get running(): readonly Deployment[] {
    return this.#running;
  }

  /** How a symbol's clients are split now. */
  splitOf(symbol: string): Split | undefined {
    return splitOf(this.#running, symbol);
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { rows, leads } = this.#options;
    this.#running = await rows.running();
    for (const key of this.#watches.keys()) {
      if (!this.#running.some(({ deployment_id }) => key.startsWith(`${deployment_id} `)))
        this.#watches.delete(key);
    }
    for (const deployment of this.#running) {
      if (signal.aborted) return;
      // One acts: the service that leads the first symbol that judges the step.
      if (leads(judgesOf(deployment)[0]!)) await this.#move(deployment, signal);
    }
  }

  /** As far as it goes at once: steps that last no time follow one another. */
  async #move(deployment: Deployment, signal: AbortSignal): Promise<void> {
    let now: Deployment | undefined = deployment;
    while (now && now.status === "running" && !signal.aborted) {
      const problem = await this.#carry_out.step(now);
      const move: NextMove = problem
        ? afterProblem(lastStepOf(now), problem)
        : nextMove(now, await this.#look(now, signal));
      if (move.do === "wait") return;
      now = await this.#write(now, move);
    }
  }

  async #write(
    deployment: Deployment,
    move: Exclude<NextMove, { do: "wait" }>,
  ): Promise<Deployment | undefined> {
    const { clock, rows, log, onEvent } = this.#options;
    const { symbol } = lastStepOf(deployment);
    const at_us = clock.now();
    const to =
      move.do === "advance" ? move.to : { step: move.status, symbol, share: move.status === "done" ? 1 : 0 };
    const from_sec = this.#newestOf(deployment, symbol);
    const step: DeploymentStep = stepOf(to, {
      at_us,
      actor: "deployment",
      from_sec,
      evidence: move.evidence,
    });
    const status = move.do === "end" ? move.status : "running";
    // What ended without taking over is scored no more; where that fails the row is not ended either.
    if (status === "stopped") await this.#carry_out.withdraw(deployment);
    const after = await rows.add(deployment, step, status);
    if (!after) return undefined;
    this.#running = this.#running
      .map((one) => (one.deployment_id === after.deployment_id ? after : one))
      .filter((one) => one.status === "running");
    const text = stepText(after, step);
    const level = ["return", "returned", "stopped"].includes(step.step) ? "error" : "info";
    log[level]({ deployment: after.deployment_id, evidence: step.evidence }, text);
    onEvent({ kind: "deployment", at_us, deployment: after, step, text });
    return after;
  }

  async #look(deployment: Deployment, signal: AbortSignal): Promise<Seen> {
    const { roles, refusedOf, p99_ms_max, clock } = this.#options;
    const { symbol } = lastStepOf(deployment);
    // A step back waits for the registry alone.
    const judges = lastStepOf(deployment).step === "return" ? [] : judgesOf(deployment);
    const champion = (await roles.champions([symbol])).get(symbol)?.version;
    const looks: Seen["looks"][number][] = [];
    for (const judge of judges) {
      const watch = await this.#feed(deployment, judge, signal);
      looks.push({ symbol: judge, ...(watch?.look() ?? UNSEEN) });
    }
    const refused = judges
      .map((judge) => refusedOf(judge, deployment.version))
      .find((code) => code !== undefined);
    return { now_us: clock.now(), champion, refused, looks, p99_ms_max };
  }

  /** @returns undefined while the candidate has made no forecast for the symbol. */
  async #feed(
    deployment: Deployment,
    symbol: string,
    signal: AbortSignal,
  ): Promise<CandidateWatch | undefined> {
    const { ticks } = this.#options;
    const held = await this.#watchOf(deployment, symbol);
    if (!held) return undefined;
    const { judged, watch } = held;
    const newest = await ticks.newest(symbol, judged.horizon_s);
    if (newest === undefined) return watch;
    watch.beginStep(lastStepOf(deployment).from_sec ?? firstFrom(deployment, symbol));
    const past_sec = firstFrom(deployment, symbol) - LIMITS.steer_variance_past_s;
    const from_sec = Math.max(past_sec, newest - LIMITS.deployment_past_s_max, watch.newest_sec + 1);
    const to_sec = newest - LIMITS.steer_settle_s;
    if (from_sec > to_sec) return watch;
    for await (const tick of ticks.between({ symbol, ...judged, from_sec, to_sec })) {
      if (signal.aborted) return watch;
      watch.learn(tick);
    }
    return watch;
  }

  async #watchOf(deployment: Deployment, symbol: string): Promise<Watch | undefined> {
    const { deployment_id, version, version_before } = deployment;
    const key = `${deployment_id} ${symbol}`;
    const held = this.#watches.get(key);
    if (held) return held;
    const judged = await this.#options.ticks.of(symbol, version);
    if (!judged) return undefined;
    const { horizon_s, feature_set } = judged;
    const watch = new CandidateWatch({
      ...{ version, version_before, horizon_s, cadence_s: cadenceOf(feature_set) },
      from_sec: firstFrom(deployment, symbol),
    });
    this.#watches.set(key, { judged, watch });
    return { judged, watch };
  }

  #newestOf({ deployment_id }: Deployment, symbol: string): number | null {
    const of = [...this.#watches].filter(([key]) => key.startsWith(`${deployment_id} `));
    const own = of.find(([key]) => key === `${deployment_id} ${symbol}`);
    const newest = Math.max(...(own ? [own] : of).map(([, { watch }]) => watch.newest_sec));
    return Number.isFinite(newest) ? newest + 1 : null;
  }
}

function afterProblem(step: DeploymentStep, { problem }: StepProblem): NextMove {
  const evidence = { reason: "refused", problem };
  if (step.step === "return") return { do: "end", status: "returned", evidence };
  return { do: "advance", to: returning(step), evidence };
}

/** The first tick that judges a candidate for a symbol: in a rolling deployment since it was the symbol's turn. */
function firstFrom({ strategy, steps }: Deployment, symbol: string): number {
  const first = steps.find(
    (step) => step.from_sec !== null && (strategy !== "rolling" || step.symbol === symbol),
  );
  return first?.from_sec ?? 0;
}

const UNSEEN: CandidateLook = new CandidateWatch({
  ...{ version: "", version_before: null, horizon_s: 1, cadence_s: 1, from_sec: 0 },
}).look();
