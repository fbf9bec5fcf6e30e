-- A trade that was set aside is kept as it came, whatever its price and size. Rows stored before met the stricter check,
-- so none has to be looked at again ("not valid"); new ones are checked, in every chunk.

alter table trades drop constraint trades_price_e8_check;
alter table trades drop constraint trades_qty_e8_check;
alter table trades add constraint trades_price_e8_check check (set_aside is not null or price_e8 > 0) not valid;
alter table trades add constraint trades_qty_e8_check check (set_aside is not null or qty_e8 >= 0) not valid;
