/**
 * Windows of the algebra. Exact sums of neighbouring values are PostgreSQL's own aggregates. Those in which the order
 * counts, and least and largest, are written out over the elements of a series (gather.ts): no aggregate of floats
 * promises an order, and none can drop the largest value as its window moves on. Quantiles are taken from
 * arrays.
 */

import { type CompareOp, type Expr, exprText } from "../algebra/expr.ts";
import { rankOf } from "../live/block.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import {
  elements,
  floatSeries,
  isPicked,
  isSummedByPlace,
  orNull,
  picked,
  summed,
  type WindowExpr,
} from "./gather.ts";
import { type ColumnMaker, differenceOfSums, isSummedSoFar, sumOf } from "./sums_so_far.ts";
import {
  atom,
  bare,
  call,
  chain,
  constant,
  type Fragment,
  over,
  type Rows,
  slice,
  sql,
} from "./text/fragment.ts";
import { floatLiteral } from "./text/literals.ts";
import { windowsIn } from "./usage.ts";

/** `count` instants up to `back_s` seconds ago, `step_s` apart: those with the same remainder of t. */
function lastRows(count: number, step_s: number, back_s = 0): Rows {
  const reach_s = (count - 1) * step_s + back_s;
  if (step_s > 1) {
    const definition = `(partition by t % ${step_s} order by t rows ${count - 1} preceding)`;
    return { name: `last_${count}x${step_s}`, definition, reach_s };
  }
  const frame = back_s > 0 ? `between ${reach_s} preceding and ${back_s} preceding` : `${reach_s} preceding`;
  const name = back_s > 0 ? `last_${count}_${back_s}s_ago` : `last_${count}`;
  return { name, definition: `(order by t rows ${frame})`, reach_s };
}

/** As `lastRows`, the newest first, which is itself. */
const newestFirst = (count: number, step_s: number): Rows => ({
  name: `newest_${count}x${step_s}`,
  definition: `(partition by t % ${step_s} order by t desc rows between current row and ${count - 1} following)`,
  reach_s: (count - 1) * step_s,
});

export class WindowCompiler {
  readonly #columns: ColumnMaker;
  /** Longest window whose values are gathered, by `valuesKey`. */
  readonly #longest: ReadonlyMap<string, number>;
  /** Whether exact sums of several lengths are asked for: of one length, its own window costs as little. */
  readonly #sums_differ: boolean;

  constructor(set: FeatureSet, columns: ColumnMaker) {
    this.#columns = columns;
    this.#longest = longestGathered(set);
    const sums = windowsIn(set).filter(isSummedSoFar);
    this.#sums_differ = sums.some(({ count }) => count !== sums[0]!.count);
  }

  compile(expr: WindowExpr): Fragment {
    const { aggregate, of } = expr;
    if (aggregate.op === "weighted") return this.#weighted(expr, aggregate.weights);
    if (aggregate.op === "stddev") return this.#stddev(expr);
    if (aggregate.op === "quantile")
      return this.#quantile(expr, rankOf(expr.count, aggregate.num, aggregate.den));
    if (aggregate.op === "sum" && of.type.value === "float") return orNull(of, chain(this.#floats(expr)));
    if (isPicked(expr)) return picked(expr, this.#columns.columnOf(of), this.#columnFor(expr));
    if (isSummedByPlace(expr)) return summed(expr, this.#columns.columnOf(of), this.#columnFor(expr));
    if (this.#sums_differ && isSummedSoFar(expr)) return differenceOfSums(expr, this.#columns);
    const rows = lastRows(expr.count, expr.step_s);
    const column = this.#columns.columnOf(of);
    const value = over(call(aggregate.op, column), rows);
    const whole = aggregate.op === "sum" ? sumOf(expr, value) : plusZero(expr, value);
    // Null as soon as one of the values is, where they can be.
    if (!of.type.nullable) return whole;
    return atom`case when ${over(call("count", column), rows)} = ${expr.count} then ${bare(whole)} end`;
  }

  /**
   * The window's values, oldest first: the elements of an array, for one pass over the rows of a window costs
   * less than a lag for each of them. A second apart, one array per window; further apart the rows are sorted
   * anyway, and the longest window's array serves all.
   */
  #values(expr: WindowExpr, back_s = 0): Fragment[] {
    const { count, step_s } = expr;
    const longest = step_s > 1 ? this.#longest.get(valuesKey(expr))! : count;
    const array = this.#array(expr, longest, back_s);
    return Array.from(
      { length: count },
      (_, index) => atom`${array}[${step_s > 1 ? count - index : index + 1}]`,
    );
  }

  #array(expr: WindowExpr, count: number, back_s: number): Fragment {
    const { of, step_s } = expr;
    const rows = step_s > 1 ? newestFirst(count, step_s) : lastRows(count, step_s, back_s);
    const column = this.#columns.columnOf(of);
    const sliced = step_s === 1 && count >= SLICED_MIN && isSliceable(of, column);
    const array = sliced ? slice(column, count, back_s) : over(call("array_agg", column), rows);
    return this.#columns.column(`${valuesKey(expr)} ${rows.name}`, of, array, `_${rows.name}`);
  }

  /** Values of floats, oldest first; null as NaN. */
  #floats(expr: WindowExpr): Fragment[] {
    const { of, count, step_s } = expr;
    return elements(floatSeries(this.#columns.columnOf(of)), count, step_s);
  }

  /** Makes a step on the way to a window's value a column. */
  #columnFor(expr: WindowExpr): (value: Fragment, suffix: string) => Fragment {
    return (value, suffix) => this.#columns.column(`${exprText(expr.of)}${suffix}`, expr.of, value, suffix);
  }

  #weighted(expr: WindowExpr, weights: readonly number[]): Fragment {
    const terms = this.#floats(expr).map((value, index) =>
      bare(sql`${constant(floatLiteral(weights[index]!))} * ${value}`),
    );
    return orNull(expr.of, chain(terms));
  }

  #stddev(expr: WindowExpr): Fragment {
    const { count } = expr;
    const values = this.#floats(expr);
    const mean = sql`${chain(values)} / ${count}::float8`;
    const m = this.#columns.column(`mean of ${exprText(expr)}`, expr, mean, "_mean");
    const squares = values.map((value) =>
      bare(sql`${bare(sql`(${value} - ${m})`)} * ${bare(sql`(${value} - ${m})`)}`),
    );
    return orNull(expr.of, call("sqrt", sql`${chain(squares)} / ${count - 1}::float8`));
  }

  /** The window's values in one array, in any order. */
  #valuesArray(expr: WindowExpr): Fragment {
    const longest = this.#longest.get(valuesKey(expr))!;
    if (expr.step_s === 1 || longest === expr.count) return this.#array(expr, expr.count, 0);
    return atom`${this.#array(expr, longest, 0)}[1:${expr.count}]`;
  }

  /** Value number `rank` of the sorted values. */
  #quantile(expr: WindowExpr, rank: number): Fragment {
    const values = this.#valuesArray(expr);
    const offset = constant(rank > 1 ? ` offset ${rank - 1}` : "");
    const value = atom`(select x from unnest(${values}) as x order by x limit 1${offset})`;
    const picked = plusZero(expr, value);
    if (!expr.of.type.nullable) return picked;
    return atom`case when ${call("array_position", values, "null")} is null then ${bare(picked)} end`;
  }

  /**
   * A comparison with a window's quantile needs no sorting: a exceeds value number r of the sorted ones if
   * and only if at least r of them are smaller. Null as soon as one is.
   *
   * @param back_s how long ago the window ended.
   */
  counted(value: Fragment, op: CountedOp, expr: WindowExpr, back_s: number): Fragment {
    const { smaller, than_rank } = COUNTED[op];
    const { aggregate, count } = expr;
    const rank = aggregate.op === "quantile" ? rankOf(count, aggregate.num, aggregate.den) : count;
    const flags = this.#values(expr, back_s).map((x) => atom`(${x} ${constant(smaller)} ${value})::int`);
    return sql`${chain(flags)} ${constant(than_rank)} ${rank}`;
  }
}

/** a ∘ q as a count of values: how a value is smaller, and how their number compares with q's rank. */
const COUNTED = {
  gt: { smaller: "<", than_rank: ">=" },
  ge: { smaller: "<=", than_rank: ">=" },
  lt: { smaller: "<=", than_rank: "<" },
  le: { smaller: "<", than_rank: "<" },
} as const;
export type CountedOp = keyof typeof COUNTED;
/** Windows this long are cut out of an array of all instants: 60 values so took a quarter less of a day of v1. */
const SLICED_MIN = 30;
/** Longer windows are sorted. */
const COUNTED_MAX = 300;

export const isCounted = (op: CompareOp): op is CountedOp => op in COUNTED;

/** None missing: else PostgreSQL walks from the array's start to find where the slice begins. */
const isSliceable = (of: Expr, { reads }: Fragment): boolean =>
  !of.type.nullable && [...reads].every(({ stage }) => stage === 0);

/** Values further apart than a second are gathered up to now only. */
export const canCount = ({ count, step_s }: WindowExpr, back_s: number): boolean =>
  count <= COUNTED_MAX && (step_s === 1 || back_s === 0);

/** Windows over the same values, the same step apart. */
const valuesKey = ({ of, step_s }: WindowExpr): string => `${step_s}s ${exprText(of)}`;

function longestGathered(set: FeatureSet): Map<string, number> {
  const longest = new Map<string, number>();
  for (const expr of windowsIn(set)) {
    if (expr.aggregate.op !== "quantile") continue;
    const key = valuesKey(expr);
    longest.set(key, Math.max(expr.count, longest.get(key) ?? 0));
  }
  return longest;
}

/** −0 never shows. */
const plusZero = (expr: Expr, value: Fragment): Fragment =>
  expr.type.value === "float" ? sql`${value} + 0` : value;
