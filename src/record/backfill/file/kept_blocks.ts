/**
 * Bars of trades that are not kept, made of a staged batch by the SELECTs in `sql/bars/`: the same texts as of the bars
 * of stored trades, so that the two are equal. They are kept where retention keeps those of trades it has deleted, and
 * `raw_drops` says so: every reader of bars knows such seconds.
 */

import type { Client } from "pg";
import { BAR_TABLES, type BarTable, REFRESH_LOCK_KEY, selectOf } from "../../bars/bars.ts";
import { BLOCK_US } from "./survey.ts";

const TABLES = BAR_TABLES.filter(({ source }) => source === "trades");

/** What is stored of a block. */
export interface StoredBlock {
  readonly has_trades: boolean;
  /** Ids that its kept bars know. */
  readonly n_ids: number;
}

/** By the start of each block. */
export async function storedBlocks(
  client: Client,
  symbol: string,
  starts: readonly number[],
): Promise<Map<number, StoredBlock>> {
  const { rows } = await client.query<{ start: string; has_trades: boolean; n_ids: string }>(
    `select
      start,
      exists (
        select from trades where symbol = $1 and ts >= at_us(start) and ts < at_us(start + ${BLOCK_US})
      ) as has_trades,
      coalesce(
        (
          select sum(n_ids)
          from trade_bars_1s_kept
          where symbol = $1 and sec >= at_us(start) and sec < at_us(start + ${BLOCK_US})
        ),
        0
      ) as n_ids
    from unnest($2::bigint[]) as start`,
    [symbol, starts],
  );
  return new Map(
    rows.map(({ start, has_trades, n_ids }) => [Number(start), { has_trades, n_ids: Number(n_ids) }]),
  );
}

/** Makes bars of all staged rows, which are those of the blocks that begin at `starts`; kept ones go. */
export async function keepStagedBars(
  client: Client,
  { symbol, epoch, now_us }: { readonly symbol: string; readonly epoch: number; readonly now_us: number },
  starts: readonly number[],
): Promise<void> {
  await client.query("select pg_advisory_xact_lock($1)", [REFRESH_LOCK_KEY]);
  for (const table of TABLES) {
    await client.query(removeOf(table), [symbol, starts]);
    await client.query(KEEP[table.name], [symbol, now_us, epoch]);
  }
  const { rows } = await client.query<{ from_us: string; to_us: string }>(DROPPED, [symbol, starts]);
  await client.query("delete from raw_drops where symbol = $1 and source = 'trades'", [symbol]);
  const ends = (side: "from_us" | "to_us"): string[] => rows.map((row) => row[side]);
  await client.query(
    `insert into raw_drops (symbol, source, from_ts, to_ts)
    select $1, 'trades', at_us(from_us), at_us(to_us)
    from unnest($2::bigint[], $3::bigint[]) as parts(from_us, to_us)`,
    [symbol, ends("from_us"), ends("to_us")],
  );
}

const removeOf = ({ name, columns }: BarTable): string => `
delete from ${name}_kept as b
using unnest($2::bigint[]) as start
where b.symbol = $1 and b.${columns[1]} >= at_us(start) and b.${columns[1]} < at_us(start + ${BLOCK_US})`;

/** $1 symbol, $2 when it was fetched, $3 the epoch. */
const keepOf = (table: BarTable): string => `
with trades as (
  select
    $1::text as symbol,
    at_us(ts_us) as ts,
    trade_id,
    price_e8,
    qty_e8,
    is_buyer_maker,
    false as late,
    at_us($2::bigint) as received_at,
    nullif(first_trade_id, trade_id) as first_trade_id,
    set_aside,
    $3::integer as epoch
  from staged_runs
)
insert into ${table.name}_kept (${table.columns.join(", ")})
${selectOf(table)}`;

const KEEP = Object.fromEntries(TABLES.map((table) => [table.name, keepOf(table)])) as Record<
  BarTable["name"],
  string
>;

/** The stretches of $1 whose trades are not kept, with the blocks that begin at $2. */
const DROPPED = `
select us_of(lower(part)) as from_us, us_of(upper(part)) as to_us
from (
  select unnest(range_agg(stretch)) as part
  from (
    select tstzrange(from_ts, to_ts) as stretch
    from raw_drops
    where symbol = $1 and source = 'trades'
    union all
    select tstzrange(at_us(start), at_us(start + ${BLOCK_US}))
    from unnest($2::bigint[]) as start
  ) as stretches
) as parts`;
