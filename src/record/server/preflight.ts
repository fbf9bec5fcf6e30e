/**
 * Looked at before anything is relied on: that the server can be reached as `sslmode` says, keeps sessions apart, holds
 * text in UTF8, and has connections enough. Each finding is one sentence with what to do. Nothing is changed.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { codeOf } from "../sql/store_errors.ts";
import { placeOf, type ServerAddress } from "./address.ts";
import type { ConnectOptions } from "./client.ts";
import { requireTls } from "./tls.ts";

export interface PreflightOptions {
  readonly address: ServerAddress;
  readonly connect: (options: ConnectOptions) => Sql;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Preflight {
  /** Connections this role may have to this database; undefined: no bound that matters. */
  readonly connections_max: number | undefined;
}

/** Writer, lease, refresher, one reader, and one that maintenance, parity and the watch for models take in turn. */
export const CONNECTIONS_MIN = 5;
/** From here on each has its own, and readers have four. */
const CONNECTIONS_AMPLE = 10;

interface Found {
  readonly encoding: string;
  readonly database: string;
  readonly role: string;
  readonly schema: string | null;
  readonly search_path: string;
  readonly statement_timeout: string;
  readonly time_zone: string;
  readonly role_max: number;
  readonly database_max: number;
  readonly server_max: number;
  readonly is_super: boolean;
}

/**
 * @throws ForetickError STORE_REFUSED for what a person has to change; whatever connecting throws.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { address, connect, clock, log } = options;
  await requireTls(address, clock);
  // With the settings that later sessions have: a pooler that refuses them does so here.
  const first = connect({ statement_timeout_ms: LIMITS.database_look_ms, synchronous_commit: false });
  const second = connect({});
  try {
    const found = await look(first);
    await requireSessions(first, second, address);
    if (found.encoding !== "UTF8") {
      fail(
        "STORE_REFUSED",
        `database ${found.database} expected encoding UTF8, has ${found.encoding}. Make one with \`create database … encoding 'UTF8' template template0\``,
      );
    }
    if (address.schema !== undefined && found.search_path.split(/, ?/)[0] !== address.schema) {
      fail(
        "STORE_REFUSED",
        `schema ${address.schema} expected first in the session's search_path, was not (${found.search_path}): a pooler in front of the database drops it. ` +
          `Run \`alter role ${found.role} in database ${found.database} set search_path = ${address.settings.search_path}\`, or connect to the server itself`,
      );
    }
    if (found.schema === null && address.schema === undefined) {
      fail(
        "STORE_REFUSED",
        `role ${found.role} expected a schema to work in, its search_path (${found.search_path}) names none it may use. ` +
          `Run \`grant usage on schema public to ${found.role}\`, or make one and set it: \`alter role ${found.role} set search_path = …\``,
      );
    }
    if (found.statement_timeout === "0" || found.time_zone !== "UTC") {
      log.warn(
        "a pooler in front of the database drops the settings of a session: statements have no time limit on the server",
      );
    }
    return { connections_max: connectionsOf(found) };
  } finally {
    await Promise.all([first.end({ timeout: 1 }), second.end({ timeout: 1 })]);
  }
}

async function look(sql: Sql): Promise<Found> {
  const [found] = await sql<[Found]>`
    select
      pg_encoding_to_char(encoding) as encoding,
      datname as database,
      current_user as role,
      current_schema() as schema,
      current_setting('search_path') as search_path,
      current_setting('statement_timeout') as statement_timeout,
      current_setting('TimeZone') as time_zone,
      rolconnlimit as role_max,
      datconnlimit as database_max,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as server_max,
      rolsuper as is_super
    from pg_database, pg_roles
    where datname = current_database() and rolname = session_user`;
  return found;
}

/**
 * Two clients at once: where the pooler gives a session's server to another between two statements, its process id
 * moves, and advisory locks, LISTEN and temporary tables are lost.
 */
async function requireSessions(first: Sql, second: Sql, address: ServerAddress): Promise<void> {
  const pid = "select pg_backend_pid() as pid";
  const pidOf = async (sql: Pick<Sql, "unsafe">): Promise<number> =>
    (await sql.unsafe<{ pid: number }[]>(pid).simple())[0]!.pid;
  const before = await pidOf(first);
  let other = before;
  let after = before;
  await begun(second, address);
  try {
    other = await pidOf(second);
    after = await pidOf(first);
  } finally {
    await second
      .unsafe("rollback")
      .simple()
      .catch(() => {});
  }
  if (before !== after || before === other) refusePooler(address);
}

/** A pooler by statements ends every session that begins a transaction; a connection lost by chance is not lost twice. */
async function begun(sql: Sql, address: ServerAddress): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await sql.unsafe("select 1").simple();
      await sql.unsafe("begin").simple();
      return;
    } catch (error) {
      if (!["08P01", "CONNECTION_CLOSED"].includes(codeOf(error))) throw error;
      if (tries === 2) refusePooler(address);
    }
  }
}

function refusePooler(address: ServerAddress): never {
  return fail(
    "STORE_REFUSED",
    `database at ${placeOf(address)} expected to keep a session's server to itself, is behind a pooler that shares it between ` +
      "transactions. Set pool_mode = session in pgbouncer.ini for this database, or connect to the server itself",
  );
}

function connectionsOf({ role_max, database_max, server_max, is_super }: Found): number | undefined {
  // The limits of a role and of a database do not hold for a superuser.
  const bounds = is_super ? [server_max] : [role_max, database_max, server_max].filter((bound) => bound >= 0);
  const connections_max = Math.min(...bounds);
  return connections_max >= CONNECTIONS_AMPLE ? undefined : connections_max;
}
