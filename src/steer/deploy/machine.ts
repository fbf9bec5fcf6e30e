/**
 * What a deployment does next: a function of its row and of what was seen since, without a clock or a database of its own. A
 * service that starts again goes on from the row.
 *
 *   load → serve 10 % → 25 % → 50 % → promote → hold → done        canary
 *   load → shadow → promote → hold → done                          blue-green; rolling: for one symbol after the other
 *      any → return → returned;  any → stopped, where another champion came
 *
 * Steps last so many seconds of *judged ticks*: where nothing is judged, nothing goes on.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Deployment, DeploymentStatus, DeploymentStep } from "../../record/steer/deployment_rows.ts";
import type { CandidateLook } from "./candidate_watch.ts";
import { type PlannedStep, planOf } from "./plan.ts";

export interface Seen {
  /** Wall clock. */
  readonly now_us: number;
  /** The champion of the symbol whose alias the step concerns; undefined: none. */
  readonly champion: string | undefined;
  /** Why the candidate could not be loaded, its code; undefined: nothing is known against it. */
  readonly refused: string | undefined;
  /** One for each symbol that judges the step. */
  readonly looks: readonly (CandidateLook & { readonly symbol: string })[];
  /** Latency a candidate's 99th percentile may have (ms). */
  readonly p99_ms_max: number;
}

export type Evidence = Readonly<Record<string, unknown>>;

export type NextMove =
  | { readonly do: "wait" }
  | { readonly do: "advance"; readonly to: PlannedStep; readonly evidence: Evidence }
  | {
      readonly do: "end";
      readonly status: Exclude<DeploymentStatus, "running">;
      readonly evidence: Evidence;
    };

const WAIT: NextMove = { do: "wait" };
/** A step of a short hold is judged by so many ticks at least. */
const TICKS_SHARE_MIN = 0.5;
/** Ticks before a share of missed ones says something. */
const MISSED_TICKS_MIN = 100;

/** The step it is in. */
export const lastStepOf = ({ steps }: Pick<Deployment, "steps">): DeploymentStep => steps.at(-1)!;

/** The symbols whose ticks judge the step it is in. */
export const judgesOf = (deployment: Deployment): readonly string[] =>
  deployment.strategy === "rolling" ? [lastStepOf(deployment).symbol] : deployment.symbols;

export function nextMove(deployment: Deployment, seen: Seen): NextMove {
  const step = lastStepOf(deployment);
  if (step.step === "return") {
    const is_back = seen.champion !== deployment.version;
    return is_back ? { do: "end", status: "returned", evidence: { champion: seen.champion ?? null } } : WAIT;
  }
  const moved = championMoved(deployment, step, seen);
  if (moved) return { do: "end", status: "stopped", evidence: moved };
  const fault = faultOf(step, seen);
  if (fault) return { do: "advance", to: returning(step), evidence: fault };
  const evidence = figuresOf(seen);
  if (!isOver(deployment, step, seen)) return WAIT;
  const next = planOf(deployment)[deployment.steps.length];
  return next ? { do: "advance", to: next, evidence } : { do: "end", status: "done", evidence };
}

/** The step that takes it back. */
export const returning = ({ symbol }: DeploymentStep): PlannedStep => ({ step: "return", symbol, share: 0 });

/** Somebody else has decided: before it took over another champion came, or it is the champion no more. */
function championMoved(
  { version, version_before, strategy }: Deployment,
  { step }: DeploymentStep,
  { champion }: Seen,
): Evidence | undefined {
  const said = { reason: "champion_moved", champion: champion ?? null };
  if (step === "hold") return champion === version ? undefined : said;
  // The symbols of a rolling deployment may have had champions of their own.
  if (step === "promote" || strategy === "rolling" || champion === version) return undefined;
  return (champion ?? null) === version_before ? undefined : said;
}

function faultOf({ step, at }: DeploymentStep, seen: Seen): Evidence | undefined {
  const { refused, looks, now_us, p99_ms_max } = seen;
  if (refused !== undefined) return { reason: "refused", code: refused };
  if (step === "load" && looks.some(({ ticks }) => ticks === 0)) {
    const waited_s = (now_us / 1e3 - Date.parse(at)) / 1e3;
    return waited_s > LIMITS.deployment_load_s_max ? { reason: "no_forecast", waited_s } : undefined;
  }
  for (const look of looks) {
    const fault = faultOfLook(look, p99_ms_max);
    if (fault) return { ...fault, symbol: look.symbol, ...figuresOf(seen) };
  }
  return undefined;
}

function faultOfLook(look: CandidateLook, p99_ms_max: number): Evidence | undefined {
  const { due, missed_share, collapsed, broken, beside, p99_ms } = look;
  if (due >= MISSED_TICKS_MIN && missed_share > LIMITS.deployment_missed_share_max)
    return { reason: "missed_ticks", missed_share };
  if (collapsed) return { reason: "collapsed" };
  if (broken) return { reason: "broken", excess_error: broken.excess, since_sec: broken.since_sec };
  if (beside.verdict === "a") return { reason: "worse", mean: beside.mean, upper: beside.upper };
  if (due >= MISSED_TICKS_MIN && p99_ms > p99_ms_max) return { reason: "slow", p99_ms, p99_ms_max };
  return undefined;
}

function isOver({ hold_s, version }: Deployment, { step }: DeploymentStep, seen: Seen): boolean {
  const { looks, champion } = seen;
  if (looks.length === 0) return false;
  if (step === "load") return looks.every(({ ticks }) => ticks > 0);
  if (step === "promote") return champion === version;
  if (step === "shadow") return looks.every(({ step_ticks }) => step_ticks >= LIMITS.deployment_ticks_min);
  const ticks_min = Math.max(1, TICKS_SHARE_MIN * hold_s);
  return looks.every(
    ({ step_s, step_ticks, cadence_s }) => step_s >= hold_s && step_ticks >= ticks_min / cadence_s,
  );
}

/** By symbol, what a step was decided by. */
function figuresOf({ looks }: Seen): Evidence {
  return Object.fromEntries(
    looks.map(({ symbol, ticks, step_ticks, missed_share, p99_ms, beside }) => {
      const { n_blocks, mean, lower, upper, verdict } = beside;
      const sequence = { blocks: n_blocks, mean, lower, upper, verdict };
      return [symbol, { ticks, step_ticks, missed_share, p99_ms, beside_champion: sequence }];
    }),
  );
}
