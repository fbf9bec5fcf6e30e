-- One-second bars, kept by the database by the SELECTs in sql/bars/: as continuous aggregates where the server
-- has them, as tables elsewhere, with the same names and columns.

create table raw_drops (
  from_ts timestamptz primary key,
  to_ts timestamptz not null,
  dropped_at timestamptz not null default now(),
  check (from_ts < to_ts)
);

comment on table raw_drops is 'Where retention has deleted trades and quotes: their bars are all there is, and no refresh reaches in.';

-- History may come as the exchange's aggregates, which tell several trades of one taker order as one.
alter table trades add column first_trade_id bigint check (first_trade_id < trade_id);

comment on table trades is 'Trades, each once. Order them by trade_id: many share a microsecond.';
comment on column trades.first_trade_id is 'Null: one trade. Otherwise the row is an aggregate and stands for all trades from here to trade_id, of one time, price and side.';

-- Rows come in ascending order. An ascending index then grows at its right edge and stays half the size of a
-- descending one, which splits its leftmost page again and again; it is read backwards just as well.
drop index trades_symbol_ts;
drop index quotes_symbol_ts;
create index trades_symbol_ts on trades (symbol, ts);
create index quotes_symbol_ts on quotes (symbol, ts);
