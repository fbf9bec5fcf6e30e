/** The refresher's connection: one turn after the other, and, for a refresh, one at a time among all on the database. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import { asked } from "../sql/asked.ts";
import { REFRESH_LOCK_KEY } from "./bars.ts";
import type { RefresherOptions } from "./refresher_stats.ts";

/** The server ends a statement in half of this: a turn that takes longer has a connection that does not answer. */
const TURN_MS_MAX = 2 * LIMITS.refresh_timeout_ms;

export class RefreshTurns {
  readonly #database: RefresherOptions["database"];
  readonly #clock: Clock;
  #sql: Sql;
  #turn: Promise<unknown> = Promise.resolve();
  #closing = false;

  constructor(database: RefresherOptions["database"], clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#sql = this.#connect();
  }

  /**
   * Runs `run` once those before it have ended: the connection is one, and so is its lock.
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  next<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#inTime(run(this.#sql)));
    this.#turn = turn.catch(() => {});
    return asked(turn);
  }

  /**
   * As `next`, while no process refreshes bars of this database.
   * @throws ForetickError STORE_UNREACHABLE or STORE_QUERY.
   */
  exclusively<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    return this.next(async (sql) => {
      await sql`select pg_advisory_lock(${REFRESH_LOCK_KEY})`;
      try {
        return await run(sql);
      } finally {
        // Where the connection was lost, so was the lock.
        await sql`select pg_advisory_unlock(${REFRESH_LOCK_KEY})`.catch(() => {});
      }
    });
  }

  /** Lets the statement under way end, within its limit. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#sql.end({ timeout: LIMITS.refresh_close_s });
  }

  /** A connection that does not answer is left for a new one, so that the next turn has one. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    return withDeadline(work, {
      ...{ clock: this.#clock, ms: TURN_MS_MAX, what: "a turn at the bars" },
      code: "STORE_UNREACHABLE",
      onGivenUp: () => {
        void this.#sql.end({ timeout: 0 }).catch(() => {});
        if (!this.#closing) this.#sql = this.#connect();
      },
    });
  }

  #connect(): Sql {
    const { keeper_role } = this.#database;
    return this.#database.connect({
      connections: 1,
      statement_timeout_ms: LIMITS.refresh_timeout_ms,
      synchronous_commit: false,
      application_name: "foretick refresher",
      ...(keeper_role === undefined ? {} : { role: keeper_role }),
    });
  }
}
