/** Figures of trainings and of what their models are worth, from stored rows alone: they are the same after a restart. */

import type { Sql } from "postgres";
import { VENUE } from "../../predict/prediction.ts";
import { asked } from "../sql/asked.ts";

/** Of the newest finished training of a kind. */
export interface TrainedFigures {
  readonly symbol: string;
  readonly kind: string;
  readonly model_version: string;
  readonly duration_s: number;
  readonly data_rows: number;
  /** Share of right directions on the stretch it was tested on, of moves; null where there was none. */
  readonly hit_rate: number | null;
  readonly size_mb: number | null;
  /** Of one forecast, where it was trained: the 99th percentile. */
  readonly latency_p99_ms: number | null;
}

/** Of a day of outcomes. */
export interface RealisedFigures {
  readonly symbol: string;
  readonly model_version: string;
  readonly role: string;
  readonly hit_rate: number | null;
  /** Mean absolute error (log-return). */
  readonly mae: number;
  readonly correlation: number | null;
  /** Mean distance of promised from realised confidence, over its bins; null where none was promised. */
  readonly calibration: number | null;
}

export interface JobCount {
  readonly symbol: string;
  readonly status: string;
  readonly n: number;
  /** The newest of them. */
  readonly job_id: string;
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function trainedFigures(sql: Sql, symbols: readonly string[]): Promise<TrainedFigures[]> {
  return await asked(sql<TrainedFigures[]>`
    select distinct on (run.symbol, run.kind)
      run.symbol,
      run.kind,
      run.version as model_version,
      extract(epoch from run.ended_at - run.started_at)::double precision as duration_s,
      run.data_rows::double precision as data_rows,
      (run.metrics -> 0 ->> 'hit_rate')::double precision as hit_rate,
      (model.manifest #>> '{files,model.onnx,bytes}')::double precision / 1e6 as size_mb,
      (model.manifest #>> '{latency,p99_us}')::double precision / 1e3 as latency_p99_ms
    from training_runs as run
    join model_versions as model using (version)
    where run.symbol in ${sql(symbols)} and run.status = 'finished'
    order by run.symbol, run.kind, run.started_at desc`);
}

/** Of the day that ends with the newest minute summed. */
export async function realisedFigures(sql: Sql, symbol: string): Promise<RealisedFigures[]> {
  return await asked(sql<RealisedFigures[]>`
    with newest as (
      select max(minute) + interval '1 minute' as until
      from quality_1m
      where symbol = ${symbol} and venue = ${VENUE}
    ),
    totals as (
      select
        model_version,
        role,
        sum(n)::double precision as n,
        sum(hit)::double precision / nullif(sum(counted), 0)::double precision as hit_rate,
        sum(abs_error)::double precision / 1e8 / sum(n)::double precision as mae,
        (sum(py) * sum(n) - sum(p) * sum(y))::double precision
          / nullif(
            sqrt((sum(pp) * sum(n) - sum(p) * sum(p))::double precision)
            * sqrt((sum(yy) * sum(n) - sum(y) * sum(y))::double precision),
            0
          ) as correlation
      from quality_1m, newest
      where symbol = ${symbol} and venue = ${VENUE} and source = 'live' and minute >= until - interval '1 day'
      group by model_version, role
    )
    select
      ${symbol} as symbol,
      model_version,
      role,
      hit_rate,
      mae,
      correlation,
      (
        select sum(abs(promised - realised) * bins.n) / sum(bins.n)
        from reliability_of(${symbol}, model_version, until - interval '1 day', until) as bins
        where measure = 'confidence'
      )::double precision as calibration
    from totals, newest`);
}

export async function jobCounts(sql: Sql, symbols: readonly string[]): Promise<JobCount[]> {
  return await asked(sql<JobCount[]>`
    select
      symbol,
      status,
      count(*)::integer as n,
      (array_agg(job_id::text order by requested_at desc))[1] as job_id
    from training_jobs
    where symbol in ${sql(symbols)}
    group by symbol, status`);
}
