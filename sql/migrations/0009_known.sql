-- Bars of believed rows only, and what is kept of raw rows that are gone. Bars are computed from the raw rows there
-- are (`trade_bars_1s`, `quote_bars_1s`, `trade_blocks_5m`) and, where retention has deleted those, kept beside
-- (`…_kept`), per symbol and exact stretch (`raw_drops`). So bars can be computed again anywhere without harm, and
-- what was dropped can be loaded again.

alter table raw_drops rename to raw_drops_before;
alter index raw_drops_pkey rename to raw_drops_before_pkey;

create table raw_drops (
  symbol text not null,
  source text not null check (source in ('trades', 'quotes')),
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  dropped_at timestamptz not null default now(),
  primary key (symbol, source, from_ts),
  check (from_ts < to_ts)
);

comment on table raw_drops is 'Where retention has deleted raw rows: there the kept bars count, and no others. Stretches of a symbol and source do not overlap.';

create table trade_bars_1s_kept (
  symbol text not null,
  sec timestamptz not null,
  n bigint not null,
  n_buy bigint not null,
  n_single bigint not null,
  open_e8 bigint,
  high_e8 bigint,
  low_e8 bigint,
  close_e8 bigint,
  first_trade_id bigint,
  last_trade_id bigint,
  last_trade_ts_us bigint,
  buy_qty_e8 numeric not null,
  sell_qty_e8 numeric not null,
  notional_e16 numeric not null,
  qty_max_e8 bigint,
  received_at timestamptz,
  epoch integer,
  n_rows bigint not null,
  n_ids bigint not null,
  first_epoch integer,
  first_id bigint,
  last_epoch integer,
  last_id bigint,
  primary key (symbol, sec)
);

create table quote_bars_1s_kept (
  symbol text not null,
  sec timestamptz not null,
  n_quotes bigint not null,
  update_id bigint,
  ts_us bigint,
  bid_price_e8 bigint,
  bid_qty_e8 bigint,
  ask_price_e8 bigint,
  ask_qty_e8 bigint,
  received_at timestamptz,
  epoch integer,
  n_rows bigint not null,
  primary key (symbol, sec)
);

create table trade_blocks_5m_kept (
  symbol text not null,
  block timestamptz not null,
  n bigint not null,
  qty_p95_e8 bigint,
  n_rows bigint not null,
  primary key (symbol, block)
);

comment on table trade_bars_1s_kept is 'Bars whose trades have been deleted. Ids of bars made before version 9 are those of trades in the bar: a late one reads as missing.';
comment on table quote_bars_1s_kept is 'Bars whose quotes have been deleted.';
comment on table trade_blocks_5m_kept is 'Blocks whose trades have been deleted.';

-- Bars made before: kept where their raw rows are gone. A dropped stretch had no symbol and covered whole six-hour
-- stretches; an hour of it counts as dropped for a symbol that has bars in it.
insert into trade_bars_1s_kept
select
  symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id,
  last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, 0, n, n,
  0, first_trade_id, 0, last_trade_id
from bars_1s
where exists (select from raw_drops_before where sec >= from_ts and sec < to_ts);

insert into quote_bars_1s_kept
select
  symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, 0, n_quotes
from quotes_1s
where exists (select from raw_drops_before where sec >= from_ts and sec < to_ts);

insert into trade_blocks_5m_kept
select symbol, block, n, qty_p95_e8, n
from trade_sizes_5m
where exists (select from raw_drops_before where block >= from_ts and block < to_ts);

insert into raw_drops (symbol, source, from_ts, to_ts)
select symbol, source, lower(part), upper(part)
from (
  select symbol, source, unnest(range_agg(tstzrange(hour, hour + interval '1 hour'))) as part
  from (
    select distinct symbol, 'trades' as source, time_bucket(interval '1 hour', sec) as hour
    from trade_bars_1s_kept
    union all
    select distinct symbol, 'quotes', time_bucket(interval '1 hour', sec)
    from quote_bars_1s_kept
  ) as hours
  group by symbol, source
) as parts;

drop table raw_drops_before;
