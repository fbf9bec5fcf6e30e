/** A transaction that spans a request: whatever is changed on its behalf is in it, and is there together or not at all. */

import type { Sql } from "postgres";

export interface Work {
  /** Of the transaction; one begun on it is a part of it. */
  readonly sql: Sql;
  /** Runs `run` once the transaction is committed, and not where it was rolled back. */
  afterCommit(run: () => void): void;
}
