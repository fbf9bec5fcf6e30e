/**
 * Starting an experiment, and ending one by hand. What is started is checked first: both models are there, forecast the same,
 * and are scored at every tick from now on, `b` as the challenger.
 */

import type { Sql } from "postgres";
import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type ModelVersion, micros, modelVersion, US_PER_SEC } from "../../base/units.ts";
import { LABELS, type Label } from "../../features/label.ts";
import type { Role } from "../../model/role.ts";
import { cadenceOf } from "../../predict/score/recent_vectors.ts";
import { roleOf } from "../../record/registry/alias.ts";
import { parsed, type Scope, scopeSchema } from "../../record/registry/inputs.ts";
import type { Registry } from "../../record/registry/registry.ts";
import { RoleRows } from "../../record/registry/role_rows.ts";
import { refuseUnknown } from "../../record/registry/rows.ts";
import { asked } from "../../record/sql/asked.ts";
import { textFromMicros } from "../../record/sql/time_text.ts";
import { inTransaction } from "../../record/sql/transaction.ts";
import { endExperiment } from "./advance.ts";
import { type Experiment, experiment } from "./rows.ts";
import { newestForecastSec } from "./ticks.ts";

const version = z.string().transform(modelVersion);
const hours = z.number().max(LIMITS.experiment_h_max);

const startSchema = z
  .strictObject({
    symbol: z.string().regex(/^[A-Z0-9]{3,20}$/, "expected a symbol such as BTCUSDT"),
    /** Default the champion. */
    a: version.optional(),
    b: version,
    name: z.string().trim().min(1).max(100).optional(),
    /** Share of clients that are served `b`. */
    traffic_split: z.number().min(0).max(1).default(0),
    duration_h: hours.positive().default(336),
    min_duration_h: hours.min(0),
    confidence_level: z.number().gt(0).lt(1),
    reason: z.string().trim().max(1_000).default(""),
  })
  .refine(({ min_duration_h, duration_h }) => min_duration_h <= duration_h, {
    path: ["duration_h"],
    error: "expected at least min_duration_h",
  });
export type StartInput = z.input<typeof startSchema>;

export interface ExperimentParts {
  readonly sql: Sql;
  readonly registry: Pick<Registry, "within">;
}

/**
 * @throws ForetickError REQUEST_INVALID naming the field; MODEL_UNKNOWN; MODEL_REFUSED where the two cannot be compared, or
 * the symbol has one that runs; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function startExperiment(
  { sql, registry }: ExperimentParts,
  scope: Scope,
  input: StartInput,
): Promise<Experiment> {
  return await asked(
    inTransaction(sql, (own) => begun({ sql: own, registry: registry.within(own) }, scope, input)),
  );
}

/** What is looked at, the challenger's role and the experiment: all of it in the caller's transaction. */
async function begun(
  { sql, registry }: { readonly sql: Sql; readonly registry: Pick<Registry, "role"> },
  scope: Scope,
  input: StartInput,
): Promise<Experiment> {
  const { actor } = parsed("scope", scopeSchema, scope);
  const { symbol, b, ...asked_for } = parsed("experiment", startSchema, input);
  const roles = await rolesOf(sql, symbol);
  const a = asked_for.a ?? championOf(roles, symbol);
  const name = asked_for.name ?? `${b} against ${a}`;
  const { horizon_s, label, cadence_s } = await comparable(sql, a, b);
  requireScored(roles, symbol, { a, b });
  await requireNoneRunning(sql, symbol);
  if (!["challenger", "fallback"].includes(roles.get(b) ?? "")) {
    await requireFreeChallenger(sql, symbol, roles);
    await registry.role(scope, { version: b, role: "challenger", symbol, reason: `experiment ${name}` });
  }
  const newest_sec = await newestForecastSec(sql, symbol);
  const after = newest_sec === null ? null : textFromMicros(micros(newest_sec * US_PER_SEC));
  const { traffic_split, duration_h, min_duration_h, confidence_level, reason } = asked_for;
  const [added] = await asked(sql<{ experiment_id: string }[]>`
    insert into experiments (
      experiment_id, name, symbol, a, b, horizon_s, label, cadence_s, traffic_split, duration_h, min_duration_h,
      confidence_level, requested_by, reason, after_at
    )
    values (
      gen_random_uuid(), ${name}, ${symbol}, ${a}, ${b}, ${horizon_s}, ${label}, ${cadence_s}, ${traffic_split},
      ${duration_h}, ${min_duration_h}, ${confidence_level}, ${actor}, ${reason}, ${after}::text::timestamptz
    )
    on conflict (symbol) where ended_at is null do nothing
    returning experiment_id`);
  if (!added) return refuseSecond(symbol);
  return experiment(sql, added.experiment_id);
}

/**
 * Ends an experiment with what could be said up to now (`conclude`), or without a verdict (`stop`).
 * @returns false where it had ended.
 * @throws ForetickError NOT_FOUND; MODEL_REFUSED where it is to be concluded before its shortest time is over, unless that is
 * forced; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function finishExperiment(
  sql: Sql,
  scope: Scope,
  {
    experiment_id,
    how,
    reason = "",
    force = false,
  }: {
    readonly experiment_id: string;
    readonly how: "stop" | "conclude";
    readonly reason?: string;
    readonly force?: boolean;
  },
): Promise<boolean> {
  const { actor: by } = parsed("scope", scopeSchema, scope);
  const one = await experiment(sql, experiment_id);
  if (one.ended_us !== null) return false;
  if (how === "conclude" && !force && hoursOf(one) < one.min_duration_h) {
    fail(
      "MODEL_REFUSED",
      `${one.name} has run for ${hoursOf(one).toFixed(1)} of at least ${one.min_duration_h} h: wait, stop it, or conclude it nevertheless with --force`,
    );
  }
  const winner = how === "conclude" ? one.verdict : "inconclusive";
  const said = how === "conclude" ? "concluded by hand" : "stopped by hand";
  const because = reason === "" ? said : `${said}: ${reason}`;
  return await asked(inTransaction(sql, (tx) => endExperiment(tx, one, { winner, because, by })));
}

/** Market hours judged so far. */
export const hoursOf = ({
  started_us,
  judged_until_us,
}: Pick<Experiment, "started_us" | "judged_until_us">): number =>
  started_us === null || judged_until_us === null ? 0 : (judged_until_us - started_us) / US_PER_SEC / 3_600;

/** What a symbol is scored by at every tick. */
export async function rolesOf(sql: Sql, symbol: string): Promise<Map<ModelVersion, Role>> {
  const rows = new RoleRows(sql);
  const champion = (await rows.champions([symbol])).get(symbol);
  const beside = (await rows.beside([symbol])).get(symbol) ?? [];
  const all = champion ? [champion, ...beside] : beside;
  return new Map(all.map(({ version: scored, place }) => [scored, roleOf(place.alias)]));
}

function championOf(roles: ReadonlyMap<ModelVersion, Role>, symbol: string): ModelVersion {
  const found = [...roles].find(([, role]) => role === "champion");
  return (
    found?.[0] ?? fail("MODEL_REFUSED", `${symbol} has no champion to try a model against: name one as a`)
  );
}

function requireScored(
  roles: ReadonlyMap<ModelVersion, Role>,
  symbol: string,
  { a, b }: { readonly a: ModelVersion; readonly b: ModelVersion },
): void {
  if (a === b) fail("MODEL_REFUSED", `a and b expected two models, were both ${a}`);
  if (roles.get(b) === "champion") {
    fail("MODEL_REFUSED", `${b} is the champion of ${symbol}: it is a, and the one on trial is b`);
  }
  const role = roles.get(a);
  if (role === undefined) {
    fail(
      "MODEL_REFUSED",
      `${a} is not scored for ${symbol}: "bun run models role ${a} shadow --symbol ${symbol}" first`,
    );
  }
  if (role === "challenger") {
    fail(
      "MODEL_REFUSED",
      `${a} is the challenger of ${symbol}, which b becomes: make it a shadow, or try it as b against the champion`,
    );
  }
}

async function requireNoneRunning(sql: Sql, symbol: string): Promise<void> {
  const running = await asked(sql`
    select
    from experiments
    where symbol = ${symbol} and ended_at is null`);
  if (running.count > 0) refuseSecond(symbol);
}

/** One that is being deployed would be scored no more, and taken back for it. */
async function requireFreeChallenger(
  sql: Sql,
  symbol: string,
  roles: ReadonlyMap<ModelVersion, Role>,
): Promise<void> {
  const holder = [...roles].find(([, role]) => role === "challenger")?.[0];
  if (holder === undefined) return;
  const deploying = await asked(sql`
    select
    from deployments
    where version = ${holder} and status = 'running' and ${symbol} = any(symbols)`);
  if (deploying.count === 0) return;
  fail(
    "MODEL_REFUSED",
    `${holder} is the challenger of ${symbol} and being deployed: wait for its end, or "bun run deploy stop"`,
  );
}

const refuseSecond = (symbol: string): never =>
  fail(
    "MODEL_REFUSED",
    `${symbol} has an experiment that runs: wait for its end, or stop it. "bun run experiments list" shows it`,
  );

interface Kind {
  readonly horizon_s: number;
  readonly label: Label;
  readonly feature_set: string;
}

/** What both forecast, and how often both do. */
async function comparable(
  sql: Sql,
  a: ModelVersion,
  b: ModelVersion,
): Promise<Pick<Kind, "horizon_s" | "label"> & { readonly cadence_s: number }> {
  const [of_a, of_b] = [await kindOf(sql, a), await kindOf(sql, b)];
  const text = ({ label, horizon_s }: Kind): string => `the ${label} price ${horizon_s} s ahead`;
  if (text(of_a) !== text(of_b)) {
    fail(
      "MODEL_REFUSED",
      `${a} forecasts ${text(of_a)} and ${b} ${text(of_b)}: only models of the same label and horizon have the same outcomes`,
    );
  }
  const { horizon_s, label } = of_a;
  return { horizon_s, label, cadence_s: Math.max(cadenceOf(of_a.feature_set), cadenceOf(of_b.feature_set)) };
}

/** Of an ensemble: its first member's, for all are of one kind. */
async function kindOf(sql: Sql, asked_for: ModelVersion): Promise<Kind> {
  const [row] = await asked(sql<(Omit<Kind, "label"> & { readonly label: string | null })[]>`
    select
      v.horizon_s,
      v.feature_set,
      coalesce(v.manifest ->> 'label', m.manifest ->> 'label') as label
    from model_versions v
    left join model_versions m on m.version = v.manifest #>> '{members,0,version}'
    where v.version = ${asked_for}`);
  if (!row) return refuseUnknown(asked_for);
  return { ...row, label: LABELS.find((name) => name === row.label) ?? "mid" };
}
