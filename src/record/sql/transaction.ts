/** A transaction whose connection may be cut in it, by itself or as a part of another. */

import type { Sql, TransactionSql } from "postgres";
import { codeOf } from "./store_errors.ts";

/** The driver rejects the whole transaction where one statement fails with one of these, at once or when the socket closes. */
const CUT = new Set(["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "ECONNRESET", "EPIPE"]);
/** A transaction's, which can do all that is asked of a connection. */
type OwnSql = Sql & TransactionSql;

const NEVER = new Promise<never>(() => {});

/**
 * The driver rolls back what failed, also on a connection that is no more: its statement is written to a socket that is
 * null, in a callback nobody can catch, and the process dies (postgres.js 3.4.9, porsager/postgres#1208). A transaction
 * whose connection was cut therefore does not end for the driver. What it holds is let go of with its connection.
 *
 * @param sql where that is a transaction itself, this is a part of it: rolled back alone, committed with it.
 * @returns what `run` returns, committed.
 * @throws what `run` throws, rolled back; the driver's CONNECTION_CLOSED where the connection was cut.
 */
export async function inTransaction<T>(sql: Sql, run: (own: OwnSql) => Promise<T>): Promise<T> {
  const within = async (own: TransactionSql): Promise<T> => {
    try {
      return await run(own as OwnSql);
    } catch (error) {
      if (isCut(error)) return await NEVER;
      throw error;
    }
  };
  const begun = isTransaction(sql) ? sql.savepoint(within) : sql.begin(within);
  return (await begun) as T;
}

/** Also where it is the cause of an error of ours: a statement may have been `asked`. */
function isCut(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) if (CUT.has(codeOf(one))) return true;
  return false;
}

const isTransaction = (sql: Sql): sql is OwnSql => "savepoint" in sql;
