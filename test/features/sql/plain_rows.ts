/** Rows that come by plain INSERTs, and what SQL makes of them: warm or not, bit by bit, and labels. */

import type { Database } from "../../../src/record/database.ts";
import type { SqlVector } from "./sql_world.ts";

export interface Run {
  readonly from_sec: number;
  readonly seconds: number;
  readonly first_id: number;
}

/** Two trades and a quote a second, prices moving a cent a second. */
export async function insert(
  { sql }: Database,
  symbol: string,
  { from_sec, seconds, first_id }: Run,
): Promise<void> {
  await sql.unsafe(
    `insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
    select $1, at_us(($2 + i / 2) * 1000000 + 100000 + i % 2 * 500000), $4 + i, 6000000000000 + i / 2 * 1000000, 1000 + i, i % 3 = 0
    from generate_series(0::bigint, 2 * $3 - 1) as i`,
    [symbol, from_sec, seconds, first_id],
  );
  await sql.unsafe(
    `insert into quotes (symbol, ts, update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8)
    select $1, at_us(($2 + i) * 1000000 + 300000), 7 * ($2 + i), 6000000000000 + i * 1000000, 5000, 6000001000000 + i * 1000000, 7000
    from generate_series(0::bigint, $3 - 1) as i`,
    [symbol, from_sec, seconds],
  );
}

export const warmOf = (rows: ReadonlyMap<number, SqlVector>): number[] =>
  [...rows].filter(([, { warm }]) => warm).map(([t]) => t);

/** Every value told apart, −0 from 0 too. */
export const bitsOf = (rows: ReadonlyMap<number, SqlVector>): string[] =>
  [...rows].map(([t, { warm, values }]) =>
    [t, warm, ...Array.from(values, (value) => (Object.is(value, -0) ? "-0" : value))].join(" "),
  );

export interface Label {
  readonly label_mid: number | null;
  readonly label_last: number | null;
}

export async function labels(
  { sql }: Database,
  symbol: string,
  from_t: number,
  to_t: number,
): Promise<Map<number, Label>> {
  const rows = await sql.unsafe<(Label & { t: string })[]>(
    "select us_of(ts) / 1000000 as t, label_mid, label_last from training_v1($1, at_sec($2), at_sec($3))",
    [symbol, from_t, to_t],
  );
  return new Map(rows.map(({ t, label_mid, label_last }) => [Number(t), { label_mid, label_last }]));
}
