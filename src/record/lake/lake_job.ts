/**
 * Writes the days that are over into the lake while the service runs: every hour the last days are looked at, so that
 * a day is there in the first hour of the night after it, and written again where it has been repaired since. Only
 * symbols this service leads.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { DAY_US } from "../../base/units.ts";
import type { Database } from "../database.ts";
import { RoundConnection } from "../rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { archive } from "./archive.ts";
import type { ArchiveTools } from "./archive_day.ts";
import type { LakeStore } from "./lake_store.ts";
import type { LakeTable } from "./tables.ts";

export interface LakeJobOptions {
  readonly database: Pick<Database, "connect">;
  readonly bars: ArchiveTools["bars"];
  readonly store: LakeStore;
  readonly tables: readonly LakeTable[];
  readonly symbols: readonly string[];
  /** How many days back a round looks. */
  readonly days: number;
  readonly draft_dir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LakeJobStats {
  /** Days of a table written; a day that is repaired counts again. */
  readonly days_written: number;
  readonly rows_written: number;
  readonly bytes_written: number;
  /** Days of a table that could not be written in the last round: not whole, or no raw rows. */
  readonly days_waiting: number;
  /** Why, of the newest of them; undefined where none waits. */
  readonly waiting_for: string | undefined;
  readonly failures: number;
  /** Why the last round could not be finished; undefined where it was. */
  readonly last_error: ForetickError | undefined;
}

/** Small stretches with pauses between: forecasts are made by the same event loop. */
const PACE = { group_rows: LIMITS.lake_group_rows, pause_ms: LIMITS.lake_pause_ms };

export class LakeJob extends RoundJob {
  readonly #options: LakeJobOptions;
  readonly #written = { days_written: 0, rows_written: 0, bytes_written: 0 };
  #waiting: readonly string[] = [];

  constructor(options: LakeJobOptions) {
    const connection = new RoundConnection(options.database, {
      application_name: "foretick lake",
      passing: true,
    });
    super({
      ...{ clock: options.clock, first_ms: LIMITS.lake_first_ms },
      round: (signal) => connection.during((sql) => this.#round(sql, signal)),
      cut: () => connection.cut(),
      pauseMs: (last_error) =>
        last_error?.code === "LAKE_STORE"
          ? LIMITS.lake_first_ms
          : roundPauseMs(LIMITS.lake_every_ms, last_error),
      onFailed: ({ code, message }, before) => {
        if (before) return;
        options.log.warn(
          { code, reason: message },
          "days could not be archived: the next round goes on there",
        );
      },
    });
    this.#options = options;
  }

  get stats(): LakeJobStats {
    const { failures, last_error } = this;
    const waiting = { days_waiting: this.#waiting.length, waiting_for: this.#waiting.at(-1) };
    return { ...this.#written, ...waiting, failures, last_error };
  }

  /** Cuts the round under way: the day it was at is written in another. May be called twice. */
  override async close(): Promise<void> {
    const { clock } = this.#options;
    const ended = super.close();
    // What the lake's store is still at is left behind; without a manifest it makes no day.
    await withDeadline(ended, { clock, limit: "lake_close_ms", what: "the archive's end" }).catch(() => {});
  }

  async #round(sql: Sql, signal: AbortSignal): Promise<void> {
    const { symbols, days, clock, log, tables } = this.#options;
    // Whole days before today.
    const to_us = Math.floor(clock.now() / DAY_US) * DAY_US;
    const waiting: string[] = [];
    for (const symbol of symbols) {
      const range = { symbol, from_us: to_us - days * DAY_US, to_us };
      for await (const archived of archive(range, tables, { ...this.#options, ...PACE, sql, signal })) {
        const { table, day, result, reason, rows, bytes } = archived;
        const name = `${table.layer}/${table.name}`;
        if (result === "not_yet") waiting.push(`${name} of ${symbol} ${day.date}: ${reason}`);
        if (result !== "written") continue;
        this.#written.days_written++;
        this.#written.rows_written += rows;
        this.#written.bytes_written += bytes;
        log.info({ symbol, table: name, date: day.date, rows, bytes }, "day archived");
      }
    }
    this.#waiting = waiting;
  }
}
