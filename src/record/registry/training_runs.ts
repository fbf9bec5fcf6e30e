/** Table `training_runs`: what was trained, on what, how it went, and what came of it. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, type ModelVersion, modelVersion, type SetHash, setHash } from "../../base/units.ts";
import type { Score } from "../../model/bundle/manifest.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";

export type RunParameters = Readonly<Record<string, number | string | boolean | null>>;

/** One model of a training, as it begins. */
export interface RunStart {
  /** A UUID. */
  readonly run_id: string;
  /** e.g. "ridge", "mlp". */
  readonly kind: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly parameters: RunParameters;
  readonly symbol: string;
  /** First and last row, exchange time, both inclusive. */
  readonly data_from_us: Micros;
  readonly data_to_us: Micros;
  readonly data_rows: number;
  /** Equal rows, equal hash. */
  readonly data_sha256: string;
  readonly sources: readonly string[];
  /** Of the code that trains, "+" where files were changed since; null outside a repository. */
  readonly code_commit: string | null;
  readonly started_us: Micros;
}

/** One pass over the training rows. Losses are in units of the scaled target, the mean over rows. */
export interface RunEpoch {
  /** Of an ensemble's members, from 1. */
  readonly member: number;
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly validation_loss: number;
  /** 1 − Σ(y−ŷ)² ÷ Σy² on the validation rows. */
  readonly validation_r2: number;
  readonly learning_rate: number;
  readonly took_ms: number;
}

/** `stopped`: by hand, before it was done. */
export type RunStatus = "running" | "finished" | "stopped" | "failed";

export interface RunEnd {
  readonly status: Exclude<RunStatus, "running">;
  readonly ended_us: Micros;
  /** Why it failed. */
  readonly problem?: string | undefined;
  /** What the fit chose, beside what it was given. */
  readonly parameters?: RunParameters | undefined;
  /** On the test stretch, this model's first. */
  readonly scores?: readonly Score[] | undefined;
  /** The bundle that came of it, where it is registered. */
  readonly version?: ModelVersion | undefined;
}

export interface StoredRun extends RunStart {
  readonly epochs: readonly RunEpoch[];
  readonly scores: readonly Score[] | null;
  readonly status: RunStatus;
  readonly problem: string | null;
  readonly version: ModelVersion | null;
  readonly ended_us: Micros | null;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class TrainingRuns {
  readonly #sql: Sql;
  readonly #job_id: string | undefined;

  /** @param job_id the job that the runs it starts are trained for. */
  constructor(sql: Sql, job_id?: string) {
    this.#sql = sql;
    this.#job_id = job_id;
  }

  async start(run: RunStart): Promise<void> {
    await asked(this.#sql`
      insert into training_runs (
        run_id, kind, feature_set, set_hash, parameters, symbol, data_from, data_to, data_rows, data_sha256,
        sources, code_commit, started_at, job_id
      )
      values (
        ${run.run_id}, ${run.kind}, ${run.feature_set}, ${run.set_hash},
        ${JSON.stringify(run.parameters)}::text::jsonb, ${run.symbol}, ${textFromMicros(run.data_from_us)},
        ${textFromMicros(run.data_to_us)}, ${run.data_rows}, ${run.data_sha256},
        ${JSON.stringify(run.sources)}::text::jsonb, ${run.code_commit}, ${textFromMicros(run.started_us)},
        ${this.#job_id ?? null}
      )`);
  }

  async epoch(run_id: string, epoch: RunEpoch): Promise<void> {
    await asked(this.#sql`
      update training_runs
      set epochs = epochs || ${JSON.stringify([epoch])}::text::jsonb
      where run_id = ${run_id} and status = 'running'`);
  }

  /** Only the first end counts. */
  async end(run_id: string, end: RunEnd): Promise<void> {
    await asked(this.#sql`
      update training_runs
      set
        status = ${end.status},
        ended_at = ${textFromMicros(end.ended_us)},
        problem = ${end.problem ?? null},
        parameters = parameters || ${JSON.stringify(end.parameters ?? {})}::text::jsonb,
        metrics = ${end.scores ? JSON.stringify(end.scores) : null}::text::jsonb,
        version = ${end.version ?? null}
      where run_id = ${run_id} and status = 'running'`);
  }

  /** Newest first. */
  async newest(limit: number = LIMITS.registry_rows_max): Promise<StoredRun[]> {
    const rows = await asked(this.#sql<RunRow[]>`
      select *
      from training_runs
      order by started_at desc, run_id
      limit ${limit}`);
    return rows.map(runOf);
  }
}

interface RunRow {
  run_id: string;
  kind: string;
  feature_set: string;
  set_hash: string;
  parameters: RunParameters;
  symbol: string;
  data_from: string;
  data_to: string;
  data_rows: string;
  data_sha256: string;
  sources: string[];
  code_commit: string | null;
  epochs: RunEpoch[];
  metrics: Score[] | null;
  status: RunStatus;
  problem: string | null;
  version: string | null;
  started_at: string;
  ended_at: string | null;
}

function runOf(row: RunRow): StoredRun {
  const { run_id, kind, feature_set, parameters, symbol, data_sha256, sources, code_commit } = row;
  const { epochs, metrics, status, problem } = row;
  return {
    ...{ run_id, kind, feature_set, parameters, symbol, data_sha256, sources, code_commit },
    ...{ epochs, scores: metrics, status, problem },
    set_hash: setHash(row.set_hash),
    data_from_us: microsFromText(row.data_from),
    data_to_us: microsFromText(row.data_to),
    data_rows: exactNumber(row.data_rows),
    version: row.version === null ? null : modelVersion(row.version),
    started_us: microsFromText(row.started_at),
    ended_us: row.ended_at === null ? null : microsFromText(row.ended_at),
  };
}
