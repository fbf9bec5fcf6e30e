-- Which rows are believed, and where the data was interrupted. Both are decided once, when a row is received, and
-- stored with it, so that the live path and SQL cannot differ.

alter table trades add column epoch integer not null default 0;
alter table trades add column set_aside text;
alter table quotes add column epoch integer not null default 0;
alter table quotes add column set_aside text;

comment on column trades.epoch is 'Grows by one when the exchange numbers its trades from the start again. The last trade has the highest (epoch, trade_id).';
comment on column trades.set_aside is 'Null: believed. Otherwise why it is not (crossed, non_positive, time_ahead, id_ahead, price_band): it is in no bar.';
comment on column quotes.epoch is 'Grows by one when the exchange numbers its updates from the start again. The last quote has the highest (epoch, update_id).';
comment on column quotes.set_aside is 'Null: believed. Otherwise why it is not (crossed, non_positive, time_ahead, id_ahead, price_band): it is in no bar.';

alter table disconnects add column until timestamptz;
alter table disconnects add column noticed timestamptz;
alter table disconnects add column stream text not null default 'all' check (stream in ('all', 'trade', 'quote', 'depth'));

-- One connection's end can interrupt several streams, each at its own time.
alter table disconnects drop constraint disconnects_pkey;
alter table disconnects add primary key (symbol, ts, received_at, stream);

comment on table disconnects is 'Breaks: intervals (ts, until) in which the data of a stream is not known.';
comment on column disconnects.ts is 'Where the data ended: exchange time of the last believed event before the break.';
comment on column disconnects.until is 'Exchange time of the first believed event after the break; null: it has not ended, or nothing says when it did.';
comment on column disconnects.noticed is 'Exchange time of the first second still open when the live path noticed; null: as ts. Vectors between ts and noticed were emitted before anyone could know.';
comment on column disconnects.stream is 'What was interrupted: all, trade, quote or depth.';
comment on column disconnects.filled_at is 'When the trades of the break had been fetched; null while they have not. Its quotes stay unknown.';
