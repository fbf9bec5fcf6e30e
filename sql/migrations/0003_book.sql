-- The order book's sums, second by second. Only the live path has the book, so only it can write them.

create table book_1s (
  symbol text not null,
  sec timestamptz not null,
  bid_qty_top5_e8 bigint not null,
  ask_qty_top5_e8 bigint not null,
  bid_qty_top20_e8 bigint not null,
  ask_qty_top20_e8 bigint not null,
  received_at timestamptz not null,
  primary key (symbol, sec)
);

comment on table book_1s is 'Sums over the top of the order book as they stood at the end of each second.';
comment on column book_1s.sec is 'The second, by its start: the sums stood at sec + 1 s.';
comment on column book_1s.received_at is 'Local clock when the sums were taken.';
