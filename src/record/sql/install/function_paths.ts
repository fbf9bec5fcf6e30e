/**
 * Functions whose bodies are text find their tables by the caller's `search_path`. In a schema of foretick's own they are given
 * that of their makers, so that a person who calls them from elsewhere is answered from there, and triggers write there.
 */

import type { Sql } from "postgres";
import type { FeatureSet } from "../../../features/sets/feature_set.ts";
import { featureFunctionName } from "../../../features/sql/compile.ts";
import { knownFunctions } from "../../../features/sql/known.ts";
import { trainingFunctionName } from "../../../features/sql/training.ts";
import { textsLiteral } from "../array_literal.ts";

const literalOf = (texts: readonly string[]): string => textsLiteral(texts, 0, texts.length);

/**
 * As the role that owns them. Those that a set's function calls are left: they are a part of its statement, which they
 * could not be with a path of their own. It is the names for people that get one; our own statements call the others.
 */
export async function fixPaths(sql: Sql, sets: readonly FeatureSet[]): Promise<void> {
  const called = knownFunctions().map(({ signature }) => signature.slice(0, signature.indexOf("(")));
  const for_people = sets.flatMap((set) => [featureFunctionName(set), trainingFunctionName(set)]);
  const rows = await sql<{ signature: string }[]>`
    select p.oid::regprocedure::text as signature
    from pg_proc as p
    join pg_language as l on l.oid = prolang
    where pronamespace = current_schema()::regnamespace
      and lanname in ('sql', 'plpgsql')
      and (prosqlbody is null or proname = any(${literalOf(for_people)}::text[]))
      and proname <> all(${literalOf(called)}::text[])
      and not exists (select from unnest(proconfig) as setting where setting like 'search_path=%')`;
  for (const { signature } of rows) {
    await sql.unsafe(`alter function ${signature} set search_path from current`).simple();
  }
}
