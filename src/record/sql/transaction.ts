/** A transaction whose connection may be cut in it. */

import type { Sql, TransactionSql } from "postgres";
import { codeOf } from "./store_errors.ts";

/** The driver has rejected the whole transaction where it says so of one statement. */
const CUT = "CONNECTION_CLOSED";
const NEVER = new Promise<never>(() => {});

/**
 * The driver rolls back what failed, also on a connection that is no more: its statement is written to a socket that is
 * null, in a callback nobody can catch, and the process dies (postgres.js 3.4.9, porsager/postgres#1208). A transaction
 * whose connection was cut therefore does not end for the driver. What it holds is let go of with its connection.
 *
 * @returns what `run` returns, committed.
 * @throws what `run` throws, rolled back; the driver's CONNECTION_CLOSED where the connection was cut.
 */
export async function inTransaction<T>(sql: Sql, run: (own: TransactionSql) => Promise<T>): Promise<T> {
  return (await sql.begin(async (own) => {
    try {
      return await run(own);
    } catch (error) {
      if (codeOf(error) === CUT) return await NEVER;
      throw error;
    }
  })) as T;
}
