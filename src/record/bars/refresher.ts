/**
 * Brings bars up to date, driven by the service: each second the newest seconds that are over, and behind
 * them, within a bounded time per pass, the last hour every quarter of a minute and everything every five
 * minutes, for rows that came late or were fetched afterwards. Jobs ask for a range with `through`.
 *
 * One at a time, in this process and among all on the database. Bars whose raw rows have been deleted are kept beside:
 * a refresh may reach anywhere.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../../base/clock.ts";
import { type ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { storeError } from "../sql/store_errors.ts";
import { BarCheck } from "./bar_check.ts";
import type { BarKeeper } from "./bar_keeper.ts";
import { BAR_TABLES, type BarTable, type Span, type Stretch, wholeBuckets } from "./bars.ts";
import { keeperFor } from "./keepers.ts";
import { RefreshTurns } from "./refresh_turns.ts";
import type { RefresherOptions, RefresherStats } from "./refresher_stats.ts";

const PERIOD_MS = 1_000;
/**
 * A pass begins half a second into a second: the core is needed for the forecast at the turn of the second.
 */
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
  readonly #turns: RefreshTurns;
  readonly #check: BarCheck;
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

  readonly #written: RefresherOptions["written"];

  constructor({ database, clock, log, written }: RefresherOptions) {
    this.#clock = clock;
    this.#written = written;
    this.#log = log;
    this.#turns = new RefreshTurns(database, clock);
    this.#keeper = keeperFor(database, BAR_TABLES);
    this.#check = new BarCheck(this.#keeper, log);
  }

  get stats(): RefresherStats {
    const fresh_us = this.#fresh_us;
    return {
      lag_ms: fresh_us === undefined ? undefined : (this.#clock.monotonicUs() - fresh_us) / US_PER_MS,
      pass_ms: this.#pass_ms,
      newest_ms: this.#newest_ms,
      stretches_waiting: this.#backlog.length,
      stretches_refreshed: this.#stretches_refreshed,
      bars_healed: this.#check.healed,
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
    const stretches = await this.#turns.next((sql) => this.#keeper.stale(sql, span, true));
    for (const { bars, to_us } of stretches) {
      // A block of sizes is left open until its last second is stored.
      const limit_us = this.#limitOf(bars);
      if (bars.bucket_us > US_PER_SEC || Math.min(to_us, span.to_us) <= limit_us) continue;
      fail("STORE_QUERY", `${bars.source} expected to be stored up to the end of the range, are not yet`);
    }
    for (const stretch of stretches) {
      await this.exclusively((sql) => this.#refresh(sql, stretch));
    }
  }

  /**
   * As `through`, whether or not the database knows of rows that changed in `span`: whole buckets, computed again.
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  async again(span: Span): Promise<void> {
    for (const bars of BAR_TABLES) {
      const whole = this.#known({ bars, symbol: undefined, ...wholeBuckets(span, bars.bucket_us, true) });
      if (whole) await this.exclusively((sql) => this.#keeper.force(sql, whole));
    }
  }

  /**
   * Runs `run` while no process refreshes bars of this database.
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  exclusively<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#turns.exclusively(run);
  }

  /** Ends the pass under way. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#timer?.cancel();
      this.#backlog = [];
      await this.#turns.close();
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

  async #pass(sql: Sql, started_us: number): Promise<void> {
    const newest_us = await this.#keeper.newestSecond(sql);
    if (newest_us !== undefined) await this.#refreshNewest(sql, newest_us);
    const now_us = this.#clock.monotonicUs();
    this.#newest_ms = (now_us - started_us) / US_PER_MS;
    if (newest_us !== undefined && this.#backlog.length === 0) await this.#lookBack(sql, newest_us, now_us);
    const end_us = now_us + LIMITS.refresh_backlog_ms * US_PER_MS;
    while (this.#backlog.length > 0 && this.#clock.monotonicUs() < end_us) {
      await this.#refresh(sql, this.#backlog.shift()!);
    }
  }

  async #refreshNewest(sql: Sql, newest_us: number): Promise<void> {
    const from_us = Math.min(newest_us, this.#reached_us ?? newest_us) - NEWEST_US;
    // What is farther back than that is left to the backlog.
    const span = { from_us: Math.max(from_us, newest_us - RECENT_US), to_us: newest_us };
    for (const stretch of await this.#keeper.stale(sql, span, false)) {
      await this.#refresh(sql, stretch);
    }
    this.#reached_us = newest_us;
    // What later passes no longer read.
    const leftUs = (bars: BarTable): number => Math.min(newest_us, this.#limitOf(bars)) - NEWEST_US;
    await this.#check.leave(sql, leftUs);
  }

  #limitOf({ source }: BarTable): number {
    const through_us = this.#written?.through(source) ?? Number.POSITIVE_INFINITY;
    return Math.floor(through_us / US_PER_SEC) * US_PER_SEC;
  }

  async #lookBack(sql: Sql, newest_us: number, now_us: number): Promise<void> {
    if (now_us < this.#recent_due_us && now_us < this.#all_due_us) return;
    const all = now_us >= this.#all_due_us;
    // A market that has fallen silent closes no further second: the last one is taken as it is.
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

  async #refresh(sql: Sql, stretch: Stretch): Promise<void> {
    const known = this.#known(stretch);
    if (!known) return;
    await this.#keeper.refresh(sql, known);
    this.#stretches_refreshed++;
  }

  /**
   * Of `stretch` the buckets whose rows are all in the database; undefined where none is. Aggregates of one table share a
   * threshold: the open block of sizes, too, would move it past seconds whose rows are on their way.
   */
  #known(stretch: Stretch): Stretch | undefined {
    const { bucket_us } = stretch.bars;
    const to_us = Math.min(stretch.to_us, Math.floor(this.#limitOf(stretch.bars) / bucket_us) * bucket_us);
    return stretch.from_us < to_us ? { ...stretch, to_us } : undefined;
  }
}
