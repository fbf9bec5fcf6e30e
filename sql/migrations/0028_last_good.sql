-- A last good model for champions that moved before there was an alias for it: what the last promotion that was not
-- taken back has replaced. From here on every move of a champion keeps it.

with last_promotions as (
  select distinct on (e.symbol) e.symbol, e.version_before
  from model_events e
  where e.alias = 'champion'
    and e.action = 'promote'
    and not exists (select from model_events u where u.undoes = e.event_id)
  order by e.symbol, e.event_id desc
),
added as (
  insert into model_aliases (symbol, alias, version, moved_by, reason)
  select p.symbol, 'fallback', p.version_before, 'migration', 'the champion before this one'
  from last_promotions p
  join model_aliases a on a.symbol = p.symbol and a.alias = 'champion'
  where p.version_before is not null and p.version_before <> a.version
  on conflict (symbol, alias) do nothing
  returning symbol, version
)
insert into model_events (actor, action, version, symbol, alias, reason)
select 'migration', 'promote', version, symbol, 'fallback', 'the champion before this one'
from added;
