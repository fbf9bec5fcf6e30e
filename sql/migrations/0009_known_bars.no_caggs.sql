-- New tables take the place of the old. They are filled by the service; until then, features are computed from the
-- raw rows.

drop trigger bars_1s_insert on trades;
drop trigger trade_sizes_5m_insert on trades;
drop trigger quotes_1s_insert on quotes;
drop trigger bars_1s_update on trades;
drop trigger trade_sizes_5m_update on trades;
drop trigger quotes_1s_update on quotes;
drop table bars_1s;
drop table quotes_1s;
drop table trade_sizes_5m;
truncate dirty_ranges;

create table trade_bars_1s (like trade_bars_1s_kept including indexes);
create table quote_bars_1s (like quote_bars_1s_kept including indexes);
create table trade_blocks_5m (like trade_blocks_5m_kept including indexes);

-- As before, but a late row counts too: bars say which ids there are.
create or replace function note_dirty()
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
  group by symbol, time_bucket(interval '1 minute', ts);
  return null;
end
$$;

create trigger trade_bars_1s_insert after insert on trades
referencing new table as touched
for each statement execute function note_dirty('trade_bars_1s', '1 second');

create trigger trade_blocks_5m_insert after insert on trades
referencing new table as touched
for each statement execute function note_dirty('trade_blocks_5m', '5 minutes');

create trigger quote_bars_1s_insert after insert on quotes
referencing new table as touched
for each statement execute function note_dirty('quote_bars_1s', '1 second');

create trigger trade_bars_1s_update after update on trades
referencing old table as before new table as touched
for each statement execute function note_dirty_update('trade_bars_1s', '1 second');

create trigger trade_blocks_5m_update after update on trades
referencing old table as before new table as touched
for each statement execute function note_dirty_update('trade_blocks_5m', '5 minutes');

create trigger quote_bars_1s_update after update on quotes
referencing old table as before new table as touched
for each statement execute function note_dirty_update('quote_bars_1s', '1 second');

insert into dirty_ranges (bars, symbol, span)
select 'trade_bars_1s', symbol, tstzrange(time_bucket('1 second', min(ts)), time_bucket('1 second', max(ts)) + interval '1 second')
from trades
group by symbol
union all
select 'trade_blocks_5m', symbol, tstzrange(time_bucket('5 minutes', min(ts)), time_bucket('5 minutes', max(ts)) + interval '5 minutes')
from trades
group by symbol
union all
select 'quote_bars_1s', symbol, tstzrange(time_bucket('1 second', min(ts)), time_bucket('1 second', max(ts)) + interval '1 second')
from quotes
group by symbol;

-- Where bars are behind their raw rows: what the triggers noted and no refresh has taken yet.
create function bars_behind(p_bars text, p_symbol text, p_from timestamptz, p_to timestamptz)
returns tstzmultirange
language plpgsql
stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
begin
  return (
  select coalesce(range_agg(span), '{}') * tstzmultirange(tstzrange(p_from, p_to))
  from dirty_ranges
  where bars = p_bars
    and symbol = p_symbol
    and span && tstzrange(p_from, p_to)
  );
end
$$;

comment on function bars_behind is 'Where, between two times, bars of a symbol may be behind their raw rows; empty where they are up to date.';
