/**
 * Installs the SQL side of the feature sets in the database: functions made from the definitions this process
 * computes live. What is there already, by its comment, is left.
 *
 * Nothing is dropped: other services, people and views may be using a function. A definition has a name of its own
 * (src/features/sql/versions.ts), which never changes its meaning. The plain names are replaced in place, and where a
 * set's columns have changed, which PostgreSQL cannot replace, the old function keeps working under another name.
 */

import type { Sql, TransactionSql } from "postgres";
import { fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import type { FeatureSet } from "../../../features/sets/feature_set.ts";
import type { SqlFunction } from "../../../features/sql/functions.ts";
import { installedFunctions, versionedNames } from "../../../features/sql/versions.ts";
import { LOCK_KEY } from "../../server/capability.ts";
import { textsLiteral } from "../array_literal.ts";
import { asked } from "../asked.ts";
import { codeOf, storeError } from "../store_errors.ts";
import { inTransaction } from "../transaction.ts";
import { MIGRATE_REMEDY } from "./schema_version.ts";

/** "cannot change return type of existing function". */
const OTHER_COLUMNS = "42P13";

/**
 * Run after the migrations, on a client of one connection or more. One transaction: all of them, or none.
 *
 * @returns the functions created or replaced.
 * @throws ForetickError STORE_MIGRATION naming the function; FEATURE_DEFINITION where a set cannot be
 *   expressed in SQL.
 */
export async function installFeatureFunctions(
  sql: Sql,
  sets: readonly FeatureSet[],
  log: Logger,
): Promise<string[]> {
  const wanted = installedFunctions(sets);
  return inTransaction(sql, async (transaction) => {
    await transaction`select set_config('lock_timeout', ${`${LIMITS.migration_turn_ms}ms`}, true)`;
    await transaction`select pg_advisory_xact_lock(${LOCK_KEY})`;
    const stored = await storedComments(transaction, wanted);
    const changed = wanted.filter(({ signature, comment }) => stored.get(signature) !== comment);
    for (const entry of changed) await install(transaction, entry, stored.has(entry.signature));
    const created = changed.map(({ signature }) => signature);
    if (created.length > 0)
      log.info({ functions: created.length }, "SQL functions of the feature sets installed");
    return created;
  });
}

/**
 * That the database has the functions of these sets as this process defines them.
 * @throws ForetickError STORE_VERSION naming the sets it lacks.
 */
export async function requireFeatureFunctions(sql: Sql, sets: readonly FeatureSet[]): Promise<void> {
  const names = new Map(sets.map((set) => [versionedNames(set).features, set]));
  const rows = await asked(sql<{ name: string }[]>`
    select proname as name
    from pg_proc
    where proname = any(${literalOf([...names.keys()])}::text[]) and pronamespace = current_schema()::regnamespace`);
  for (const { name } of rows) names.delete(name);
  if (names.size === 0) return;
  const lacking = [...names.values()].map(({ name }) => name).join(", ");
  fail(
    "STORE_VERSION",
    `database expected to have the SQL functions of feature set ${lacking} as this version defines them, has not. ${MIGRATE_REMEDY}`,
  );
}

/** By signature, the comments of those that are there; "" where there is none. */
async function storedComments(
  sql: TransactionSql,
  functions: readonly SqlFunction[],
): Promise<Map<string, string>> {
  // Older servers fail on a text that can be no name, instead of finding nothing.
  const signatures = functions.map(({ signature }) => signature).filter((text) => /^[a-z0-9_]+\(/.test(text));
  const rows = await sql<{ signature: string; comment: string }[]>`
    select signature, coalesce(obj_description(oid, 'pg_proc'), '') as comment
    from unnest(${literalOf(signatures)}::text[]) as signature
    join pg_proc on oid = to_regprocedure(signature)
    where pronamespace = current_schema()::regnamespace`;
  return new Map(rows.map(({ signature, comment }) => [signature, comment]));
}

const literalOf = (texts: readonly string[]): string => textsLiteral(texts, 0, texts.length);

async function install(sql: TransactionSql, entry: SqlFunction, exists: boolean): Promise<void> {
  const { signature, definition, comment } = entry;
  try {
    await sql
      .savepoint((attempt) => attempt.unsafe(definition))
      .catch(async (cause: unknown) => {
        if (!exists || codeOf(cause) !== OTHER_COLUMNS) throw cause;
        await moveAside(sql, signature);
        await sql.unsafe(definition);
      });
    await sql.unsafe(`comment on function ${signature} is '${comment}'`);
  } catch (cause) {
    fail(
      "STORE_MIGRATION",
      `${signature} expected to be created, was refused: ${storeError(cause).message}`,
      { cause },
    );
  }
}

/** Under a name that no other function ever had: what holds it, holds it by its id. */
async function moveAside(sql: TransactionSql, signature: string): Promise<void> {
  const [row] = await sql<{ oid: string }[]>`select ${signature}::regprocedure::oid::text as oid`;
  const name = signature.slice(0, signature.indexOf("("));
  await sql.unsafe(`alter function ${signature} rename to ${name}_before_${row!.oid}`);
}
