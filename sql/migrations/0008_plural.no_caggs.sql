-- The new keys, on tables whose rows are rows.

-- A model version has one horizon for life, so its predictions tell the horizon of its outcomes.
update outcomes o
set horizon_s = p.horizon_s
from (
  select distinct
    symbol,
    model_version,
    horizon_s
  from predictions
  where horizon_s <> 10
) p
where p.symbol = o.symbol
  and p.model_version = o.model_version;

alter table outcomes alter column horizon_s drop default;

alter table predictions
  drop constraint predictions_pkey,
  add constraint predictions_pkey primary key (venue, symbol, ts, model_version, horizon_s),
  add constraint predictions_role check (role in ('champion', 'challenger', 'shadow', 'fallback'));

alter table outcomes
  drop constraint outcomes_pkey,
  add constraint outcomes_pkey primary key (venue, symbol, ts, model_version, horizon_s);
