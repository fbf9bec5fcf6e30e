/**
 * The project's logarithm in SQL: the steps of lnr.ts, in its order. PostgreSQL puts both bodies in place of
 * the call, which costs less than a call would, although the ratio is then written out sixteen times.
 */

const BODY = "case when a > 0 and b > 0 then lnr_series((a - b)::float8 / (a + b)::float8) end";

const lnrOf = (type: string): string => `create or replace function lnr(a ${type}, b ${type})
returns float8
language sql
immutable parallel safe
return ${BODY}`;

/** Each creates or replaces one function; in this order. */
export const LNR_FUNCTIONS: readonly { readonly signature: string; readonly definition: string }[] = [
  {
    signature: "lnr_series(float8)",
    definition: `-- What is 2·artanh(z), cut after z¹⁵ ÷ 15?
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
  + z * z * (1 / 15::float8))))))))`,
  },
  {
    signature: "lnr(bigint, bigint)",
    definition: `-- What is ln(a / b) for integers below 2^62? Null unless both are above 0.
${lnrOf("bigint")}`,
  },
  {
    signature: "lnr(numeric, numeric)",
    definition: `-- What is ln(a / b) for integers of any size? Null unless both are above 0.
${lnrOf("numeric")}`,
  },
];
