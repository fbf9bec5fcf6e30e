/**
 * Puts the SQL side of the feature sets into the database: `features_<set>` and `training_<set>`, made from
 * the definitions this process computes live. A function that is there already, by its comment, is left.
 */

import type { Sql, TransactionSql } from "postgres";
import { fail } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { FeatureSet } from "../features/set.ts";
import { type SqlFunction, sqlFiles } from "../features/sql_functions.ts";
import { LOCK_KEY } from "./capability.ts";
import { storeError } from "./store_errors.ts";

/**
 * Run after the migrations, on a client of one connection or more.
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
  const wanted = sqlFiles(sets).flatMap((file) => file.functions);
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK_KEY})`;
    const comments = await storedComments(transaction);
    const changed = wanted.filter(({ comment }) => !comments.has(comment));
    for (const entry of changed) await replace(transaction, entry);
    const created = changed.map(({ signature }) => signature);
    if (created.length > 0) log.info({ functions: created }, "SQL functions of the feature sets created");
    return created;
  });
}

async function storedComments(sql: TransactionSql): Promise<Set<string>> {
  const rows = await sql<{ comment: string }[]>`
    select obj_description(oid, 'pg_proc') as comment
    from pg_proc
    where pronamespace = current_schema()::regnamespace
      and obj_description(oid, 'pg_proc') is not null`;
  return new Set(rows.map(({ comment }) => comment));
}

/** Dropped first where its columns may have changed: a function's result cannot be replaced in place. */
async function replace(sql: TransactionSql, { signature, definition, comment }: SqlFunction): Promise<void> {
  try {
    if (definition.includes("returns table")) await sql.unsafe(`drop function if exists ${signature}`);
    await sql.unsafe(definition);
    await sql.unsafe(`comment on function ${signature} is '${comment}'`);
  } catch (cause) {
    fail(
      "STORE_MIGRATION",
      `${signature} expected to be created, was refused: ${storeError(cause).message}`,
      { cause },
    );
  }
}
