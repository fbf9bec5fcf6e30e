/** The statements that bring a staged batch of history into `trades`. */

/**
 * TimescaleDB refuses a statement that turns more than 100,000 rows of a columnstore back into rows, unless
 * this is set; old days are columns. Without TimescaleDB the setting has no effect.
 */
export const STAGING = `
set timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
create temp table staged_runs (
  first_trade_id bigint not null,
  trade_id bigint not null,
  ts_us bigint not null,
  price_e8 bigint not null,
  qty_e8 bigint not null,
  is_buyer_maker boolean not null,
  set_aside text
) on commit delete rows;
create index on staged_runs (trade_id)`;

/** $1 symbol, $2 and $3 the batch's times. */
const NEARBY = "t.symbol = $1 and t.ts >= at_us($2::bigint) and t.ts < at_us($3::bigint)";

/** $4 and $5: the batch's lowest and highest id. */
export const ANY_KNOWN = `
select exists (
  select
  from trades t
  where ${NEARBY}
    and t.trade_id >= $4::bigint
    and coalesce(t.first_trade_id, t.trade_id) <= $5::bigint
) as known`;

export const REPLACE_AGGREGATES = `
delete from trades t
where ${NEARBY}
  and t.first_trade_id is not null
  and exists (
    select
    from staged_runs s
    where s.first_trade_id = s.trade_id
      and s.set_aside is null
      and s.trade_id between t.first_trade_id and t.trade_id
  )`;

/** Single trades that are told otherwise now. A time that only lacks its microseconds is the same. */
export const REMOVE_DIFFERING = `
delete from trades t
using staged_runs s
where ${NEARBY}
  and t.first_trade_id is null
  and t.set_aside is null
  and s.first_trade_id = s.trade_id
  and s.set_aside is null
  and s.trade_id = t.trade_id
  and (
    s.price_e8 <> t.price_e8
    or s.qty_e8 <> t.qty_e8
    or s.is_buyer_maker <> t.is_buyer_maker
    or s.ts_us / 1000 <> us_of(t.ts) / 1000
  )`;

/** Staged rows as rows of `trades`: $1 the symbol, `fetched` when they were, `epoch` their numbering. */
const intoTrades = (fetched: string, epoch: string, which: string): string => `
insert into trades (
  symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, received_at, first_trade_id, set_aside, epoch
)
select
  $1,
  at_us(s.ts_us),
  s.trade_id,
  s.price_e8,
  s.qty_e8,
  s.is_buyer_maker,
  at_us(${fetched}::bigint),
  nullif(s.first_trade_id, s.trade_id),
  s.set_aside,
  ${epoch}::integer
from staged_runs s
where ${which}
order by s.trade_id`;

/** $4: when it was fetched, $5: the epoch. Of single trades the planner shall see an equation, which it can hash. */
const insert = (which: string, known_by: string): string => {
  const unknown = `not exists (select from trades t where ${NEARBY} and t.set_aside is null and ${known_by})`;
  return `${intoTrades("$4", "$5", `${which}\n  and s.set_aside is null\n  and ${unknown}`)}
on conflict (symbol, trade_id, ts) do update
set
  price_e8 = excluded.price_e8,
  qty_e8 = excluded.qty_e8,
  is_buyer_maker = excluded.is_buyer_maker,
  first_trade_id = excluded.first_trade_id,
  late = false,
  received_at = excluded.received_at,
  epoch = excluded.epoch,
  set_aside = null
where trades.set_aside is not null`;
};

export const ADD_TRADES = insert("s.first_trade_id = s.trade_id", "t.trade_id = s.trade_id");
export const ADD_AGGREGATES = insert(
  "s.first_trade_id < s.trade_id",
  "t.trade_id between s.first_trade_id and s.trade_id",
);

/** $2: when it was fetched, $3: the epoch. Its id is known by a believed row of the same time alone, or counts as missing. */
export const ADD_SET_ASIDE = `${intoTrades("$2", "$3", "s.set_aside is not null")}
on conflict do nothing
returning trade_id, us_of(ts) as ts_us, set_aside as reason`;

export const MARK_DAY = `
insert into archive_days (symbol, day, kind, file, sha256, first_trade_id, last_trade_id, n, refused)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (symbol, day, kind) do update
set
  file = excluded.file,
  sha256 = excluded.sha256,
  first_trade_id = excluded.first_trade_id,
  last_trade_id = excluded.last_trade_id,
  n = excluded.n,
  refused = excluded.refused,
  loaded_at = excluded.loaded_at`;
