/** A client of the database for one purpose: made when it is first needed, and anew where the database was opened again. */

import type { Sql } from "postgres";
import type { ConnectOptions, Database } from "../../record/database.ts";

export class OwnClient {
  readonly #database: () => Database;
  readonly #options: ConnectOptions;
  #client: { readonly database: Database; readonly sql: Sql } | undefined;

  /** @param database throws while the database is not open. */
  constructor(database: () => Database, options: ConnectOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** @throws ForetickError STORE_UNREACHABLE while the database is not open. */
  get sql(): Sql {
    const database = this.#database();
    if (this.#client?.database !== database) {
      void this.close();
      this.#client = { database, sql: database.connect(this.#options) };
    }
    return this.#client.sql;
  }

  /** Ends its connections, whatever they do. May be called twice. */
  async close(): Promise<void> {
    await this.#client?.sql.end({ timeout: 0 });
  }
}
