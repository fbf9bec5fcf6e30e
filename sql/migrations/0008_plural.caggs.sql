-- The new keys. Chunks that are columns become rows again first: they keep the layout they were written with, and
-- a key over columns that this layout does not know is refused by some versions of TimescaleDB. The service
-- converts the old chunks back in its own time. While this runs the disk holds both.

select count(*)
from (
  select decompress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)
  from timescaledb_information.chunks
  where hypertable_schema = current_schema
    and hypertable_name in ('predictions', 'outcomes')
    and is_compressed
) as made_rows;

alter table predictions set (timescaledb.enable_columnstore = false);
alter table outcomes set (timescaledb.enable_columnstore = false);

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

alter table predictions
set (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'venue, symbol, model_version, horizon_s',
  timescaledb.orderby = 'ts'
);

alter table outcomes
set (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'venue, symbol, model_version, horizon_s',
  timescaledb.orderby = 'ts'
);
