/**
 * Windows written out over the elements of a series: sums and means in which the order counts, and what is cheaper
 * taken by place than from the rows of a window. A null is an element that shows in the result: NaN among floats, the
 * largest or the least integer, or one so small that no sum of the others comes near it.
 */

import type { Expr } from "../algebra/expr.ts";
import { atom, bare, call, chain, constant, element, type Fragment, type Series } from "./text/fragment.ts";
import { intKind } from "./text/types.ts";

export type WindowExpr = Extract<Expr, { kind: "window" }>;

const BIGINT_MAX = (1n << 63n) - 1n;
/** Elements of a window taken at once; longer ones are taken in two steps. */
const AT_ONCE_MAX = 20;

/** A column as a series of floats, null as NaN. */
export const floatSeries = (column: Fragment): Series => seriesOf(column, "f", "'NaN'");

/** `null_is` means null. */
const intSeries = (of: Expr, column: Fragment, kind: string, null_is: bigint): Series =>
  of.type.nullable ? seriesOf(column, kind, `${null_is}`) : seriesOf(column, "x", "0");

/** Even what is never null is so in rows whose own windows begin before the first row; nothing reads those. */
function seriesOf({ reads }: Fragment, kind: string, null_is: string): Series {
  const [column] = [...reads];
  return {
    name: `${column!.name}__${kind}`,
    column: column!,
    element: `coalesce(${column!.name}, ${null_is})`,
  };
}

/** The window's values, oldest first. */
export const elements = (series: Series, count: number, step_s: number): Fragment[] =>
  Array.from({ length: count }, (_, index) => element(series, (count - 1 - index) * step_s));

/** A value made of elements that are NaN where they are null. */
export const orNull = (of: Expr, value: Fragment): Fragment =>
  of.type.nullable ? call("nullif", value, "'NaN'") : value;

/** Whether least and largest are found by place: of integers, which have an order without exceptions. */
export const isPicked = ({ aggregate, of, count }: WindowExpr): boolean =>
  (aggregate.op === "min" || aggregate.op === "max") &&
  of.type.value === "int" &&
  intKind(of) === "bigint" &&
  of.type.max_abs < BIGINT_MAX &&
  count > 1;

/**
 * The least or the largest of the window. Of many values in two steps: of the last `part` at each instant, and of
 * those a part apart; parts may overlap.
 *
 * @param columnFor makes a value of the first step a column.
 */
export function picked(
  { aggregate, of, count, step_s }: WindowExpr,
  column: Fragment,
  columnFor: (value: Fragment, suffix: string) => Fragment,
): Fragment {
  const [function_name, null_is] =
    aggregate.op === "max" ? (["greatest", BIGINT_MAX] as const) : (["least", -BIGINT_MAX] as const);
  const whole = intSeries(of, column, aggregate.op, null_is);
  const pick = (from: Series, backs_s: readonly number[]): Fragment =>
    call(function_name, ...backs_s.map((back_s) => element(from, back_s)));
  const found = (): Fragment => {
    if (count <= AT_ONCE_MAX) return pick(whole, placesOf(count, 1, step_s));
    const part = Math.ceil(Math.sqrt(count));
    const of_part = columnFor(pick(whole, placesOf(part, 1, step_s)), `_${aggregate.op}_${part}x${step_s}`);
    return pick(seriesOf(of_part, aggregate.op, `${null_is}`), placesOf(count, part, step_s));
  };
  return of.type.nullable ? call("nullif", found(), constant(`${null_is}`)) : found();
}

/** How long ago parts begin that together cover `count` values, the newest first (s). */
function placesOf(count: number, part: number, step_s: number): number[] {
  const places = Array.from({ length: Math.ceil(count / part) }, (_, index) => index * part);
  return places.map((place) => Math.min(place, count - part) * step_s);
}

/** Whether a null among the summands shows in the sum. */
export function isSummedByPlace({ aggregate, of, count, step_s }: WindowExpr): boolean {
  if (aggregate.op !== "sum" || of.type.value !== "int" || intKind(of) !== "bigint") return false;
  return step_s > 1 && count <= 2 * AT_ONCE_MAX && 2n * BigInt(count) ** 2n * of.type.max_abs < BIGINT_MAX;
}

/** The exact sum; `columnFor` makes it a column, since it is looked at twice. */
export function summed(
  { of, count, step_s }: WindowExpr,
  column: Fragment,
  columnFor: (value: Fragment, suffix: string) => Fragment,
): Fragment {
  const { max_abs } = of.type as Extract<Expr["type"], { value: "int" }>;
  const least = -BigInt(count) * max_abs;
  const total = chain(elements(intSeries(of, column, `sum${count}`, 2n * least), count, step_s));
  if (!of.type.nullable) return total;
  const raw = columnFor(total, `_sum_${count}x${step_s}`);
  return atom`case when ${raw} >= ${constant(`${least}`)} then ${bare(raw)} end`;
}
