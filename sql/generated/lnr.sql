-- What is 2·artanh(z), cut after z¹⁵ ÷ 15?
create or replace function lnr_series(z float8)
returns float8
language sql
immutable parallel safe
return 2 * z * (1
  + z * z * (1 / 3::float8
  + z * z * (1 / 5::float8
  + z * z * (1 / 7::float8
  + z * z * (1 / 9::float8
  + z * z * (1 / 11::float8
  + z * z * (1 / 13::float8
  + z * z * (1 / 15::float8))))))));

comment on function lnr_series(float8) is 'The logarithm of all features; text f9e72f65d8e3dbf8e4c49f5754f942fc6bf05463464e5d97aa47b745f085fde1';

-- What is ln(a / b) for integers below 2^62? Null unless both are above 0.
create or replace function lnr(a bigint, b bigint)
returns float8
language sql
immutable parallel safe
return case when a > 0 and b > 0 then lnr_series((a - b)::float8 / (a + b)::float8) end;

comment on function lnr(bigint, bigint) is 'The logarithm of all features; text 2bbabc18977f04922b49af4ddb1a35d7615665cf87202124ce0515bc8cf76a1f';

-- What is ln(a / b) for integers of any size? Null unless both are above 0.
create or replace function lnr(a numeric, b numeric)
returns float8
language sql
immutable parallel safe
return case when a > 0 and b > 0 then lnr_series((a - b)::float8 / (a + b)::float8) end;

comment on function lnr(numeric, numeric) is 'The logarithm of all features; text 7f51918cc761d27e1bf38a3cd66c1493ef9b4afa863a1b0d4cee3f941c363fe4';
