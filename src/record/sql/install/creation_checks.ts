/** What is looked at before the first table is made, so that a refusal leaves nothing behind. */

import type { Sql } from "postgres";
import { fail } from "../../../base/errors.ts";
import { textsLiteral } from "../array_literal.ts";
import { asked } from "../asked.ts";
import type { SchemaVersion } from "./schema_version.ts";

/**
 * That the tables a database lacks can be made, and are not another program's.
 * @throws ForetickError STORE_REFUSED naming what is in the way.
 */
export async function requireMayCreate(sql: Sql, version: SchemaVersion): Promise<void> {
  if (version.missing.length === 0) return;
  const [found] = await asked(sql<[{ role: string; database: string; schema: string; may: boolean }]>`
    select
      current_user as role,
      current_database() as database,
      current_schema() as schema,
      has_schema_privilege(current_schema(), 'create') as may`);
  const { role, database, schema, may } = found;
  if (!may) {
    fail(
      "STORE_REFUSED",
      `role ${role} expected to create tables in schema ${schema} of database ${database}, may not. ` +
        `As its owner run \`grant create on schema ${schema} to ${role}\`, or let a role that may run \`bun run migrate\` and start the service with MIGRATE=off`,
    );
  }
  if (version.laid_out === undefined) await requireNoStrangers(sql, version, schema);
}

/** Tables of these names that foretick did not make would be taken for its own. */
async function requireNoStrangers(sql: Sql, { missing }: SchemaVersion, schema: string): Promise<void> {
  const made = missing.flatMap(({ text }) =>
    [...text.matchAll(/^create (?:table|view|materialized view) (?:if not exists )?([a-z_0-9]+)/gm)].map(
      ([, name]) => name!,
    ),
  );
  const rows = await asked(sql<{ name: string }[]>`
    select relname as name
    from pg_class
    where relnamespace = current_schema()::regnamespace
      and relname = any(${textsLiteral(made, 0, made.length)}::text[])
    order by relname`);
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(", ");
  fail(
    "STORE_REFUSED",
    `schema ${schema} expected to be free for foretick's tables, has ${names} of another origin. Use an empty database, ` +
      "or a schema of its own: DATABASE_SCHEMA=foretick",
  );
}
