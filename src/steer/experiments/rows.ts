/** Table `experiments`, read: what was asked for, what it is at, what came of it. */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, type ModelVersion, modelVersion } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { PairedLook, Verdict } from "../../judge/paired_sequence.ts";
import { asked } from "../../record/sql/asked.ts";
import { microsFromText } from "../../record/sql/time_text.ts";
import type { TrialBlock, TrialState } from "./trial.ts";

type Look = Pick<PairedLook, "n_blocks" | "lower" | "upper" | "verdict" | "expected_h">;

export interface Experiment extends Look {
  readonly experiment_id: string;
  readonly name: string;
  readonly symbol: string;
  /** The one that is there, and the one on trial. */
  readonly a: ModelVersion;
  readonly b: ModelVersion;
  readonly horizon_s: number;
  readonly label: Label;
  readonly cadence_s: number;
  /** Share of clients that are served `b`. */
  readonly traffic_split: number;
  readonly duration_h: number;
  readonly min_duration_h: number;
  readonly confidence_level: number;
  readonly requested_by: string;
  readonly reason: string;
  readonly requested_us: Micros;
  /** What is judged comes after it; null: all. */
  readonly after_us: Micros | null;
  /** First tick that both scored; null until then. */
  readonly started_us: Micros | null;
  readonly judged_until_us: Micros | null;
  /** Null before the first block. */
  readonly mean: number | null;
  readonly decided_us: Micros | null;
  readonly ended_us: Micros | null;
  readonly ended_by: string | null;
  readonly ended_because: string | null;
  /** Null while it runs. */
  readonly winner: Verdict | null;
}

/** One that runs, with what its next tick is judged from. */
export interface RunningExperiment extends Experiment {
  readonly state: TrialState | null;
}

/** After a block: in label variances, above 0 `b` errs less. */
export type EvidencePoint = Pick<TrialBlock, "from_sec" | "n_blocks" | "mean" | "lower" | "upper">;

type Times = "requested" | "after" | "started" | "decided" | "ended";

type Row = Omit<RunningExperiment, `${Times}_us` | "judged_until_us" | "a" | "b"> & {
  readonly a: string;
  readonly b: string;
  readonly judged_until: string | null;
} & { readonly [Name in Times as `${Name}_at`]: string | null };

/**
 * Those that run, then the newest ended.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function experiments(
  sql: Sql,
  { symbol, limit = LIMITS.experiments_max }: { symbol?: string; limit?: number } = {},
): Promise<Experiment[]> {
  const rows = await asked(sql<Row[]>`
    select *
    from experiments
    where symbol = coalesce(${symbol ?? null}, symbol)
    order by ended_at desc nulls first, requested_at desc, experiment_id
    limit ${limit}`);
  return rows.map((row) => withoutState(experimentOf(row)));
}

/** @throws ForetickError NOT_FOUND; STORE_UNREACHABLE, STORE_QUERY. */
export async function experiment(sql: Sql, experiment_id: string): Promise<Experiment> {
  const [row] = await asked(sql<Row[]>`
    select *
    from experiments
    where experiment_id::text = ${experiment_id}`);
  return row
    ? withoutState(experimentOf(row))
    : fail(
        "NOT_FOUND",
        `no experiment ${experiment_id} is known. "bun run experiments list" shows those there are`,
      );
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function runningExperiments(sql: Sql, symbols: readonly string[]): Promise<RunningExperiment[]> {
  if (symbols.length === 0) return [];
  const rows = await asked(sql<Row[]>`
    select *
    from experiments
    where symbol in ${sql(symbols)} and ended_at is null
    order by symbol`);
  return rows.map(experimentOf);
}

/**
 * The newest blocks judged, oldest first.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function experimentBlocks(
  sql: Sql,
  experiment_id: string,
  limit: number,
): Promise<TrialBlock[]> {
  const rows = await asked(sql<(Omit<TrialBlock, "from_sec"> & { from_sec: string })[]>`
    select us_of(ts) / 1000000 as from_sec, difference, n_blocks, mean, lower, upper
    from experiment_blocks
    where experiment_id::text = ${experiment_id}
    order by ts desc
    limit ${limit}`);
  return rows.map((row) => ({ ...row, from_sec: Number(row.from_sec) })).reverse();
}

/**
 * What one could say after every so many blocks, oldest first: an even sample of at most `points`, the newest always.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function evidenceOf(
  sql: Sql,
  { experiment_id, n_blocks }: Pick<Experiment, "experiment_id" | "n_blocks">,
  points: number = LIMITS.experiment_points_max,
): Promise<EvidencePoint[]> {
  const every = Math.max(1, Math.ceil(n_blocks / (points - 1)));
  const rows = await asked(sql<(EvidencePoint & { from_sec: string })[]>`
    select us_of(ts) / 1000000 as from_sec, n_blocks, mean, lower, upper
    from experiment_blocks
    where experiment_id::text = ${experiment_id}
      and (n_blocks % ${every} = 0 or n_blocks = ${n_blocks})
    order by ts
    limit ${points}`);
  return rows.map((row) => ({ ...row, from_sec: Number(row.from_sec) }));
}

const microsOrNull = (text: string | null): Micros | null => (text === null ? null : microsFromText(text));

function experimentOf(row: Row): RunningExperiment {
  const { requested_at, after_at, started_at, decided_at, ended_at, judged_until, a, b, ...same } = row;
  return {
    ...same,
    ...{ a: modelVersion(a), b: modelVersion(b) },
    requested_us: microsFromText(requested_at!),
    after_us: microsOrNull(after_at),
    started_us: microsOrNull(started_at),
    judged_until_us: microsOrNull(judged_until),
    decided_us: microsOrNull(decided_at),
    ended_us: microsOrNull(ended_at),
  };
}

function withoutState({ state: _, ...experiment }: RunningExperiment): Experiment {
  return experiment;
}
