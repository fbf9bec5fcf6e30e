/** Which tables a backup holds, and what of a table's makings a restore has to look after. */

import type { Client } from "pg";
import { MIGRATIONS_DIR, tablesOf } from "../sql/install/migration_files.ts";

/** Which migrations are there says the manifest. */
const NOT_KEPT = ["foretick_migrations"];

/** Recomputed from raw rows where the other side keeps them otherwise. */
const DERIVED = ["trade_bars_1s", "quote_bars_1s", "trade_blocks_5m", "quality_1m", "dirty_ranges"];

export interface OwnTable {
  readonly name: string;
  /** In their order; without those the database computes. */
  readonly columns: readonly string[];
  /** On disk without indexes. */
  readonly bytes: number;
}

/** Those of foretick's tables there are in the session's schema, each after the ones it refers to. */
export async function ownTables(client: Client): Promise<OwnTable[]> {
  const { rows } = await client.query<OwnTable & { before: string[] }>(
    `select
      c.relname::text as name,
      (
        select array_agg(attname::text order by attnum)
        from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = ''
      ) as columns,
      (
        select coalesce(sum(pg_table_size(part)), 0)::float8
        from (select c.oid as part union all select inhrelid from pg_inherits where inhparent = c.oid) as parts
      ) as bytes,
      array(
        select other.relname::text
        from pg_constraint
        join pg_class as other on other.oid = confrelid
        where conrelid = c.oid and contype = 'f' and confrelid <> c.oid
      ) as before
    from pg_class as c
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname::text = any($1)
    order by relname`,
    [tablesOf(MIGRATIONS_DIR).filter((name) => !NOT_KEPT.includes(name))],
  );
  const ordered: OwnTable[] = [];
  const visit = ({ before, ...table }: (typeof rows)[number]): void => {
    if (ordered.some(({ name }) => name === table.name)) return;
    for (const row of rows) if (before.includes(row.name)) visit(row);
    ordered.push(table);
  };
  for (const row of rows) visit(row);
  return ordered;
}

/** Whether `table` holds nothing that is not computed from other tables. */
export const isDerived = (table: string): boolean => DERIVED.includes(table);

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
