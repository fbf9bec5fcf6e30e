/** docs/reference/tables.md: tables and views as a database of this version has them, with their own comments. */

import type { Sql } from "postgres";

interface Column {
  readonly relation: string;
  readonly kind: "table" | "view";
  readonly about: string | null;
  readonly column: string;
  readonly type: string;
  readonly required: boolean;
  readonly says: string | null;
}

/** @param sql of a migrated database without TimescaleDB, where bars are tables. */
export async function tablesPage(sql: Sql): Promise<string> {
  const columns = await sql<Column[]>`
    select
      c.relname as relation,
      case c.relkind when 'v' then 'view' else 'table' end as kind,
      obj_description(c.oid, 'pg_class') as about,
      attname as column,
      format_type(atttypid, atttypmod) as type,
      attnotnull as required,
      col_description(c.oid, attnum) as says
    from pg_class as c
    join pg_attribute on attrelid = c.oid
    where relnamespace = current_schema()::regnamespace
      and relkind in ('r', 'p', 'v')
      and attnum > 0
      and not attisdropped
    order by relname, attnum`;
  const relations = Map.groupBy(columns, ({ relation }) => relation);
  const cell = (text: string | null): string => (text ?? "").replaceAll("|", "\\|").replaceAll("\n", " ");
  const parts = [...relations].map(([name, of]) => [
    `## ${name}`,
    "",
    `${of[0]!.kind === "view" ? "A view. " : ""}${of[0]!.about ?? ""}`.trim(),
    "",
    "| Column | Type | |",
    "|---|---|---|",
    ...of.map(({ column, type, required, says }) => {
      const null_too = required || of[0]!.kind === "view" ? "" : ", or null";
      return `| \`${column}\` | ${type}${null_too} | ${cell(says)} |`;
    }),
    "",
  ]);
  return [
    "<!-- Written by `bun scripts/docs.ts --tables` from sql/migrations/. Change those, not this page. -->",
    "",
    "# Tables and views",
    "",
    "As a PostgreSQL without TimescaleDB has them; with it the big ones are hypertables, and bars and `quality_1m` continuous aggregates with the same columns. Prices and quantities are integers at 1e-8 where a name ends in `_e8`; times are UTC, to the microsecond. Functions for people: [features](../features.md), `reliability_of` and `quality_of` ([API](../api.md)).",
    "",
    ...parts.flat(),
  ].join("\n");
}
