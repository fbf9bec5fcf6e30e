-- Is any trade stored twice? The key holds the time too, so one id with two times would pass it.
select
  symbol,
  trade_id,
  count(*) as times_stored,
  min(ts) as first_ts,
  max(ts) as last_ts
from trades
group by symbol, trade_id
having count(*) > 1
order by symbol, trade_id;
