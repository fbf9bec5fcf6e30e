/** A connection of its own for the length of a round, which the end of the job cuts. */

import type { Sql } from "postgres";
import type { ConnectOptions, Database } from "../database.ts";

export class RoundConnection {
  readonly #database: Pick<Database, "connect">;
  readonly #options: ConnectOptions;
  #sql: Sql | undefined;

  constructor(database: Pick<Database, "connect">, options: ConnectOptions) {
    this.#database = database;
    this.#options = options;
  }

  async during(run: (sql: Sql) => Promise<void>): Promise<void> {
    const sql = this.#database.connect({ connections: 1, ...this.#options });
    this.#sql = sql;
    try {
      await run(sql);
    } finally {
      await sql.end({ timeout: 1 }).catch(() => {});
      this.#sql = undefined;
    }
  }

  /** What is under way on it fails. */
  async cut(): Promise<void> {
    await this.#sql?.end({ timeout: 0 });
  }
}
