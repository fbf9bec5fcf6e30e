/**
 * Exact sums of neighbouring values as differences: the sum so far less what it was some seconds ago. Each value is
 * added once, whatever windows it is in, and windows of all lengths are one pass over the rows. Only where sums have no
 * rounding is that the window's own sum.
 */

import { type Expr, exprText } from "../algebra/expr.ts";
import type { WindowExpr } from "./gather.ts";
import { atom, bare, call, type Fragment, over, type Rows, sql } from "./text/fragment.ts";
import { intKind } from "./text/types.ts";

/** Makes values columns, which is what a window function can read. */
export interface ColumnMaker {
  columnOf(expr: Expr): Fragment;
  /** The expression over columns, without one of its own. */
  written(expr: Expr): Fragment;
  /** `key` says what it is; two with one key are one column. */
  column(key: string, expr: Expr, fragment: Fragment, suffix?: string): Fragment;
}

/** All instants in order, up to each: what lag needs, and sums so far; one pass for both. */
export const SECONDS: Rows = {
  name: "seconds",
  definition: "(order by t rows unbounded preceding)",
  reach_s: 0,
};

/** Whether its sum can be such a difference. */
export const isSummedSoFar = ({ aggregate, of, step_s }: WindowExpr): boolean =>
  aggregate.op === "sum" && of.type.value === "int" && step_s === 1;

/** Where no row is `count` seconds ago, nothing had been summed then. */
export function differenceOfSums(expr: WindowExpr, columns: ColumnMaker): Fragment {
  const { of, count } = expr;
  const summand = summandOf(of, columns);
  const within = (aggregate: "sum" | "count"): Fragment => {
    const total = over(call(aggregate, summand), SECONDS);
    // Of nothing but nulls, count is 0 and sum is null.
    const value = aggregate === "sum" ? call("coalesce", total, 0) : total;
    const key = `${aggregate} so far of ${exprText(of)}`;
    const so_far = columns.column(key, of, value, `_${aggregate}_so_far`);
    return sql`${so_far} - ${over(call("lag", so_far, count, 0), SECONDS, count)}`;
  };
  const whole = sumOf(expr, within("sum"));
  if (!of.type.nullable) return whole;
  return atom`case when ${bare(within("count"))} = ${count} then ${bare(whole)} end`;
}

/** Written out where the instants have all of it: a sum so far reads it once a row. */
function summandOf(of: Expr, columns: ColumnMaker): Fragment {
  const written = columns.written(of);
  const of_instants = [...written.reads].every(({ stage }) => stage === 0);
  const has_more = written.windows.size + written.series.size > 0;
  return of_instants && !has_more && !of.type.nullable ? written : columns.columnOf(of);
}

/** sum(bigint) is numeric in PostgreSQL; back where it fits. */
export const sumOf = (expr: WindowExpr, value: Fragment): Fragment =>
  intKind(expr) === "bigint" ? atom`${{ ...value, atomic: false }}::bigint` : value;
