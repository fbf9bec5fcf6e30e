-- The bars for people and reports, as far as they have been refreshed: those of raw rows that are there, and the kept
-- ones of those that are not. Feature functions read the parts below, and the raw rows where bars are behind.

create view bars_1s as
select
  symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id,
  last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch
from trade_bars_1s as b
where n > 0
  and not exists (
    select
    from raw_drops d
    where d.symbol = b.symbol and d.source = 'trades' and b.sec >= d.from_ts and b.sec < d.to_ts
  )
union all
select
  symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id,
  last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch
from trade_bars_1s_kept
where n > 0;

create view quotes_1s as
select
  symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch
from quote_bars_1s as b
where n_quotes > 0
  and not exists (
    select
    from raw_drops d
    where d.symbol = b.symbol and d.source = 'quotes' and b.sec >= d.from_ts and b.sec < d.to_ts
  )
union all
select
  symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch
from quote_bars_1s_kept
where n_quotes > 0;

create view trade_sizes_5m as
select symbol, block, n, qty_p95_e8
from trade_blocks_5m as b
where n > 0
  and not exists (
    select
    from raw_drops d
    where d.symbol = b.symbol and d.source = 'trades' and b.block >= d.from_ts and b.block < d.to_ts
  )
union all
select symbol, block, n, qty_p95_e8
from trade_blocks_5m_kept
where n > 0;

comment on view bars_1s is 'Trades by second, as far as bars have been refreshed.';
comment on view quotes_1s is 'The last quote of each second, as far as bars have been refreshed.';
comment on view trade_sizes_5m is 'The 95th percentile of trade sizes by block of five minutes, as far as bars have been refreshed.';

-- Which parts of a symbol's bars are to be found where.
create type bar_places as (
  -- Not in the bars computed from raw rows: behind, or dropped.
  elsewhere tstzmultirange,
  -- In the kept bars.
  dropped tstzmultirange,
  -- To be computed from the raw rows.
  raw tstzmultirange
);
