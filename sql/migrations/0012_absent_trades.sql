-- Trade ids the exchange itself has no believable trade of: asked for between two trades it has, REST answered without
-- them. They are no hole in what is stored, and once it has said so often enough they are not asked for again.

create table absent_trades (
  symbol text not null,
  epoch integer not null default 0,
  from_id bigint not null,
  to_id bigint not null check (to_id >= from_id),
  answers integer not null default 1,
  asked_at timestamptz not null,
  primary key (symbol, epoch, from_id, to_id)
);

comment on table absent_trades is 'Trade ids that REST answers without, though it has the trades on either side.';
comment on column absent_trades.from_id is 'The first id of the range; to_id is the last.';
comment on column absent_trades.answers is 'How often REST has said so. The repair asks a second time, later, before it believes it.';
