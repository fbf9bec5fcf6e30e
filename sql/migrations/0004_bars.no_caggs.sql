-- Bars as tables, and what a continuous aggregate would do for them: whoever writes trades or quotes, the
-- seconds touched are noted, and the service recomputes those.

create table bars_1s (
  symbol text not null,
  sec timestamptz not null,
  n bigint not null,
  n_buy bigint not null,
  n_single bigint not null,
  open_e8 bigint not null,
  high_e8 bigint not null,
  low_e8 bigint not null,
  close_e8 bigint not null,
  first_trade_id bigint not null,
  last_trade_id bigint not null,
  last_trade_ts_us bigint not null,
  buy_qty_e8 numeric not null,
  sell_qty_e8 numeric not null,
  notional_e16 numeric not null,
  qty_max_e8 bigint not null,
  received_at timestamptz not null,
  primary key (symbol, sec)
);

create table quotes_1s (
  symbol text not null,
  sec timestamptz not null,
  n_quotes bigint not null,
  update_id bigint not null,
  ts_us bigint not null,
  bid_price_e8 bigint not null,
  bid_qty_e8 bigint not null,
  ask_price_e8 bigint not null,
  ask_qty_e8 bigint not null,
  received_at timestamptz not null,
  primary key (symbol, sec)
);

create table trade_sizes_5m (
  symbol text not null,
  block timestamptz not null,
  n bigint not null,
  qty_p95_e8 bigint not null,
  primary key (symbol, block)
);

-- Rows live for seconds. Vacuumed often, and not truncated, which would lock out the writer.
create table dirty_ranges (
  bars text not null,
  symbol text not null,
  span tstzrange not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, vacuum_truncate = false);

comment on table dirty_ranges is 'Whole buckets whose trades or quotes changed after the bars were computed. Append-only for writers: nobody waits.';

-- A statement may hold one old row among new ones: ranges are kept a minute apart, so that it does not make
-- everything in between dirty. Arguments: name of the bars, width of their bucket.
create function note_dirty()
returns trigger
language plpgsql
as $$
declare
  width constant interval := tg_argv[1];
begin
  insert into dirty_ranges (bars, symbol, span)
  select
    tg_argv[0],
    symbol,
    tstzrange(time_bucket(width, min(ts)), time_bucket(width, max(ts)) + width)
  from touched
  where not late
  group by symbol, time_bucket(interval '1 minute', ts);
  return null;
end
$$;

-- Of an update both the old rows and the new ones matter.
create function note_dirty_update()
returns trigger
language plpgsql
as $$
declare
  width constant interval := tg_argv[1];
begin
  insert into dirty_ranges (bars, symbol, span)
  select
    tg_argv[0],
    symbol,
    tstzrange(time_bucket(width, min(ts)), time_bucket(width, max(ts)) + width)
  from (select symbol, ts from before union all select symbol, ts from touched) as changed
  group by symbol, time_bucket(interval '1 minute', ts);
  return null;
end
$$;

create trigger bars_1s_insert after insert on trades
referencing new table as touched
for each statement execute function note_dirty('bars_1s', '1 second');

create trigger trade_sizes_5m_insert after insert on trades
referencing new table as touched
for each statement execute function note_dirty('trade_sizes_5m', '5 minutes');

create trigger quotes_1s_insert after insert on quotes
referencing new table as touched
for each statement execute function note_dirty('quotes_1s', '1 second');

create trigger bars_1s_update after update on trades
referencing old table as before new table as touched
for each statement execute function note_dirty_update('bars_1s', '1 second');

create trigger trade_sizes_5m_update after update on trades
referencing old table as before new table as touched
for each statement execute function note_dirty_update('trade_sizes_5m', '5 minutes');

create trigger quotes_1s_update after update on quotes
referencing old table as before new table as touched
for each statement execute function note_dirty_update('quotes_1s', '1 second');

-- What was stored before there were bars.
insert into dirty_ranges (bars, symbol, span)
select 'bars_1s', symbol, tstzrange(time_bucket('1 second', min(ts)), time_bucket('1 second', max(ts)) + interval '1 second')
from trades
group by symbol
union all
select 'trade_sizes_5m', symbol, tstzrange(time_bucket('5 minutes', min(ts)), time_bucket('5 minutes', max(ts)) + interval '5 minutes')
from trades
group by symbol
union all
select 'quotes_1s', symbol, tstzrange(time_bucket('1 second', min(ts)), time_bucket('1 second', max(ts)) + interval '1 second')
from quotes
group by symbol;
