-- Are trade ids missing where no disconnect marks a break?
-- Ids are consecutive per symbol, but for those the exchange has no trade of (absent_trades). A gap is marked where a disconnect falls between the trades around it.
with neighbours as (
  select
    symbol,
    coalesce(first_trade_id, trade_id) as trade_id,
    ts,
    lag(trade_id) over by_id as before_id,
    lag(ts) over by_id as before_ts
  from trades
  window by_id as (partition by symbol order by trades.trade_id)
)
select
  n.symbol,
  n.before_id + 1 as missing_from,
  n.trade_id - 1 as missing_to,
  n.trade_id - n.before_id - 1 as missing,
  n.before_ts,
  n.ts as after_ts
from neighbours n
where n.trade_id > n.before_id + 1
  and not exists (
    select
    from disconnects d
    where d.symbol = n.symbol
      and d.ts >= n.before_ts
      and d.ts <= n.ts
  )
  and not exists (
    select
    from absent_trades a
    where a.symbol = n.symbol
      and a.from_id <= n.before_id + 1
      and a.to_id >= n.trade_id - 1
  )
order by n.symbol, n.trade_id;
