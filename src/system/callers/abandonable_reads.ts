/** What callers ask of the database: given up in the server too where nobody waits for it any more. */

import { drizzle } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Database } from "../../record/database.ts";
import { abandonable, isStrayCancel } from "../../record/sql/abandonable.ts";
import { History } from "./history.ts";
import { OwnClient } from "./own_client.ts";

export class AbandonableReads {
  readonly #clock: Clock;
  /** Its own: what a late cancelling could meet are readers' queries, no change of anyone. */
  readonly #client: OwnClient;
  #abandoned = 0;

  /** @param database throws while the database is not open. */
  constructor(database: () => Database, clock: Clock, metrics: Metrics) {
    this.#client = new OwnClient(database, {
      ...{ connections: LIMITS.asked_connections, idle_s: LIMITS.asked_idle_s, pipelined: false },
      application_name: "foretick asked",
    });
    this.#clock = clock;
    metrics.observe(
      "counter",
      "foretick_queries_abandoned_total",
      "Queries taken back in the database because nobody waited for them any more.",
      () => this.#abandoned,
    );
  }

  /** @param signal aborted where the answer is not wanted any more. @throws as `History`; STORE_UNREACHABLE while it is not open. */
  async ask<T>(
    signal: AbortSignal | undefined,
    read: (history: History, sql: Sql) => Promise<T>,
  ): Promise<T> {
    const sql = signal ? this.#abandonable(signal) : this.#client.sql;
    const history = new History({ sql, db: drizzle(sql) }, this.#clock);
    try {
      return await read(history, sql);
    } catch (error) {
      // What was meant for another's query, which had just ended.
      if (signal?.aborted === true || !isStrayCancel(error)) throw error;
      return await read(history, sql);
    }
  }

  /** Ends its connections, whatever they do. May be called twice. */
  close(): Promise<void> {
    return this.#client.close();
  }

  #abandonable(signal: AbortSignal): Sql {
    return abandonable(this.#client.sql, signal, () => {
      this.#abandoned++;
    });
  }
}
