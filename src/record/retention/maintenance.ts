/**
 * Keeps the store small, driven by the service rather than by the server's jobs, which fail on some of its
 * versions: old chunks become columns where the server can, and trades and quotes older than their retention
 * are deleted. Bars stay: a stretch is refreshed a last time, its bars are kept beside, per symbol, and only then its
 * rows are deleted. Nothing is deleted while history is being loaded.
 *
 * Age is counted from the newest row, at most from now: a recording of long ago is not old by itself.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { DAY_US, US_PER_MS } from "../../base/units.ts";
import { type Span, timeOf } from "../bars/bars.ts";
import type { Refresher } from "../bars/refresher.ts";
import type { Database } from "../database.ts";
import { RoundConnection } from "../rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { textFromMicros } from "../sql/time_text.ts";
import { oldChunks, toColumns } from "./columnstore.ts";
import { keepBars } from "./kept_bars.ts";
import { unlessLoading } from "./loading.ts";
import { type RawRows, rawRowsOf } from "./raw_rows.ts";

export interface MaintenanceOptions {
  readonly database: Pick<Database, "connect" | "capability" | "keeper_role">;
  readonly refresher: Pick<Refresher, "through" | "again" | "exclusively">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Trades and quotes older than this are deleted, six hours at a time; 0: never. */
  readonly raw_retention_days: number;
  /** Chunks older than this become columns; later than rows are still expected to come again. */
  readonly compress_after_days: number;
}

export interface MaintenanceStats {
  readonly runs: number;
  readonly failures: number;
  readonly stretches_dropped: number;
  readonly chunks_converted: number;
  /** Why the last run failed; undefined when it did not. */
  readonly last_error: ForetickError | undefined;
}

/** One process per database. An arbitrary constant. */
const LOCK_KEY = 7_161_025;
const FIRST_AFTER_MS = 60_000;
const PERIOD_MS = 600_000;

export class Maintenance extends RoundJob {
  readonly #options: MaintenanceOptions;
  readonly #raw: RawRows;
  #stretches_dropped = 0;
  #chunks_converted = 0;

  constructor(options: MaintenanceOptions) {
    const { keeper_role } = options.database;
    const connection = new RoundConnection(options.database, {
      statement_timeout_ms: LIMITS.maintenance_timeout_ms,
      application_name: "foretick maintenance",
      passing: true,
      ...(keeper_role === undefined ? {} : { role: keeper_role }),
    });
    super({
      ...{ clock: options.clock, first_ms: FIRST_AFTER_MS },
      round: () => connection.during((sql) => this.#run(sql)),
      cut: () => connection.cut(),
      // A failure is soon over or soon known to stay.
      pauseMs: (last_error) => (last_error ? roundPauseMs(FIRST_AFTER_MS, last_error) : PERIOD_MS),
      onFailed: ({ code, message }) =>
        options.log.warn({ code, reason: message }, "maintenance failed; trying again later"),
    });
    this.#options = options;
    this.#raw = rawRowsOf(options.database.capability, options.clock);
  }

  get stats(): MaintenanceStats {
    const { rounds: runs, failures, last_error } = this;
    const [stretches_dropped, chunks_converted] = [this.#stretches_dropped, this.#chunks_converted];
    return { runs, failures, stretches_dropped, chunks_converted, last_error };
  }

  async #run(sql: Sql): Promise<void> {
    await withDeadline(this.#locked(sql), {
      ...{ clock: this.#options.clock, limit: "maintenance_run_ms_max", what: "a run of the maintenance" },
      onGivenUp: () => void sql.end({ timeout: 0 }).catch(() => {}),
    });
  }

  async #locked(sql: Sql): Promise<void> {
    // The session's end unlocks.
    const [row] = await sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${LOCK_KEY}) as mine`;
    if (row!.mine) await this.#maintain(sql);
  }

  async #maintain(sql: Sql): Promise<void> {
    const { clock, database, raw_retention_days, compress_after_days } = this.#options;
    const extent = await this.#raw.extent(sql);
    if (!extent) return;
    const now_us = Math.min(clock.now(), extent.to_us);
    if (raw_retention_days > 0) await this.#retain(sql, now_us - raw_retention_days * DAY_US);
    if (database.capability === "timescale") await this.#compress(sql, now_us - compress_after_days * DAY_US);
  }

  /** Deletes, oldest first, the stretches of raw rows that end at or before `before_us`. */
  async #retain(sql: Sql, before_us: number): Promise<void> {
    const { log } = this.#options;
    let last_us = -1;
    for (;;) {
      const extent = await this.#raw.extent(sql);
      // What was dropped and is still there will not go by being dropped again.
      if (!extent || extent.from_us <= last_us) return;
      const cell = await this.#raw.cell(sql, extent.from_us);
      if (cell.to_us > before_us) return;
      const done = await unlessLoading(sql, () => this.#drop(sql, cell));
      if (!done) {
        log.info("history is being loaded: old trades and quotes are deleted after it");
        return;
      }
      last_us = cell.from_us;
      this.#stretches_dropped++;
      const [from, to] = [textFromMicros(timeOf(cell.from_us)), textFromMicros(timeOf(cell.to_us))];
      log.info({ from, to }, "trades and quotes past their retention deleted; their bars are kept");
    }
  }

  /** Keeps the bars of a cell, deletes its raw rows, and has the bars computed from them taken away. */
  async #drop(sql: Sql, cell: Span): Promise<void> {
    const { refresher, database } = this.#options;
    const owned = database.capability !== "timescale";
    await refresher.through(cell);
    await refresher.exclusively((locked) => keepBars(locked, cell, owned));
    await this.#raw.drop(sql, cell);
    if (!owned) await refresher.again(cell);
  }

  async #compress(sql: Sql, before_us: number): Promise<void> {
    const { clock, log } = this.#options;
    for (const old of await oldChunks(sql, before_us)) {
      const started_us = clock.monotonicUs();
      await toColumns(sql, old);
      this.#chunks_converted++;
      const took_ms = Math.round((clock.monotonicUs() - started_us) / US_PER_MS);
      log.info({ relation: old.relation, chunk: old.chunk, took_ms }, "a chunk is now columns");
    }
  }
}
