/**
 * History being loaded and old rows being deleted keep out of each other's way: a load holds a shared lock for as long
 * as its connection lives, and retention goes on only where it can hold the lock alone.
 */

import type { Sql } from "postgres";
import { asked } from "../sql/asked.ts";

/** An arbitrary constant. */
const LOADING_LOCK_KEY = 7_161_026;

/** Held by the session of `sql`, one connection, until it ends. */
export const HOLD_LOADING = `select pg_advisory_lock_shared(${LOADING_LOCK_KEY})`;

/** Whether history is being loaded, by whichever process. */
export async function isLoading(sql: Sql): Promise<boolean> {
  const [row] = await asked(sql<{ loading: boolean }[]>`
    select exists (
      select
      from pg_locks
      where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
        and classid = 0
        and objid = ${LOADING_LOCK_KEY}::bigint::oid
        and objsubid = 1
        and mode = 'ShareLock'
        and granted
    ) as loading`);
  return row!.loading;
}

/** @returns false where history is being loaded: `run` was not called. */
export async function unlessLoading(sql: Sql, run: () => Promise<void>): Promise<boolean> {
  const [row] = await sql<{ alone: boolean }[]>`select pg_try_advisory_lock(${LOADING_LOCK_KEY}) as alone`;
  if (!row!.alone) return false;
  try {
    await run();
  } finally {
    await sql`select pg_advisory_unlock(${LOADING_LOCK_KEY})`.catch(() => {});
  }
  return true;
}
