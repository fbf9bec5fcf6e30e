/**
 * Versioned SQL, run once each, in order: `sql/migrations/NNNN_name.sql` for every server, then its tails
 * `NNNN_name.<tail>.sql` for what the server can do. Each file is a transaction of its own and is recorded
 * with its sha256; a file that was edited after it had been applied is refused.
 *
 * Own runner: drizzle's runs everything in one transaction and cannot choose tails.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { fail } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { type Capability, LOCK_KEY } from "./capability.ts";
import { storeError } from "./store_errors.ts";

/** Which servers a tail is for. */
const TAILS: Readonly<Record<string, readonly Capability[]>> = {
  hypertables: ["timescale", "timescale-apache"],
  plain: ["postgres"],
  caggs: ["timescale"],
  no_caggs: ["timescale-apache", "postgres"],
};

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)(?:\.([a-z_]+))?\.sql$/;

export const MIGRATIONS_DIR = new URL("../../sql/migrations/", import.meta.url).pathname;

export interface Migration {
  readonly file: string;
  readonly sha256: string;
  readonly text: string;
}

export interface MigrationOptions {
  /** One session: the lock and the files share it. */
  readonly sql: Sql;
  readonly capability: Capability;
  readonly log: Logger;
  readonly directory?: string;
}

/** The files for a server of `capability`, in the order they run. */
export function migrationsFor(capability: Capability, directory = MIGRATIONS_DIR): Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".sql"));
  const chosen = files.filter((file) => {
    const part = FILE_NAME.exec(file);
    const tail = part?.[3];
    if (!part || (tail && !TAILS[tail])) {
      const tails = Object.keys(TAILS).join(", ");
      return fail(
        "STORE_MIGRATION",
        `${file} expected NNNN_name.sql or NNNN_name.<tail>.sql, tail one of ${tails}. Rename it`,
      );
    }
    return !tail || TAILS[tail]!.includes(capability);
  });
  // "0001_raw.sql" before "0001_raw.caggs.sql": a base before its tails.
  const key = (file: string): string => file.replace(/\.sql$/, "");
  chosen.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return chosen.map((file) => {
    const text = included(readFileSync(join(directory, file), "utf8"), directory);
    return { file, text, sha256: createHash("sha256").update(text).digest("hex") };
  });
}

/** psql's `\ir path` on a line of its own stands for that file, so that one text can serve two migrations. */
function included(text: string, directory: string): string {
  return text.replace(/^\\ir (\S+)$/gm, (_, path: string) =>
    readFileSync(join(directory, path), "utf8").trimEnd(),
  );
}

/**
 * Brings the database up to date. Where it was laid out for a capability before, that one stays: tables do
 * not become hypertables under a running history.
 *
 * @returns the capability the database is laid out for.
 * @throws ForetickError STORE_MIGRATION naming the file; STORE_VERSION where the server can do less than
 *   the database was laid out for.
 */
export async function migrate({ sql, capability, log, directory }: MigrationOptions): Promise<Capability> {
  await sql`select pg_advisory_lock(${LOCK_KEY})`;
  try {
    await sql`
      create table if not exists foretick_migrations (
        file text primary key,
        sha256 text not null,
        capability text not null,
        applied_at timestamptz not null default now()
      )`;
    const applied = await sql<{ file: string; sha256: string; capability: Capability }[]>`
      select file, sha256, capability
      from foretick_migrations
      order by applied_at, file`;
    const laid_out = layoutOf(applied[0]?.capability, capability, log);
    const files = migrationsFor(laid_out, directory);
    const done = new Map(applied.map((row) => [row.file, row.sha256]));
    for (const migration of files) {
      const sha256 = done.get(migration.file);
      if (sha256 === undefined) await apply(sql, migration, laid_out, log);
      else if (sha256 !== migration.sha256) refuseEdited(migration.file);
      done.delete(migration.file);
    }
    for (const file of done.keys()) {
      log.warn(
        { file },
        "the database has a migration this version does not know: it is newer, or a file was removed",
      );
    }
    return laid_out;
  } finally {
    await sql`select pg_advisory_unlock(${LOCK_KEY})`.catch(() => {});
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

function refuseEdited(file: string): never {
  return fail(
    "STORE_MIGRATION",
    `sql/migrations/${file} expected as it was when it was applied, was edited since. Restore it and write the change as a new migration`,
  );
}

async function apply(sql: Sql, migration: Migration, capability: Capability, log: Logger): Promise<void> {
  const { file, text, sha256 } = migration;
  try {
    // The simple protocol runs a file of many statements as one.
    await sql.unsafe(`begin;\n${text}`).simple();
    await sql`
      insert into foretick_migrations (file, sha256, capability)
      values (${file}, ${sha256}, ${capability})`;
    await sql`commit`;
  } catch (cause) {
    await sql`rollback`.catch(() => {});
    return fail("STORE_MIGRATION", `sql/migrations/${file} failed: ${storeError(cause).message}`, { cause });
  }
  log.info({ file }, "database migrated");
}
