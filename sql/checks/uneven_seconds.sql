-- Is there a vector or a prediction that is not as of a whole second?
select
  'features_live' as relation,
  symbol,
  ts
from features_live
where ts <> date_trunc('second', ts)
union all
select
  'predictions' as relation,
  symbol,
  ts
from predictions
where ts <> date_trunc('second', ts)
order by relation, symbol, ts;
