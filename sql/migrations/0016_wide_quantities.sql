-- Of a token worth a thousandth of a cent, the quantities of the best levels add up to more than int8 holds at 1e-8. Then,
-- and only then, the exact sums stand beside, and the columns of int8 show its largest value.
alter table book_1s add column if not exists exact_e8 numeric[];

comment on column book_1s.exact_e8 is 'The four sums in the columns'' order, where one of them does not fit bigint; else null.';
