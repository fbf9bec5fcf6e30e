/**
 * One experiment on to the newest tick that is settled: its outcomes are read from where its stored state ends, judged, and
 * the blocks, the look and the new state are written in one transaction, as long as the caller holds the symbol's lease. Nothing is
 * kept in memory, so a round after a restart is a round like any other.
 */

import type { Sql, TransactionSql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import type { Verdict } from "../../judge/paired_sequence.ts";
import { VENUE } from "../../predict/prediction.ts";
import { dropChallenger } from "../../record/registry/role_changes.ts";
import { asked } from "../../record/sql/asked.ts";
import { exactNumber } from "../../record/sql/columns.ts";
import { textFromMicros } from "../../record/sql/time_text.ts";
import { inTransaction } from "../../record/sql/transaction.ts";
import type { RunningExperiment } from "./rows.ts";
import { newestForecastSec, oldestOpenSec, ticksOf } from "./ticks.ts";
import { Trial, type TrialBlock } from "./trial.ts";

/** How an experiment ends, where it does. */
interface Ending {
  readonly winner: Verdict;
  readonly because: string;
}

export interface Advanced {
  /** Blocks judged in this step. */
  readonly blocks: number;
  readonly ended: Ending | undefined;
  /** false: there is more to judge already. */
  readonly is_up_to_date: boolean;
}

export interface AdvanceOptions {
  /** The fences of the leases held; null: without leases. */
  readonly fences: string | null;
  /** Why it can no longer go on, e.g. a model has lost its role; undefined where it can. */
  readonly obstacle?: string | undefined;
  readonly signal?: AbortSignal;
}

const H_SEC = 3_600;
const NOTHING: Advanced = { blocks: 0, ended: undefined, is_up_to_date: true };

/**
 * @throws ForetickError STORE_FENCED where another service holds the lease; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function advance(
  sql: Sql,
  experiment: RunningExperiment,
  { fences, obstacle, signal }: AdvanceOptions,
): Promise<Advanced> {
  const span = await spanOf(sql, experiment);
  if (!span) return obstacle ? write(sql, experiment, { fences, obstacle }) : NOTHING;
  const { state, horizon_s, cadence_s, confidence_level } = experiment;
  const trial = new Trial({
    ...{ confidence_level, horizon_s, cadence_s, state: state ?? undefined },
    moves_min: LIMITS.experiment_variance_s_min / cadence_s,
  });
  // What a state does not hold: moves that were not known at its last tick. Without one: those of the day before.
  const read_sec = state?.moved_sec ?? span.from_sec - horizon_s - LIMITS.experiment_past_s;
  const blocks: TrialBlock[] = [];
  let started_sec = secOf(experiment.started_us);
  for await (const tick of ticksOf(sql, experiment, { ...span, from_sec: read_sec })) {
    if (signal?.aborted) return { ...NOTHING, is_up_to_date: false };
    if (tick.ts_sec <= span.from_sec) {
      trial.remember(tick);
      continue;
    }
    if (tick.yhat_a !== null && tick.yhat_b !== null) started_sec ??= tick.ts_sec;
    const block = trial.judge(tick);
    if (block) blocks.push(block);
  }
  const advanced = await write(sql, experiment, {
    ...{ fences, obstacle, trial, blocks, started_sec, until_sec: span.to_sec },
  });
  return { ...advanced, is_up_to_date: span.is_last };
}

interface Span {
  readonly from_sec: number;
  readonly to_sec: number;
  readonly is_last: boolean;
}

/** From the last tick judged to the newest that is settled; undefined where none is. */
async function spanOf(sql: Sql, experiment: RunningExperiment): Promise<Span | undefined> {
  const newest_sec = await newestForecastSec(sql, experiment.symbol);
  if (newest_sec === null) return undefined;
  const settled_sec = newest_sec - experiment.horizon_s - LIMITS.experiment_lag_s;
  const begin_us = experiment.state === null ? experiment.after_us : experiment.judged_until_us;
  const from_sec = secOf(begin_us) ?? (await firstSec(sql, experiment));
  if (from_sec === null) return undefined;
  const round_sec = Math.min(settled_sec, from_sec + LIMITS.experiment_round_s);
  const waiting = {
    from_sec: Math.max(from_sec, newest_sec - LIMITS.experiment_outcome_wait_s),
    to_sec: round_sec,
  };
  const open_sec = await oldestOpenSec(sql, experiment, waiting);
  const to_sec = open_sec === null ? round_sec : open_sec - 1;
  return to_sec > from_sec ? { from_sec, to_sec, is_last: round_sec === settled_sec } : undefined;
}

/** Before the first forecast of both: where there was none when the experiment was asked for. */
async function firstSec(sql: Sql, { symbol, a, b }: RunningExperiment): Promise<number | null> {
  const [row] = await asked(sql<{ first: string | null }[]>`
    select us_of(min(ts)) / 1000000 as first
    from predictions
    where venue = ${VENUE} and symbol = ${symbol} and model_version in (${a}, ${b})`);
  return row?.first ? exactNumber(row.first) - 1 : null;
}

interface Written {
  readonly fences: string | null;
  readonly obstacle?: string | undefined;
  readonly trial?: Trial;
  readonly blocks?: readonly TrialBlock[];
  readonly started_sec?: number | null;
  readonly until_sec?: number;
}

async function write(sql: Sql, experiment: RunningExperiment, written: Written): Promise<Advanced> {
  const { fences, trial, blocks = [], started_sec = null, until_sec } = written;
  const { experiment_id, symbol, judged_until_us } = experiment;
  const ended = endingOf(experiment, written);
  const taken = await asked(
    inTransaction(sql, async (tx) => {
      await tx`select holds_leases(array[${symbol}], ${fences}::text::jsonb)`;
      // Ended by a person meanwhile, or judged by another: what was read is outdated.
      const same = await tx`
        select
        from experiments
        where experiment_id = ${experiment_id}
          and ended_at is null
          and judged_until is not distinct from ${textOrNull(judged_until_us)}::text::timestamptz
        for update`;
      if (same.count === 0) return false;
      if (experiment.state === null) {
        await tx`delete from experiment_blocks where experiment_id = ${experiment_id}`;
      }
      if (trial) await writeLook(tx, experiment_id, trial, { started_sec, until_sec: until_sec! });
      if (blocks.length > 0) await writeBlocks(tx, experiment_id, blocks);
      if (ended) await endExperiment(tx, experiment, { ...ended, by: "foretick" });
      return true;
    }),
  );
  return taken ? { blocks: blocks.length, ended, is_up_to_date: true } : NOTHING;
}

function endingOf(
  { started_us, min_duration_h, duration_h, a, b }: RunningExperiment,
  { trial, until_sec, started_sec, obstacle }: Written,
): Ending | undefined {
  const verdict = trial?.look().verdict ?? "inconclusive";
  const from_sec = started_sec ?? secOf(started_us);
  if (trial && until_sec !== undefined && from_sec !== null) {
    const hours = (until_sec - from_sec) / H_SEC;
    const [better, other] = verdict === "b" ? [b, a] : [a, b];
    if (verdict !== "inconclusive" && hours >= min_duration_h) {
      return { winner: verdict, because: `${better} errs less than ${other}` };
    }
    if (hours >= duration_h) {
      return { winner: verdict, because: `its ${duration_h} h are over without a decision` };
    }
  }
  return obstacle === undefined ? undefined : { winner: "inconclusive", because: obstacle };
}

async function writeLook(
  tx: TransactionSql,
  experiment_id: string,
  trial: Trial,
  { started_sec, until_sec }: { readonly started_sec: number | null; readonly until_sec: number },
): Promise<void> {
  const { n_blocks, mean, lower, upper, expected_h, verdict, decided_at_sec } = trial.look();
  await tx`
    update experiments
    set
      started_at = ${timeOf(started_sec)}::text::timestamptz,
      judged_until = ${timeOf(until_sec)}::text::timestamptz,
      state = ${JSON.stringify(trial.state())}::text::jsonb,
      n_blocks = ${n_blocks},
      mean = ${n_blocks > 0 ? mean : null},
      lower = ${lower},
      upper = ${upper},
      expected_h = ${expected_h},
      verdict = ${verdict},
      decided_at = ${timeOf(decided_at_sec)}::text::timestamptz
    where experiment_id = ${experiment_id}`;
}

async function writeBlocks(
  tx: TransactionSql,
  experiment_id: string,
  blocks: readonly TrialBlock[],
): Promise<void> {
  await tx`
    insert into experiment_blocks (experiment_id, ts, n_blocks, difference, mean, lower, upper)
    select ${experiment_id}::uuid, at_sec(from_sec), n_blocks, difference, mean, lower, upper
    from jsonb_to_recordset(${JSON.stringify(blocks)}::text::jsonb) as block (
      from_sec bigint,
      n_blocks integer,
      difference double precision,
      mean double precision,
      lower double precision,
      upper double precision
    )`;
}

/** Ends one that runs; the one on trial that has lost is the challenger no more. Returns false where it had ended. */
export async function endExperiment(
  tx: TransactionSql,
  { experiment_id, name, symbol, b }: Pick<RunningExperiment, "experiment_id" | "name" | "symbol" | "b">,
  { winner, because, by }: Ending & { readonly by: string },
): Promise<boolean> {
  const { count } = await tx`
    update experiments
    set ended_at = now(), ended_by = ${by}, ended_because = ${because}, winner = ${winner}
    where experiment_id = ${experiment_id} and ended_at is null`;
  if (count === 0) return false;
  if (winner === "a") await dropChallenger(tx, symbol, b, { actor: by, reason: `lost experiment ${name}` });
  return true;
}

const secOf = (time_us: Micros | null): number | null =>
  time_us === null ? null : Math.floor(time_us / US_PER_SEC);

const timeOf = (sec: number | null): string | null =>
  textOrNull(sec === null ? null : micros(sec * US_PER_SEC));

const textOrNull = (time_us: Micros | null): string | null =>
  time_us === null ? null : textFromMicros(time_us);
