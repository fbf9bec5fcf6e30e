/** What the role of a session may do, asked before it is tried, so that a reader is not refused half-way. */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { textsLiteral } from "../sql/array_literal.ts";
import { asked } from "../sql/asked.ts";
import { TABLE_NAMES } from "../write/table.ts";

/** Whether rows may be added to `table`. */
export async function mayInsert(sql: Sql, table: string): Promise<boolean> {
  return (
    await onlyRow(sql`
    select has_table_privilege(${table}, 'insert') and current_setting('transaction_read_only') = 'off' as may`)
  ).may;
}

/** Whether the bars may be brought up to date: aggregates by their owner, tables by a role that may write them. */
export async function mayRefreshBars(sql: Sql): Promise<boolean> {
  return (
    await onlyRow(sql`
    select current_setting('transaction_read_only') = 'off' and bool_and(
      case relkind
        when 'v' then pg_has_role(relowner, 'usage')
        else has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'delete')
      end
    ) as may
    from pg_class
    where oid in ('trade_bars_1s'::regclass, 'quote_bars_1s'::regclass, 'trade_blocks_5m'::regclass)`)
  ).may;
}

/**
 * The role that keeps the aggregates, where it is not the session's own but may be taken; undefined where the session
 * needs none. Only TimescaleDB asks for it: tables are kept by any role that may write them.
 */
export async function keeperRole(sql: Sql): Promise<string | undefined> {
  const rows = await asked(sql<{ owner: string }[]>`
    select pg_get_userbyid(relowner) as owner
    from pg_class
    where oid = to_regclass(format('%I.trade_bars_1s', current_schema()))
      and relkind = 'v'
      and not pg_has_role(relowner, 'usage')
      and pg_has_role(relowner, 'member')`);
  return rows[0]?.owner;
}

/**
 * That the session's role may do what a service does.
 * @param keeper the role it may take for keeping the bars.
 * @throws ForetickError STORE_REFUSED naming what to grant.
 */
export async function requireServiceRights(sql: Sql, keeper: string | undefined): Promise<void> {
  const [found] = await asked(sql<
    { role: string; schema: string; lacking: string | null; owner: string | null }[]
  >`
    select
      current_user as role,
      current_schema() as schema,
      string_agg(quote_ident(relname), ', ' order by relname) filter (where not (
        has_table_privilege(oid, 'select')
        and has_table_privilege(oid, 'insert')
        and (relname <> 'disconnects' or has_table_privilege(oid, 'update'))
      )) as lacking,
      (
        select quote_ident(pg_get_userbyid(relowner))
        from pg_class
        where oid = to_regclass(format('%I.trade_bars_1s', current_schema())) and relkind = 'v' and not pg_has_role(relowner, 'usage')
      ) as owner
    from pg_class
    where relnamespace = current_schema()::regnamespace
      and relname = any(${textsLiteral(TABLE_NAMES, 0, TABLE_NAMES.length)}::text[])`);
  const { role, schema, lacking, owner } = found!;
  if (lacking !== null) {
    fail(
      "STORE_REFUSED",
      `role ${role} expected to write ${lacking}, may not. As their owner, run sql/roles/least_privilege.sql's grants, ` +
        `or \`grant select, insert, update, delete on all tables in schema ${schema} to ${role}\``,
    );
  }
  if (owner === null || keeper !== undefined) return;
  fail(
    "STORE_REFUSED",
    `role ${role} expected to refresh the bars, which ${owner} owns, may not. Run \`grant ${owner} to ${role}\` ` +
      `(with \`alter role ${role} noinherit\` it takes that role for this alone)`,
  );
}

async function onlyRow(query: PromiseLike<unknown>): Promise<{ may: boolean }> {
  return ((await asked(query)) as { may: boolean }[])[0]!;
}
