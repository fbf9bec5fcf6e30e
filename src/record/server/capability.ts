/**
 * What the server can do, found out at the start. The relations have the same names and columns on all
 * three; what differs is how they are kept.
 */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { codeOf, storeError } from "../sql/store_errors.ts";

/**
 * `timescale`: community licence, so continuous aggregates, columnstore and retention; `timescale-apache`:
 * hypertables only; `postgres`: neither.
 */
export type Capability = "timescale" | "timescale-apache" | "postgres";

export interface Server {
  readonly capability: Capability;
  /** e.g. "18.4". */
  readonly postgres_version: string;
  /** e.g. "2.28.3"; undefined without the extension. */
  readonly timescale_version: string | undefined;
}

/**
 * Older ones lose or duplicate rows. 2.26.3: overlapping refreshes of a continuous aggregate could leave
 * duplicates or gaps before it (timescale/timescaledb#9571). The Apache edition refreshes none; 2.19.3 is
 * the oldest it was measured with.
 */
const TIMESCALE_FLOOR = { timescale: "2.26.3", "timescale-apache": "2.19.3" } as const;
/** `extract` is exact (numeric) since 14; 15 is the oldest the product is tested with. */
const POSTGRES_FLOOR = "15";

/** insufficient_privilege. */
const NO_RIGHT = "42501";

/** Held while the database is laid out, so that processes started together do it once. An arbitrary constant. */
export const LOCK_KEY = 7_161_023;

/** Whether dotted version `a` is at least `b`. */
export function isAtLeast(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) =>
    version.split(/[.-]/).map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < 3; i++) {
    const difference = (left![i] || 0) - (right![i] || 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Creates the timescaledb extension where the server offers it and lets us, in a database that is not laid out
 * yet. In a session of its own: a server that has not preloaded the library ends the session that asks for it.
 */
export async function createExtension(
  connect: () => Sql,
  log: Logger,
  own_schema?: string | undefined,
): Promise<void> {
  const sql = connect();
  try {
    // Processes that start together wait for each other here; the session's end unlocks.
    await sql`select set_config('lock_timeout', ${`${LIMITS.migration_turn_ms}ms`}, false)`;
    await sql`select pg_advisory_lock(${LOCK_KEY})`;
    const [row] = await sql<{ wanted: boolean; preloaded: boolean }[]>`
      select
        exists (
          select from pg_available_extensions
          where name = 'timescaledb' and installed_version is null
        ) and to_regclass(format('%I.foretick_migrations', current_schema())) is null as wanted,
        coalesce(
          (select setting ~ 'timescaledb' from pg_settings where name = 'shared_preload_libraries'),
          true
        ) as preloaded`;
    if (!row!.wanted) return;
    // It is everybody's of the database: not in a schema of foretick's own.
    const place = own_schema === undefined ? "" : "schema public";
    if (row!.preloaded) await sql.unsafe(`create extension if not exists timescaledb ${place}`).simple();
    else
      log.warn(
        "the server has timescaledb but does not preload it: using plain tables. Add it to shared_preload_libraries",
      );
  } catch (error) {
    // Only a right that is missing says anything about the extension: a lost connection does not.
    if (codeOf(error) !== NO_RIGHT) throw storeError(error, "STORE_SERVER");
    log.warn(
      { reason: storeError(error).message },
      "the server has timescaledb but does not let us create it: using plain tables. " +
        "Have a superuser run `create extension timescaledb` in this database",
    );
  } finally {
    await sql.end({ timeout: 1 }).catch(() => {});
  }
}

/**
 * Says what is there.
 * @throws ForetickError STORE_VERSION where it is too old.
 */
export async function detectServer(sql: Sql): Promise<Server> {
  const [row] = await sql<{ version: string; installed: string | null; hidden_in: string | null }[]>`
    select
      current_setting('server_version') as version,
      (select extversion from pg_extension where extname = 'timescaledb') as installed,
      (
        select nspname
        from pg_extension
        join pg_namespace on pg_namespace.oid = extnamespace
        where extname = 'timescaledb' and nspname <> all (current_schemas(true))
      ) as hidden_in`;
  const postgres_version = row!.version.split(" ")[0]!;
  if (!isAtLeast(postgres_version, POSTGRES_FLOOR)) {
    return fail(
      "STORE_VERSION",
      `PostgreSQL expected ${POSTGRES_FLOOR} or newer, was ${postgres_version}. ` +
        "Upgrade the server, or unset DATABASE_URL for an embedded one",
    );
  }
  const { installed, hidden_in } = row!;
  if (hidden_in !== null) {
    return fail(
      "STORE_REFUSED",
      `timescaledb expected in a schema of the search_path, is in ${hidden_in}: its functions are not found. ` +
        `Run \`alter database … set search_path = public, ${hidden_in}\`, and connect again; with DATABASE_SCHEMA, add search_path=${hidden_in} to DATABASE_URL`,
    );
  }
  if (!installed) return { capability: "postgres", postgres_version, timescale_version: undefined };

  const [licence] = await sql<{ name: string | null }[]>`
    select current_setting('timescaledb.license', true) as name`;
  const capability = licence!.name === "timescale" ? "timescale" : "timescale-apache";
  checkTimescaleVersion(capability, installed);
  return { capability, postgres_version, timescale_version: installed };
}

/** @throws ForetickError STORE_VERSION below the floor. */
export function checkTimescaleVersion(capability: keyof typeof TIMESCALE_FLOOR, version: string): void {
  const floor = TIMESCALE_FLOOR[capability];
  if (isAtLeast(version, floor)) return;
  fail(
    "STORE_VERSION",
    `TimescaleDB (${capability}) expected ${floor} or newer, was ${version}. Upgrade it: install the newer ` +
      "package, restart the server, then run `alter extension timescaledb update` as the first command of a session",
  );
}
