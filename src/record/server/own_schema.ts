/**
 * A schema of foretick's own in a database that others use too (DATABASE_SCHEMA). It is first in the `search_path` of every
 * connection, so that all SQL is the same as without it.
 */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { asked } from "../sql/asked.ts";
import { codeOf } from "../sql/store_errors.ts";

/** insufficient_privilege. */
const NO_RIGHT = "42501";

/**
 * That the session works in `schema`, where one is named: tables of the next one in its path are not ours.
 * @throws ForetickError STORE_REFUSED.
 */
export async function requireOwnSchema(sql: Sql, schema: string | undefined): Promise<void> {
  if (schema === undefined) return;
  const [found] = await asked(sql<[{ is_own: boolean; there: boolean; role: string }]>`
    select
      coalesce(current_schema() = ${schema}, false) as is_own,
      to_regnamespace(${schema}) is not null as there,
      current_user as role`);
  if (found.is_own) return;
  fail(
    "STORE_REFUSED",
    found.there
      ? `role ${found.role} expected to use schema ${schema}, may not. As its owner run \`grant usage on schema ${schema} to ${found.role}\``
      : `schema ${schema} (DATABASE_SCHEMA) expected to be there, is not. Run \`bun run migrate\`, or start the service, as a role that may make it`,
  );
}

/** Makes it, where it is not there. @throws ForetickError STORE_REFUSED where this role may not. */
export async function makeOwnSchema(sql: Sql, schema: string | undefined): Promise<void> {
  if (schema === undefined) return;
  // Asked first: even "if not exists" needs the right to create.
  const [found] = await asked(sql<[{ there: boolean; role: string; database: string }]>`
    select to_regnamespace(${schema}) is not null as there, current_user as role, current_database() as database`);
  if (found.there) return requireOwnSchema(sql, schema);
  await sql.unsafe(`create schema if not exists ${schema}`).catch((cause: unknown) => {
    if (codeOf(cause) !== NO_RIGHT) throw cause;
    return fail(
      "STORE_REFUSED",
      `role ${found.role} expected to make schema ${schema} in database ${found.database}, may not. ` +
        `As its owner run \`create schema ${schema} authorization ${found.role}\``,
      { cause },
    );
  });
}
