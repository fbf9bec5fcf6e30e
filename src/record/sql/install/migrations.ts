/**
 * Runs what a database lacks of `sql/migrations/`, once each, in order. Each file is a transaction of its own and
 * is recorded with its sha256; a file that was edited after it had been applied is refused.
 *
 * Services of an older version may be connected: a statement that waits for a table in use makes all later ones
 * wait too, so it waits briefly, gives way, and is tried again.
 *
 * Own runner: drizzle's runs everything in one transaction and cannot choose tails.
 */

import type { Sql } from "postgres";
import { type Clock, sleep, systemClock } from "../../../base/clock.ts";
import { type ForetickError, fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import { type Capability, LOCK_KEY } from "../../server/capability.ts";
import { codeOf, storeError } from "../store_errors.ts";
import { MIGRATIONS_DIR, type Migration, numberOf } from "./migration_files.ts";
import { type AppliedMigration, type SchemaVersion, schemaVersion } from "./schema_version.ts";

export interface MigrationOptions {
  /** One session: the lock and the files share it. */
  readonly sql: Sql;
  readonly capability: Capability;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly directory?: string;
  /** Number of the last migration that is run; default all. */
  readonly until?: number;
  /** For another process to finish (ms). */
  readonly turn_ms?: number;
  /** For a table in use, each try (ms). */
  readonly lock_ms?: number;
  readonly tries_max?: number;
}

/** What PostgreSQL says where `lock_timeout` has passed, and where two wait for each other. */
const IN_USE = ["55P03", "40P01"];
const BETWEEN_TRIES_MS = 500;

/**
 * Brings the database up to date. Where it was laid out for a capability before, that one stays: tables do
 * not become hypertables under a running history.
 *
 * @returns the capability the database is laid out for.
 * @throws ForetickError STORE_MIGRATION naming the file, or who holds the lock; STORE_VERSION where the server
 *   can do less than the database was laid out for.
 */
export async function migrate(options: MigrationOptions): Promise<Capability> {
  const { sql, capability, log, directory = MIGRATIONS_DIR } = options;
  return withMigrationLock(sql, options.turn_ms ?? LIMITS.migration_turn_ms, async () => {
    // Asked first: even "if not exists" needs the right to create.
    const [table] = await sql<
      { there: boolean }[]
    >`select to_regclass(format('%I.foretick_migrations', current_schema())) is not null as there`;
    if (!table!.there) {
      await sql`
        create table foretick_migrations (
          file text primary key,
          sha256 text not null,
          capability text not null,
          applied_at timestamptz not null default now()
        )`;
    }
    const applied = await sql<AppliedMigration[]>`
      select file, sha256, capability
      from foretick_migrations
      order by applied_at, file`;
    const laid_out = layoutOf(applied[0]?.capability, capability, log);
    const version = schemaVersion(applied, laid_out, directory);
    check(version, log);
    const { until = Number.POSITIVE_INFINITY } = options;
    for (const migration of version.missing) {
      if (numberOf(migration.file) <= until) await apply(options, migration, laid_out);
    }
    return laid_out;
  });
}

/**
 * Runs `run` while no other process lays the database out. Not a transaction: some statements cannot run in
 * one.
 * @throws ForetickError STORE_MIGRATION naming who holds the lock.
 */
async function withMigrationLock<T>(sql: Sql, turn_ms: number, run: () => Promise<T>): Promise<T> {
  await sql`select set_config('lock_timeout', ${`${turn_ms}ms`}, false)`;
  await sql`select pg_advisory_lock(${LOCK_KEY})`.catch(async (cause: unknown) => {
    if (!IN_USE.includes(codeOf(cause))) throw cause;
    return fail(
      "STORE_MIGRATION",
      `database expected to be free for migrating within ${turn_ms} ms, was held by ${await holderOfLock(sql)}. ` +
        "Wait for that process, or end it, and start again",
      { cause },
    );
  });
  try {
    return await run();
  } finally {
    await sql`select pg_advisory_unlock(${LOCK_KEY})`.catch(() => {});
    await sql`select set_config('lock_timeout', '0', false)`.catch(() => {});
  }
}

function layoutOf(before: Capability | undefined, now: Capability, log: Logger): Capability {
  if (before === undefined || before === now) return now;
  if (now === "timescale" || before === "postgres") {
    log.warn({ laid_out: before, server: now }, "the server can do more than this database was laid out for");
    return before;
  }
  return fail(
    "STORE_VERSION",
    `database laid out for ${before} expected a server that can do that, was ${now}. ` +
      "Install timescaledb with that licence, or use another database",
  );
}

function check({ edited, unknown }: SchemaVersion, log: Logger): void {
  for (const file of edited) {
    fail(
      "STORE_MIGRATION",
      `sql/migrations/${file} expected as it was when it was applied, was edited since. Restore it and write the change as a new migration`,
    );
  }
  for (const file of unknown) {
    log.warn(
      { file },
      "the database has a migration this version does not know: it is newer, or a file was removed",
    );
  }
}

async function apply(options: MigrationOptions, migration: Migration, capability: Capability): Promise<void> {
  const { sql, log, clock = systemClock, lock_ms = LIMITS.migration_lock_ms } = options;
  const { file, text, sha256 } = migration;
  const tries_max = options.tries_max ?? LIMITS.migration_tries_max;
  for (let tries = 1; ; tries++) {
    try {
      // The simple protocol runs a file of many statements as one.
      await sql.unsafe(`begin;\nset local lock_timeout = ${lock_ms};\n${text}`).simple();
      await sql`
        insert into foretick_migrations (file, sha256, capability)
        values (${file}, ${sha256}, ${capability})`;
      await sql`commit`;
      log.info({ file }, "database migrated");
      return;
    } catch (cause) {
      const in_use = IN_USE.includes(codeOf(cause));
      const users = in_use ? await otherSessions(sql) : "";
      await sql`rollback`.catch(() => {});
      if (!in_use) return refuse(file, storeError(cause, "STORE_MIGRATION"));
      if (tries >= tries_max) {
        return fail(
          "STORE_MIGRATION",
          `sql/migrations/${file} expected its tables to be free within ${lock_ms} ms, ${tries} times, were in use (${users}). ` +
            "End those sessions, or stop the services, and start again",
          { cause },
        );
      }
      log.warn({ file, tries, users }, "a migration waits for tables in use: trying again");
      await sleep(clock, BETWEEN_TRIES_MS);
    }
  }
}

/** A lost connection can pass; a failure of the file itself cannot. */
function refuse(file: string, cause: ForetickError): never {
  if (cause.code === "STORE_UNREACHABLE") throw cause;
  return fail("STORE_MIGRATION", `sql/migrations/${file} failed: ${cause.message}`, { cause });
}

async function holderOfLock(sql: Sql): Promise<string> {
  const rows = await sql<{ who: string }[]>`
    select format('%s, pid %s', coalesce(nullif(application_name, ''), 'a session'), pid) as who
    from pg_locks
    join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and classid = 0 and objid = ${LOCK_KEY} and pid <> pg_backend_pid()`.catch(
    () => [],
  );
  return rows[0]?.who ?? "another session";
}

/** Sessions of this database with a transaction open, the oldest first. */
async function otherSessions(sql: Sql): Promise<string> {
  await sql`rollback`.catch(() => {});
  const rows = await sql<{ who: string }[]>`
    select format('%s, pid %s', coalesce(nullif(application_name, ''), 'a session'), pid) as who
    from pg_stat_activity
    where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
    order by xact_start
    limit 3`.catch(() => []);
  return rows.length === 0 ? "none now" : rows.map(({ who }) => who).join("; ");
}
