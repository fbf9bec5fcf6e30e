-- Is there a prediction whose feature vector was not stored?
select
  p.symbol,
  p.ts,
  p.model_version,
  p.feature_set,
  p.set_hash
from predictions p
where not exists (
  select
  from features_live f
  where f.symbol = p.symbol
    and f.ts = p.ts
    and f.feature_set = p.feature_set
    and f.set_hash = p.set_hash
)
order by p.symbol, p.ts, p.model_version;
