/**
 * Which schema a database has, beside the one this version writes: read only, so that a command can say what it
 * found and refuse just what it cannot read.
 */

import type { Sql } from "postgres";
import { fail } from "../../../base/errors.ts";
import type { Capability } from "../../server/capability.ts";
import { MIGRATIONS_DIR, type Migration, migrationsFor, numberOf } from "./migration_files.ts";

export interface AppliedMigration {
  readonly file: string;
  readonly sha256: string;
  readonly capability: Capability;
}

export interface SchemaVersion {
  /** Number of the newest migration the database has; 0 where it has none of ours. */
  readonly found: number;
  /** Number of the newest migration of this version. */
  readonly own: number;
  /** What the tables are kept with; undefined where there are none. */
  readonly laid_out: Capability | undefined;
  /** Files of this version that the database lacks, in the order they run. */
  readonly missing: readonly Migration[];
  /** Files the database has and this version does not know: a newer version's. */
  readonly unknown: readonly string[];
  /** Files whose text is not what was applied. */
  readonly edited: readonly string[];
}

/** Neither older nor newer, nor otherwise different. */
export const isOwn = ({ missing, unknown, edited }: SchemaVersion): boolean =>
  missing.length + unknown.length + edited.length === 0;

/** @param otherwise what a database without tables would be laid out for. */
export async function readSchemaVersion(
  sql: Sql,
  otherwise: Capability,
  directory = MIGRATIONS_DIR,
): Promise<SchemaVersion> {
  const [table] = await sql<{ there: boolean }[]>`
    select to_regclass(format('%I.foretick_migrations', current_schema())) is not null as there`;
  const applied = table!.there
    ? await sql<AppliedMigration[]>`
        select file, sha256, capability
        from foretick_migrations
        order by applied_at, file`
    : [];
  return schemaVersion(applied, otherwise, directory);
}

export function schemaVersion(
  applied: readonly AppliedMigration[],
  otherwise: Capability,
  directory: string,
): SchemaVersion {
  const laid_out = applied[0]?.capability;
  const files = migrationsFor(laid_out ?? otherwise, directory);
  const known = new Map(files.map((migration) => [migration.file, migration]));
  const done = new Map(applied.map(({ file, sha256 }) => [file, sha256]));
  return {
    found: newest([...done.keys()]),
    own: newest([...known.keys()]),
    laid_out,
    missing: files.filter(({ file }) => !done.has(file)),
    unknown: [...done.keys()].filter((file) => !known.has(file)),
    edited: [...done].filter(([file, sha256]) => isEdited(known.get(file), sha256)).map(([file]) => file),
  };
}

function isEdited(migration: Migration | undefined, sha256: string): boolean {
  return migration !== undefined && sha256 !== migration.sha256 && sha256 !== migration.sha256_crlf;
}

const newest = (files: readonly string[]): number => Math.max(0, ...files.map(numberOf));

/** e.g. "schema 9", "schema 7, older than this version's 9". */
export function describeSchema(version: SchemaVersion): string {
  const { found, own, missing, unknown } = version;
  if (found === 0) return "no tables of foretick";
  if (missing.length === 0 && unknown.length === 0) return `schema ${found}`;
  if (unknown.length === 0) return `schema ${found}, older than this version's ${own}`;
  if (missing.length === 0) return `schema ${found}, newer than this version's ${own}`;
  return `schema ${found}, of another branch than this version's ${own}`;
}

/** How a person brings a database up to date. */
export const MIGRATE_REMEDY =
  "Run `bun run migrate` as the role that owns the tables, or start the service as it";

/**
 * That everything up to migration `number` is there: what a reader needs who touches only old tables. What
 * a newer version has added is no obstacle.
 * @throws ForetickError STORE_VERSION saying what was found.
 */
export function requireSchema(version: SchemaVersion, number = version.own): void {
  const lacking = version.missing.filter(({ file }) => numberOf(file) <= number);
  if (lacking.length === 0) return;
  fail(
    "STORE_VERSION",
    `database expected with schema ${number}, has ${describeSchema(version)}. ${MIGRATE_REMEDY}`,
    { details: { missing: lacking.map(({ file }) => file) } },
  );
}
