-- Which days of the archive have been loaded. Written in the transaction that loads a day's last rows, so a
-- backfill that was killed goes on where it was.

create table archive_days (
  symbol text not null,
  day date not null,
  kind text not null check (kind in ('trades', 'aggTrades')),
  file text not null,
  sha256 text not null,
  first_trade_id bigint,
  last_trade_id bigint,
  n bigint not null,
  refused bigint not null,
  loaded_at timestamptz not null default now(),
  primary key (symbol, day, kind)
);

comment on table archive_days is 'UTC days loaded whole from the archive.';
comment on column archive_days.first_trade_id is 'Null for a day without a trade.';
comment on column archive_days.n is 'Trades that the day''s rows stand for.';
comment on column archive_days.refused is 'Rows of the file that stand for no trade.';
