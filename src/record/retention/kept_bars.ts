/**
 * Bars of raw rows that are gone. Before raw rows are deleted their bars are kept beside, per symbol and for exactly
 * the blocks of five minutes that had any, and `raw_drops` says where kept bars count. Rows loaded there again
 * take their place back, block by block, once they are at least as many as the bars tell of.
 */

import type { Sql, TransactionSql } from "postgres";
import { BAR_TABLES, type BarTable, REFRESH_LOCK_KEY, type Span, timeOf } from "../bars/bars.ts";
import { textFromMicros } from "../sql/time_text.ts";
import { inTransaction } from "../sql/transaction.ts";

type Source = BarTable["source"];

/** All bars count from blocks of the longest bucket. */
const BLOCK = "interval '5 minutes'";

interface Part {
  readonly symbol: string;
  readonly from_ts: string;
  readonly to_ts: string;
}

/**
 * Keeps the bars of all raw rows in `cell`, whole blocks, and writes down that those are gone; the caller deletes
 * them. Bars must be up to date, and refreshed by no one else meanwhile. Done before, it does nothing.
 *
 * @param owned the bars computed from raw rows are ordinary rows: they go. Otherwise a refresh takes them away.
 */
export async function keepBars(sql: Sql, cell: Span, owned: boolean): Promise<void> {
  await inTransaction(sql, async (transaction) => {
    for (const source of ["trades", "quotes"] as const) {
      for (const part of await stored(transaction, source, cell)) {
        for (const bars of BAR_TABLES.filter((table) => table.source === source)) {
          await keep(transaction, bars, part, owned);
        }
        await addDrop(transaction, source, part);
      }
    }
  });
}

/**
 * Gives the stretch of a symbol back to its trades where they have been loaded again: block by block, where there are
 * at least as many as the kept bars tell of.
 *
 * @returns the blocks given back.
 */
export async function reviveTrades(sql: Sql, symbol: string, span: Span): Promise<number> {
  return inTransaction(sql, async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${REFRESH_LOCK_KEY})`;
    const blocks = await transaction.unsafe<Part[]>(WHOLE_AGAIN, [symbol, ...limitsOf(span)]);
    for (const block of blocks) {
      for (const bars of BAR_TABLES.filter(({ source }) => source === "trades")) {
        await remove(transaction, `${bars.name}_kept`, bars, block);
      }
    }
    if (blocks.length > 0) await cutDrops(transaction, "trades", symbol, blocks);
    return blocks.length;
  });
}

/** Blocks of $1 between $2 and $3 in which raw ids are as many as those of the kept bars. */
const WHOLE_AGAIN = `
with dropped as (
  select range_agg(tstzrange(from_ts, to_ts)) * tstzmultirange(tstzrange($2, $3)) as parts
  from raw_drops
  where symbol = $1 and source = 'trades'
),
loaded as (
  select time_bucket(${BLOCK}, ts) as block, sum(trade_id - coalesce(first_trade_id, trade_id) + 1) as n
  from dropped, trades
  where symbol = $1
    and ts >= lower(parts)
    and ts < upper(parts)
    and ts <@ parts
    and (set_aside is null or set_aside <> 'id_ahead')
  group by 1
),
kept as (
  select time_bucket(${BLOCK}, sec) as block, sum(n_ids) as n
  from dropped, trade_bars_1s_kept
  where symbol = $1
    and sec >= lower(parts)
    and sec < upper(parts)
  group by 1
)
select $1 as symbol, block as from_ts, block + ${BLOCK} as to_ts
from loaded
left join kept using (block)
where loaded.n >= coalesce(kept.n, 0)
order by block`;

/** Where raw rows of a source are, by symbol, less what was dropped before. */
async function stored(sql: TransactionSql, source: Source, cell: Span): Promise<Part[]> {
  const bars = source === "trades" ? "trade_bars_1s" : "quote_bars_1s";
  return sql.unsafe<Part[]>(
    `with blocks as (
      select distinct symbol, time_bucket(${BLOCK}, sec) as block
      from ${bars}
      where sec >= $1 and sec < $2
    ),
    found as (
      select symbol, range_agg(tstzrange(block, block + ${BLOCK})) as parts
      from blocks
      group by symbol
    ),
    dropped as (
      select symbol, range_agg(tstzrange(from_ts, to_ts)) as parts
      from raw_drops
      where source = $3
      group by symbol
    )
    select symbol, lower(part) as from_ts, upper(part) as to_ts
    from (
      select found.symbol, unnest(found.parts - coalesce(dropped.parts, '{}')) as part
      from found
      left join dropped using (symbol)
    ) as parts
    order by 1, 2`,
    [...limitsOf(cell), source],
  );
}

async function keep(sql: TransactionSql, bars: BarTable, part: Part, owned: boolean): Promise<void> {
  const columns = bars.columns.join(", ");
  await sql.unsafe(
    `insert into ${bars.name}_kept (${columns})
    select ${columns}
    from ${bars.name}
    where symbol = $1 and ${bars.columns[1]} >= $2 and ${bars.columns[1]} < $3`,
    [part.symbol, part.from_ts, part.to_ts],
  );
  if (!owned) return;
  await remove(sql, bars.name, bars, part);
  await sql`
    delete from dirty_ranges
    where bars = ${bars.name}
      and symbol = ${part.symbol}
      and span <@ tstzrange(${part.from_ts}, ${part.to_ts})`;
}

async function remove(sql: TransactionSql, table: string, bars: BarTable, part: Part): Promise<void> {
  await sql.unsafe(
    `delete from ${table} where symbol = $1 and ${bars.columns[1]} >= $2 and ${bars.columns[1]} < $3`,
    [part.symbol, part.from_ts, part.to_ts],
  );
}

async function addDrop(sql: TransactionSql, source: Source, { symbol, from_ts, to_ts }: Part): Promise<void> {
  await sql`
    insert into raw_drops (symbol, source, from_ts, to_ts)
    values (${symbol}, ${source}, ${from_ts}, ${to_ts})`;
  await rewriteDrops(sql, source, symbol, "{}");
}

const cutDrops = (sql: TransactionSql, source: Source, symbol: string, blocks: readonly Part[]) =>
  rewriteDrops(
    sql,
    source,
    symbol,
    `{${blocks.map(({ from_ts, to_ts }) => `["${from_ts}","${to_ts}")`).join(",")}}`,
  );

/** As few rows as there are stretches. Two statements: in one, the new rows would meet the old ones. */
async function rewriteDrops(
  sql: TransactionSql,
  source: Source,
  symbol: string,
  without: string,
): Promise<void> {
  const rows = await sql.unsafe<{ from_ts: string; to_ts: string; dropped_at: string }[]>(
    `select lower(part) as from_ts, upper(part) as to_ts, dropped_at
    from (
      select unnest(range_agg(tstzrange(from_ts, to_ts)) - $3::tstzmultirange) as part, max(dropped_at) as dropped_at
      from raw_drops
      where symbol = $1 and source = $2
    ) as parts`,
    [symbol, source, without],
  );
  await sql`delete from raw_drops where symbol = ${symbol} and source = ${source}`;
  for (const { from_ts, to_ts, dropped_at } of rows) {
    await sql`
      insert into raw_drops (symbol, source, from_ts, to_ts, dropped_at)
      values (${symbol}, ${source}, ${from_ts}, ${to_ts}, ${dropped_at})`;
  }
}

const limitsOf = ({ from_us, to_us }: Span): [string, string] => [
  textFromMicros(timeOf(from_us)),
  textFromMicros(timeOf(to_us)),
];
