/**
 * The language features are defined in: expressions over one-second bars, as plain data. One definition has
 * three readers: the live compiler, the SQL compiler, and the naive referee in the tests, which checks both.
 *
 * An expression has a value at every instant t (whole seconds). It is an exact integer, a float64 or a
 * boolean, and it may be null. Integers stay exact, however large, until `to_float`, the one conversion;
 * after it there are only + − × ÷ and sqrt, in the order written here. That is why two engines agree on
 * every bit.
 *
 * | node | value at t | in SQL, one row an instant |
 * |---|---|---|
 * | bar | the column at t (columns.ts) | the bar of second t−1, carried where the column carries |
 * | now_us | t in µs | `t * 1000000` |
 * | int, float | the literal | literal (float: 17 digits) |
 * | by_hour | table[UTC hour of t] | `(array[…])[hour + 1]` |
 * | block_quantile | value ⌈m·num/den⌉ of the m sorted trade sizes in the previous complete block [⌊t/b⌋·b − b, ⌊t/b⌋·b); null if m = 0 or m > LIMITS.block_trades_max | join on the block |
 * | lag | `of` at t − by_s | `lag(of, by_s)` |
 * | window | over `of` at t−(count−1)·step_s, …, t−step_s, t; null if any of them is null | see below |
 * | arith | a + b, a − b, a · b | operators; bigint while `max_abs` < 2^63, else numeric |
 * | div | a ÷ b, float64; null where b = 0 | `a / nullif(b, 0)` |
 * | floor_div | ⌊a / by⌋ | integer division (floor) |
 * | compare | a < b, … | operator |
 * | when | `then` where the condition is true, `otherwise` where false, null where null | `case when c then … when not c then … end` |
 * | coalesce | `of`, or `otherwise` where null | `coalesce` |
 * | to_float | the integer, rounded once to nearest even | `::float8` |
 * | lnr | ln(a/b) by the polynomial of lnr.ts; null unless a, b > 0 | the same polynomial |
 * | sqrt | null where negative | `case when of >= 0 then sqrt(of) end` |
 *
 * Everything else is null as soon as an operand is (`when` looks only at the branch it takes).
 *
 * Windows, x₀ the oldest and x_c the newest of c+1 values. Over integers: `sum`, `min`, `max`, `quantile`
 * are exact, so `over (rows count−1 preceding)`. Over floats: `sum` is ((x₀+x₁)+x₂)+…; `weighted` is
 * ((w₀·x₀ + w₁·x₁) + w₂·x₂)+…; `stddev` is the sample's, m = sum ÷ count, sqrt(((x₀−m)·(x₀−m) + …) ÷
 * (count−1)): all left to right, so SQL writes the lags out. `quantile` is value ⌈count·num/den⌉ of the sorted
 * values; the lower median is num/den = 1/2. SQL has no ordered-set window: `n > quantile` is a count of
 * smaller values, or the value is taken from `array_agg(of) over (…)`. `min`, `max` and `quantile` of floats
 * are followed by + 0, so that −0 never shows.
 */

import type { BarColumn } from "./columns.ts";

export interface IntType {
  readonly value: "int";
  readonly nullable: boolean;
  /** Proven bound: |value| ≤ max_abs. Up to 2^53 − 1 a number carries it, past that a BigInt. */
  readonly max_abs: bigint;
}
export interface FloatType {
  readonly value: "float";
  readonly nullable: boolean;
}
export interface BoolType {
  readonly value: "bool";
  readonly nullable: boolean;
}
export type ExprType = IntType | FloatType | BoolType;

export type ArithOp = "add" | "sub" | "mul";
export type CompareOp = "lt" | "le" | "gt" | "ge" | "eq" | "ne";

/** What a window computes. */
export type WindowAggregate =
  | { readonly op: "sum" | "min" | "max" | "stddev" }
  | { readonly op: "quantile"; readonly num: number; readonly den: number }
  /** One weight a value, the oldest value's first. */
  | { readonly op: "weighted"; readonly weights: readonly number[] };

export type Shape =
  | { readonly kind: "bar"; readonly column: BarColumn }
  | { readonly kind: "now_us" }
  | { readonly kind: "int"; readonly literal: number }
  | { readonly kind: "float"; readonly literal: number }
  | { readonly kind: "by_hour"; readonly table: readonly number[] }
  | { readonly kind: "block_quantile"; readonly block_s: number; readonly num: number; readonly den: number }
  | { readonly kind: "lag"; readonly of: Expr; readonly by_s: number }
  | {
      readonly kind: "window";
      readonly of: Expr;
      readonly aggregate: WindowAggregate;
      readonly count: number;
      readonly step_s: number;
    }
  | { readonly kind: "arith"; readonly op: ArithOp; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "div"; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "floor_div"; readonly of: Expr; readonly by: number }
  | { readonly kind: "compare"; readonly op: CompareOp; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "when"; readonly condition: Expr; readonly then: Expr; readonly otherwise: Expr }
  | { readonly kind: "coalesce"; readonly of: Expr; readonly otherwise: Expr }
  | { readonly kind: "to_float"; readonly of: Expr }
  | { readonly kind: "lnr"; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "sqrt"; readonly of: Expr };

/** A node and its derived type. Made by algebra.ts only, which refuses what does not fit. */
export type Expr = Shape & { readonly type: ExprType };
export type Typed<T extends ExprType> = Shape & { readonly type: T };
export type Int = Typed<IntType>;
export type Float = Typed<FloatType>;
export type Bool = Typed<BoolType>;

/** The expressions a node is made of, in reading order. */
export function operands(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "bar":
    case "now_us":
    case "int":
    case "float":
    case "by_hour":
    case "block_quantile":
      return [];
    case "lag":
    case "window":
    case "floor_div":
    case "to_float":
    case "sqrt":
      return [expr.of];
    case "coalesce":
      return [expr.of, expr.otherwise];
    case "when":
      return [expr.condition, expr.then, expr.otherwise];
    case "arith":
    case "div":
    case "compare":
    case "lnr":
      return [expr.a, expr.b];
  }
}

const texts = new WeakMap<Expr, string>();

/**
 * The canonical text: two expressions mean the same computation if and only if their texts are equal, as far
 * as this is decided by form. What is hashed, and the key by which compilers share work.
 */
export function exprText(expr: Expr): string {
  const known = texts.get(expr);
  if (known !== undefined) return known;
  const text = textOf(expr);
  texts.set(expr, text);
  return text;
}

/** JavaScript's shortest decimal that reads back as the same float64; "-0" kept apart. */
const floatText = (value: number): string => (Object.is(value, -0) ? "-0f" : `${value}f`);

function textOf(expr: Expr): string {
  const parts = operands(expr).map(exprText);
  switch (expr.kind) {
    case "bar":
      return expr.column;
    case "now_us":
      return "now_us";
    case "int":
      return `${expr.literal}`;
    case "float":
      return floatText(expr.literal);
    case "by_hour":
      return `(by_hour ${expr.table.map(floatText).join(" ")})`;
    case "block_quantile":
      return `(block_quantile ${expr.block_s}s ${expr.num}/${expr.den})`;
    case "lag":
      return `(lag ${expr.by_s}s ${parts[0]})`;
    case "window":
      return `(window ${expr.count}x${expr.step_s}s ${aggregateText(expr.aggregate)} ${parts[0]})`;
    case "floor_div":
      return `(floor_div ${parts[0]} ${expr.by})`;
    case "arith":
    case "compare":
      return `(${expr.op} ${parts.join(" ")})`;
    default:
      return `(${expr.kind} ${parts.join(" ")})`;
  }
}

function aggregateText(aggregate: WindowAggregate): string {
  switch (aggregate.op) {
    case "quantile":
      return `quantile ${aggregate.num}/${aggregate.den}`;
    case "weighted":
      return `weighted [${aggregate.weights.map(floatText).join(" ")}]`;
    default:
      return aggregate.op;
  }
}
