/** Reasons to train that lie in the database: enough new rows, a champion that was taken back, or whose realised error has grown. */

import type { Sql } from "postgres";
import type { Config } from "../../base/config.ts";
import type { Logger } from "../../base/log.ts";
import { VENUE } from "../../predict/prediction.ts";
import { asked } from "../../record/sql/asked.ts";
import { requestTraining, type TrainingReason } from "../../record/training/request.ts";

/** The window of realised error (h), and what it has to hold at least (outcomes): half an hour. */
const WINDOW_H = 24;
const OUTCOMES_MIN = 1_800;

type Evidence = Readonly<Record<string, string | number>>;
type Settings = Pick<Config, "symbols" | "retrain_new_rows" | "retrain_error_percent">;

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function requestByMeasurement(sql: Sql, config: Settings, log: Logger): Promise<void> {
  for (const symbol of config.symbols) {
    const found: [TrainingReason, Evidence | undefined][] = [
      ["new_data", await newData(sql, symbol, config.retrain_new_rows)],
      [
        "realised_error",
        (await takenBack(sql, symbol)) ?? (await grownError(sql, symbol, config.retrain_error_percent)),
      ],
    ];
    for (const [reason, evidence] of found) {
      if (!evidence) continue;
      const { is_new, sentence } = await requestTraining(sql, { symbol, reason, evidence });
      if (is_new) log.info({ symbol, reason, ...evidence }, sentence);
    }
  }
}

/**
 * Seconds with trades since the newest row that a finished training of the symbol has learned from.
 * @param rows_min 0: never.
 * @returns undefined below `rows_min`, and where nothing was trained yet: the first model is a person's to ask for.
 */
export async function newData(sql: Sql, symbol: string, rows_min: number): Promise<Evidence | undefined> {
  if (rows_min === 0) return undefined;
  const [row] = await asked(sql<{ since: string | null; rows: string }[]>`
    with trained as (
      select max(data_to) as since
      from training_runs
      where symbol = ${symbol} and status = 'finished'
    )
    select since, (
      select count(*)
      from (
        select
        from trade_bars_1s
        where symbol = ${symbol} and sec > since
        limit ${rows_min}
      ) as counted
    ) as rows
    from trained`);
  if (!row || row.since === null || Number(row.rows) < rows_min) return undefined;
  return { since: row.since, rows_at_least: Number(row.rows) };
}

/**
 * The newest rollback of a champion for its realised error; what serves instead is the last good one, no more. undefined where
 * a training has been asked for since.
 */
export async function takenBack(sql: Sql, symbol: string): Promise<Evidence | undefined> {
  const [row] = await asked(sql<{ rollback_id: string; alarm: string; version_before: string }[]>`
    select rollback_id, alarm, version_before
    from rollbacks
    where symbol = ${symbol}
      and status in ('returned', 'no_fallback')
      and at > coalesce(
        (
          select max(requested_at)
          from training_jobs
          where symbol = ${symbol} and reason = 'realised_error'
        ),
        '-infinity'
      )
    order by at desc
    limit 1`);
  return row && { rollback_id: row.rollback_id, alarm: row.alarm, model_version: row.version_before };
}

/**
 * Squared error of the newest champion over a day, against forecasting zero.
 * @param percent how much larger it may be; 0: never asked.
 */
export async function grownError(sql: Sql, symbol: string, percent: number): Promise<Evidence | undefined> {
  if (percent === 0) return undefined;
  const [row] = await asked(sql<{ model_version: string; n: string; mse: number; mse_zero: number }[]>`
    with champion as (
      select model_version, ts
      from predictions
      where symbol = ${symbol} and venue = ${VENUE} and role = 'champion'
      order by ts desc
      limit 1
    )
    select
      champion.model_version,
      count(*) as n,
      avg(outcome.error ^ 2) as mse,
      avg(outcome.realized_log_return ^ 2) as mse_zero
    from champion
    join prediction_outcomes as outcome using (model_version)
    where outcome.symbol = ${symbol}
      and outcome.venue = ${VENUE}
      and outcome.ts > champion.ts - ${WINDOW_H} * interval '1 hour'
      and outcome.realized_log_return is not null
      and figure_source(outcome.source) = 'live'
    group by champion.model_version`);
  if (!row || Number(row.n) < OUTCOMES_MIN) return undefined;
  const { model_version, mse, mse_zero } = row;
  if (!(mse > mse_zero * (1 + percent / 100))) return undefined;
  return { model_version, window_h: WINDOW_H, n: Number(row.n), mse, mse_zero };
}
