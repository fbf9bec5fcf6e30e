/**
 * Brings bars up to date, driven by the service: each second the newest seconds that are over, and behind
 * them, within a bounded time a pass, the last hour every quarter of a minute and everything every five
 * minutes, for rows that came late or were fetched afterwards. Jobs ask for a range with `through`.
 *
 * One at a time, in this process and among all on the database. What retention has deleted stays out: a
 * refresh there would take the bars for wrong and delete them.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../base/clock.ts";
import type { ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";
import { type BarKeeper, keeperFor } from "./bar_keeper.ts";
import { REFRESH_LOCK_KEY, type Span, type Stretch, without } from "./bars.ts";
import type { Database } from "./database.ts";
import { storeError } from "./store_errors.ts";

export interface RefresherOptions {
  readonly database: Pick<Database, "connect" | "capability" | "server">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RefresherStats {
  /** Bars hold what was written up to this long ago (ms), late rows aside; undefined before the first pass. */
  readonly lag_ms: number | undefined;
  /** The last pass, and its part for the newest seconds (ms). */
  readonly pass_ms: number;
  readonly newest_ms: number;
  /** Stretches of older bars that wait to be looked at. */
  readonly stretches_waiting: number;
  readonly stretches_refreshed: number;
  readonly passes: number;
  readonly failures: number;
  /** Why the last pass failed; undefined when it did not. */
  readonly last_error: ForetickError | undefined;
}

const PERIOD_MS = 1_000;
/** A pass begins half a second into a second: the turn of the second belongs to the forecast, and so does the core. */
const PHASE_MS = 500;
const PAUSE_MS_MIN = 50;
/** How far back each pass looks behind the newest second: events of a second come within its grace. */
const NEWEST_US = 10 * US_PER_SEC;
const RECENT_US = 3_600 * US_PER_SEC;
const RECENT_EVERY_US = 15 * US_PER_SEC;
const ALL_EVERY_US = 300 * US_PER_SEC;

export class Refresher {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keeper: BarKeeper;
  readonly #sql: Sql;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;
  /** Newest seconds are up to date until here (µs); undefined before the first pass. */
  #reached_us: number | undefined;
  #backlog: Stretch[] = [];
  #backlog_newest_us: number | undefined;
  #recent_due_us = 0;
  #all_due_us = 0;
  #fresh_us: number | undefined;
  #pass_ms = 0;
  #newest_ms = 0;
  #passes = 0;
  #failures = 0;
  #stretches_refreshed = 0;
  #last_error: ForetickError | undefined;

  constructor({ database, clock, log }: RefresherOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#keeper = keeperFor(database);
    this.#sql = database.connect({
      connections: 1,
      statement_timeout_ms: LIMITS.refresh_timeout_ms,
      synchronous_commit: false,
      application_name: "foretick refresher",
    });
  }

  get stats(): RefresherStats {
    const fresh_us = this.#fresh_us;
    return {
      lag_ms: fresh_us === undefined ? undefined : (this.#clock.monotonicUs() - fresh_us) / US_PER_MS,
      pass_ms: this.#pass_ms,
      newest_ms: this.#newest_ms,
      stretches_waiting: this.#backlog.length,
      stretches_refreshed: this.#stretches_refreshed,
      passes: this.#passes,
      failures: this.#failures,
      last_error: this.#last_error,
    };
  }

  /** A pass a second from now on. */
  start(): void {
    if (this.#timer || this.#closing) return;
    this.#log.info(`bars: ${this.#keeper.description}, refreshed every ${PERIOD_MS / 1_000} s`);
    this.#timer = this.#clock.after(0, () => void this.#tick());
  }

  /** One pass, now; `start` makes them regularly. Never rejects: a failure is in `stats`, and is tried again. */
  async pass(): Promise<void> {
    const started_us = this.#clock.monotonicUs();
    try {
      await this.exclusively((sql) => this.#pass(sql, started_us));
      this.#fresh_us = started_us;
      if (this.#last_error) this.#log.info("bars are refreshed again");
      this.#last_error = undefined;
    } catch (error) {
      const { code, message } = storeError(error, "STORE_QUERY");
      if (!this.#last_error && !this.#closing) {
        this.#log.warn({ code, reason: message }, "bars could not be refreshed; trying again");
      }
      this.#last_error = storeError(error, "STORE_QUERY");
      this.#failures++;
    }
    this.#passes++;
    this.#pass_ms = (this.#clock.monotonicUs() - started_us) / US_PER_MS;
  }

  /**
   * Resolves once the bars that `span` touches hold every row that is in the database now. For jobs: parity,
   * training, backfill.
   *
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  async through(span: Span): Promise<void> {
    const stretches = await this.#inTurn((sql) => this.#keeper.stale(sql, span, true));
    for (const stretch of stretches) {
      await this.exclusively(async (sql) => this.#refresh(sql, stretch, await drops(sql)));
    }
  }

  /**
   * Runs `run` while nobody refreshes bars of this database.
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  exclusively<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn(async (sql) => {
      await sql`select pg_advisory_lock(${REFRESH_LOCK_KEY})`;
      try {
        return await run(sql);
      } finally {
        // Where the connection was lost, so was the lock.
        await sql`select pg_advisory_unlock(${REFRESH_LOCK_KEY})`.catch(() => {});
      }
    });
  }

  /** Ends the pass under way. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#timer?.cancel();
      this.#backlog = [];
      await this.#sql.end({ timeout: LIMITS.refresh_close_s });
    })();
    return this.#closing;
  }

  async #tick(): Promise<void> {
    await this.pass();
    if (this.#closing) return;
    this.#timer = this.#clock.after(this.#pauseMs(), () => void this.#tick());
  }

  /** Until the next pass is due by the wall clock; one that took its whole period is followed after a short rest. */
  #pauseMs(): number {
    const into_ms = (this.#clock.now() / US_PER_MS) % PERIOD_MS;
    const pause_ms = (PHASE_MS - into_ms + PERIOD_MS) % PERIOD_MS;
    return this.#pass_ms >= PERIOD_MS ? PAUSE_MS_MIN : Math.max(PAUSE_MS_MIN, pause_ms);
  }

  /** One after the other: the connection is one, and so is its lock. */
  #inTurn<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => run(this.#sql));
    this.#turn = turn.catch(() => {});
    return turn.catch((error: unknown) => {
      throw storeError(error, "STORE_QUERY");
    });
  }

  async #pass(sql: Sql, started_us: number): Promise<void> {
    const dropped = await drops(sql);
    const newest_us = await this.#keeper.newestSecond(sql);
    if (newest_us !== undefined) await this.#refreshNewest(sql, newest_us, dropped);
    const now_us = this.#clock.monotonicUs();
    this.#newest_ms = (now_us - started_us) / US_PER_MS;
    if (newest_us !== undefined && this.#backlog.length === 0) await this.#lookBack(sql, newest_us, now_us);
    const end_us = now_us + LIMITS.refresh_backlog_ms * US_PER_MS;
    while (this.#backlog.length > 0 && this.#clock.monotonicUs() < end_us) {
      await this.#refresh(sql, this.#backlog.shift()!, dropped);
    }
  }

  async #refreshNewest(sql: Sql, newest_us: number, dropped: readonly Span[]): Promise<void> {
    const from_us = Math.min(newest_us, this.#reached_us ?? newest_us) - NEWEST_US;
    // What lies farther back than that is the backlog's.
    const span = { from_us: Math.max(from_us, newest_us - RECENT_US), to_us: newest_us };
    for (const stretch of await this.#keeper.stale(sql, span, false)) {
      await this.#refresh(sql, stretch, dropped);
    }
    this.#reached_us = newest_us;
  }

  async #lookBack(sql: Sql, newest_us: number, now_us: number): Promise<void> {
    if (now_us < this.#recent_due_us && now_us < this.#all_due_us) return;
    const all = now_us >= this.#all_due_us;
    // A market that has fallen silent closes no second any more: the last one is taken as it is.
    const silent = newest_us === this.#backlog_newest_us;
    const span = {
      from_us: all ? 0 : newest_us - RECENT_US,
      to_us: silent ? newest_us + US_PER_SEC : newest_us,
    };
    this.#backlog = await this.#keeper.stale(sql, span, silent);
    this.#backlog_newest_us = newest_us;
    this.#recent_due_us = now_us + RECENT_EVERY_US;
    if (all) this.#all_due_us = now_us + ALL_EVERY_US;
  }

  async #refresh(sql: Sql, stretch: Stretch, dropped: readonly Span[]): Promise<void> {
    for (const part of without(stretch, dropped)) await this.#keeper.refresh(sql, { ...stretch, ...part });
    this.#stretches_refreshed++;
  }
}

/** Where raw rows have been deleted, ascending. */
async function drops(sql: Sql): Promise<Span[]> {
  const rows = await sql<{ from_us: string; to_us: string }[]>`
    select us_of(lower(part)) as from_us, us_of(upper(part)) as to_us
    from (select unnest(range_agg(tstzrange(from_ts, to_ts))) as part from raw_drops) as parts
    order by 1`;
  return rows.map((row) => ({ from_us: Number(row.from_us), to_us: Number(row.to_us) }));
}
