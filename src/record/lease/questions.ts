/** What a lease asks of the database: on a connection of its own, which is cut where no answer comes. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { ConnectOptions } from "../server/client.ts";

export interface LeaseQuestionsOptions {
  readonly database: { connect(options?: ConnectOptions): Sql };
  readonly clock: Clock;
}

export class LeaseQuestions {
  readonly #options: LeaseQuestionsOptions;
  #sql: Sql | undefined;

  constructor(options: LeaseQuestionsOptions) {
    this.#options = options;
  }

  /** @throws ForetickError STORE_UNREACHABLE where no answer came in time, and what the database answered. */
  ask<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    this.#sql ??= this.#options.database.connect({
      statement_timeout_ms: LIMITS.lease_answer_ms,
      application_name: "foretick lease",
    });
    const sql = this.#sql;
    return withDeadline(run(sql), {
      clock: this.#options.clock,
      limit: "lease_answer_ms",
      what: "the database's answer about the lease",
      code: "STORE_UNREACHABLE",
      onGivenUp: () => {
        this.#sql = undefined;
        void sql.end({ timeout: 0 }).catch(() => {});
      },
    });
  }

  async close(): Promise<void> {
    await this.#sql?.end({ timeout: 0 }).catch(() => {});
  }
}
