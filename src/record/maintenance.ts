/**
 * Keeps the store small, driven by the service rather than by the server's jobs, which fail on some of its
 * versions: old chunks become columns where the server can, and trades and quotes older than their retention
 * are deleted. Bars stay for ever: a stretch is refreshed a last time, then written down as dropped, and only
 * then deleted.
 *
 * Age is counted from the newest row, at most from now: a recording of long ago is not old by itself.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../base/clock.ts";
import type { ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";
import { timeOf } from "./bars.ts";
import { oldChunks, toColumns } from "./columnstore.ts";
import type { Database } from "./database.ts";
import { type RawRows, rawRowsOf } from "./raw_rows.ts";
import type { Refresher } from "./refresher.ts";
import { storeError } from "./store_errors.ts";
import { textFromMicros } from "./time_text.ts";

export interface MaintenanceOptions {
  readonly database: Pick<Database, "connect" | "capability">;
  readonly refresher: Pick<Refresher, "through" | "exclusively">;
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

/** One process a database. An arbitrary constant. */
const LOCK_KEY = 7_161_025;
const FIRST_AFTER_MS = 60_000;
const PERIOD_MS = 600_000;
const DAY_US = 86_400 * US_PER_SEC;

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #raw: RawRows;
  readonly #stats = {
    runs: 0,
    failures: 0,
    stretches_dropped: 0,
    chunks_converted: 0,
    last_error: undefined as ForetickError | undefined,
  };
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #sql: Sql | undefined;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#raw = rawRowsOf(options.database.capability, options.clock);
  }

  get stats(): MaintenanceStats {
    return this.#stats;
  }

  /** A run in a minute, and every ten minutes from then on. */
  start(): void {
    if (this.#timer || this.#closing) return;
    const again = (delay_ms: number): void => {
      this.#timer = this.#options.clock.after(delay_ms, () => {
        void this.run().then(() => {
          if (!this.#closing) again(PERIOD_MS);
        });
      });
    };
    again(FIRST_AFTER_MS);
  }

  /** One run, now. Never rejects: a failure is in `stats`, and the next run begins where it stopped. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends the run under way. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#timer?.cancel();
      await this.#sql?.end({ timeout: 0 });
      await this.#running;
    })();
    return this.#closing;
  }

  async #run(): Promise<void> {
    if (this.#closing) return;
    const { database, log } = this.#options;
    this.#sql = database.connect({
      connections: 1,
      statement_timeout_ms: LIMITS.maintenance_timeout_ms,
      application_name: "foretick maintenance",
    });
    try {
      // The session's end unlocks.
      const [row] = await this.#sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${LOCK_KEY}) as mine`;
      if (row!.mine) await this.#maintain(this.#sql);
      this.#stats.last_error = undefined;
    } catch (error) {
      this.#stats.failures++;
      this.#stats.last_error = storeError(error, "STORE_QUERY");
      const { code, message } = this.#stats.last_error;
      if (!this.#closing) log.warn({ code, reason: message }, "maintenance failed; trying again later");
    } finally {
      this.#stats.runs++;
      await this.#sql.end({ timeout: 1 }).catch(() => {});
      this.#sql = undefined;
    }
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
    const { refresher, log, database } = this.#options;
    let last_us = -1;
    for (;;) {
      const extent = await this.#raw.extent(sql);
      // What was dropped and is still there will not go by being dropped again.
      if (!extent || extent.from_us <= last_us) return;
      const cell = await this.#raw.cell(sql, extent.from_us);
      if (cell.to_us > before_us) return;
      await refresher.through(cell);
      const [from, to] = [textFromMicros(timeOf(cell.from_us)), textFromMicros(timeOf(cell.to_us))];
      await refresher.exclusively(
        (locked) => locked`
          insert into raw_drops (from_ts, to_ts)
          values (${from}, ${to})
          on conflict (from_ts) do update
          set to_ts = greatest(raw_drops.to_ts, excluded.to_ts), dropped_at = now()`,
      );
      await this.#raw.drop(sql, cell);
      if (database.capability !== "timescale") {
        await sql`delete from dirty_ranges where span <@ tstzrange(${from}, ${to})`;
      }
      last_us = cell.from_us;
      this.#stats.stretches_dropped++;
      log.info({ from, to }, "trades and quotes past their retention deleted; their bars stay");
    }
  }

  async #compress(sql: Sql, before_us: number): Promise<void> {
    const { clock, log } = this.#options;
    for (const old of await oldChunks(sql, before_us)) {
      const started_us = clock.monotonicUs();
      await toColumns(sql, old);
      this.#stats.chunks_converted++;
      const took_ms = Math.round((clock.monotonicUs() - started_us) / US_PER_MS);
      log.info({ relation: old.relation, chunk: old.chunk, took_ms }, "a chunk is now columns");
    }
  }
}
