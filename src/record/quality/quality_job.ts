/**
 * Keeps `quality_1m` up to date while the service runs, and tells what it says: every few seconds the minutes that are
 * over, once an hour the last days, after a start all of the history. Only rows that are known to be in the database
 * are refreshed past, as bars are.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { QualityMinute } from "../../judge/quality.ts";
import type { QualitySeries } from "../../predict/quality_minutes.ts";
import type { BarKeeper } from "../bars/bar_keeper.ts";
import { cut, type Span, type Stretch, timeOf } from "../bars/bars.ts";
import { keeperFor } from "../bars/keepers.ts";
import type { Refresher } from "../bars/refresher.ts";
import type { Database } from "../database.ts";
import { RoundConnection } from "../rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { asked } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";
import { MINUTE_US, QUALITY_1M, qualityMinutes } from "./quality_table.ts";

export interface QualityJobOptions {
  readonly database: Pick<Database, "connect" | "capability" | "server">;
  /** Refreshes are made one at a time among all on the database. */
  readonly bars: Pick<Refresher, "exclusively">;
  /** What has been decided must be stored before it is refreshed past. */
  readonly writer: { flush(): Promise<void> };
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** The stored minutes of a symbol from `from_minute` on. */
  readonly onMinutes: (
    symbol: string,
    from_minute: number,
    rows: readonly (QualitySeries & QualityMinute)[],
  ) => void;
}

export interface QualityJobStats {
  readonly rounds: number;
  readonly failures: number;
  /** Minutes before it have been summed (µs); undefined before the first round. */
  readonly through_us: number | undefined;
  /** Why the last round could not be finished; undefined where it was. */
  readonly last_error: ForetickError | undefined;
}

type Table = typeof QUALITY_1M;

const HOUR_US = 3_600 * US_PER_SEC;
/** Outcomes of the last hours come late, from the store's join. */
const RECENT_US = 2 * HOUR_US;
/** The longest window, and the day it ends in. */
const DAYS_US = 8 * 24 * HOUR_US;
const DAYS_EVERY_US = HOUR_US;

export class QualityJob extends RoundJob {
  readonly #options: QualityJobOptions;
  readonly #keeper: BarKeeper<Table>;
  #newest_us: number | undefined;
  /** Ends of the last two rounds: what was on its way in the first is noticed by the second. */
  #ends_us: readonly number[] = [];
  #days_due_us = 0;
  #all_done = false;

  constructor(options: QualityJobOptions) {
    const connection = new RoundConnection(options.database, {
      statement_timeout_ms: LIMITS.quality_timeout_ms,
      application_name: "foretick quality",
    });
    super({
      clock: options.clock,
      first_ms: LIMITS.quality_first_ms,
      round: (signal) => connection.during((sql) => this.#round(sql, signal)),
      cut: () => connection.cut(),
      pauseMs: (last_error) => roundPauseMs(LIMITS.quality_every_ms, last_error),
      onFailed: ({ code, message }, before) => {
        if (before) return;
        options.log.warn({ code, reason: message }, "outcomes could not be summed: trying again");
      },
    });
    this.#options = options;
    this.#keeper = keeperFor(options.database, [QUALITY_1M]);
  }

  get stats(): QualityJobStats {
    const { rounds, failures, last_error } = this;
    return { rounds, failures, last_error, through_us: this.#ends_us.at(-1) };
  }

  async #round(sql: Sql, signal: AbortSignal): Promise<void> {
    const { writer, clock, symbols, onMinutes } = this.#options;
    await withDeadline(writer.flush(), {
      ...{ clock, limit: "outcome_flush_ms_max", what: "the rows written before outcomes are summed" },
      signal,
    });
    const newest_us = await newestOutcome(sql, this.#newest_us);
    if (newest_us === undefined) return;
    // A market that has fallen silent closes no further minute: the last one is taken as it is.
    const silent = newest_us === this.#newest_us;
    const end_us = (Math.floor(newest_us / MINUTE_US) + (silent ? 1 : 0)) * MINUTE_US;
    const now_us = clock.monotonicUs();
    const days = now_us >= this.#days_due_us;
    const from_us = Math.max(0, end_us - (days ? DAYS_US : RECENT_US));
    await this.#refresh(sql, { from_us: this.#all_done ? from_us : 0, to_us: end_us }, signal);
    await this.#again(sql, end_us, signal);
    for (const symbol of symbols) {
      const rows = await qualityMinutes(sql, symbol, from_us);
      if (signal.aborted) return;
      onMinutes(symbol, Math.floor(from_us / MINUTE_US), rows);
    }
    if (signal.aborted) return;
    this.#newest_us = newest_us;
    this.#ends_us = [...this.#ends_us, end_us].slice(-2);
    this.#all_done = true;
    if (days) this.#days_due_us = now_us + DAYS_EVERY_US;
  }

  async #refresh(sql: Sql, span: Span, signal: AbortSignal): Promise<void> {
    const { bars } = this.#options;
    const stale = await this.#keeper.stale(sql, span, false);
    for (const stretch of stale) {
      if (signal.aborted) return;
      await bars.exclusively((turn) => this.#keeper.refresh(turn, stretch));
    }
  }

  /** Once more what a round passed while rows of it may have been on their way. */
  async #again(sql: Sql, end_us: number, signal: AbortSignal): Promise<void> {
    if (!this.#keeper.overtakes) return;
    const from_us = this.#ends_us[0] ?? (await lastSummed(sql, end_us)) - HOUR_US;
    const { bars } = this.#options;
    for (const part of cut({ from_us: Math.max(0, from_us), to_us: end_us }, HOUR_US)) {
      if (signal.aborted) return;
      const stretch: Stretch<Table> = { bars: QUALITY_1M, symbol: undefined, ...part };
      await bars.exclusively((turn) => this.#keeper.force(turn, stretch));
    }
  }
}

/** Of any symbol: a continuous aggregate has one threshold for all. */
async function newestOutcome(sql: Sql, since_us = 0): Promise<number | undefined> {
  const text = "select us_of(max(ts)) as newest_us from outcomes where ts >= $1";
  const rows = await asked(
    sql.unsafe<{ newest_us: string | null }[]>(text, [textFromMicros(timeOf(since_us))]),
  );
  const newest_us = rows[0]?.newest_us ?? null;
  return newest_us === null ? undefined : Number(newest_us);
}

/** The newest minute summed before `end_us`, by its start; the last days at most. */
async function lastSummed(sql: Sql, end_us: number): Promise<number> {
  const from_us = Math.max(0, end_us - DAYS_US);
  const text = "select us_of(max(minute)) as last_us from quality_1m where minute >= $1 and minute < $2";
  const limits = [from_us, end_us].map((time_us) => textFromMicros(timeOf(time_us)));
  const rows = await asked(sql.unsafe<{ last_us: string | null }[]>(text, limits));
  const last_us = rows[0]?.last_us ?? null;
  return last_us === null ? end_us : Number(last_us);
}
