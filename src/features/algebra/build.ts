/**
 * The words definitions are written in. Every constructor checks its operands and derives the node's type,
 * so a set that mixes integers with floats, or a window that makes no sense, is refused where it is written:
 * by the compiler where TypeScript can see it, with FEATURE_DEFINITION where it cannot.
 */

import { QTY_E8_MAX } from "../../base/units.ts";
import { BAR_COLUMNS, type BarColumn, SAFE_MAX } from "./columns.ts";
import {
  type ArithOp,
  type Bool,
  type CompareOp,
  type Expr,
  type ExprType,
  exprText,
  type Float,
  type FloatType,
  type Int,
  type IntType,
  type Typed,
} from "./expr.ts";
import {
  boolType,
  boundOfSum,
  floatType,
  intType,
  isPastInt8,
  larger,
  refuse,
  requireCount,
  requireFraction,
  requireValue,
  requireWindow,
} from "./operands.ts";

// Leaves

export function bar(column: BarColumn): Int {
  const info = BAR_COLUMNS[column];
  if (info === undefined) return refuse("bar", "a column of columns.ts", column);
  return { kind: "bar", column, type: intType(info.empty !== "zero", info.max) };
}

/** The instant itself, in µs. */
export const nowUs: Int = { kind: "now_us", type: intType(false, SAFE_MAX) };

export function int(literal: number): Int {
  if (!Number.isSafeInteger(literal)) refuse("int", "an integer up to 2^53 − 1", literal);
  return { kind: "int", literal: literal + 0, type: intType(false, BigInt(Math.abs(literal))) };
}

export function float(literal: number): Float {
  if (!Number.isFinite(literal)) refuse("float", "a finite number", literal);
  return { kind: "float", literal, type: floatType(false) };
}

/** One of 24 constants, by the UTC hour of t. */
export function byHour(table: readonly number[]): Float {
  if (table.length !== 24 || !table.every(Number.isFinite)) {
    refuse("byHour", "24 finite numbers", `${table.length}: ${table.join(" ")}`);
  }
  return { kind: "by_hour", table, type: floatType(false) };
}

/** Quantile num/den of single trades' sizes (e8) in the previous complete block of `block_s` seconds. */
export function blockQuantile(block_s: number, num: number, den: number): Int {
  requireCount("blockQuantile", block_s, 1);
  requireFraction("blockQuantile", num, den);
  return { kind: "block_quantile", block_s, num, den, type: intType(true, QTY_E8_MAX) };
}

// Time

/** `of` as it was `by_s` seconds earlier. */
export function lag<T extends ExprType>(of: Typed<T>, by_s: number): Typed<T> {
  requireCount("lag", by_s, 1);
  return { kind: "lag", of, by_s, type: of.type };
}

/** Sum over the last `count` values, `step_s` apart; exact for integers, left to right for floats. */
export function sum<T extends IntType | FloatType>(of: Typed<T>, count: number, step_s = 1): Typed<T> {
  requireValue("sum", of, "int", "float");
  requireWindow("sum", count, step_s, 1);
  const { type } = of;
  const summed = type.value === "int" ? { ...type, max_abs: type.max_abs * BigInt(count) } : type;
  return { kind: "window", of, aggregate: { op: "sum" }, count, step_s, type: summed };
}

/** Mean: the sum, then one division. */
export function mean(of: Int | Float, count: number, step_s = 1): Float {
  const total: Float = isInt(of) ? toFloat(sum(of, count, step_s)) : sum(of, count, step_s);
  return div(total, float(count));
}

export const min = <T extends IntType | FloatType>(of: Typed<T>, count: number, step_s = 1): Typed<T> =>
  ordered("min", of, { op: "min" }, count, step_s);

export const max = <T extends IntType | FloatType>(of: Typed<T>, count: number, step_s = 1): Typed<T> =>
  ordered("max", of, { op: "max" }, count, step_s);

/** Value number ⌈count·num/den⌉ of the sorted values (PostgreSQL's percentile_disc). */
export function quantile<T extends IntType | FloatType>(
  of: Typed<T>,
  count: number,
  num: number,
  den: number,
  step_s = 1,
): Typed<T> {
  requireFraction("quantile", num, den);
  return ordered("quantile", of, { op: "quantile", num, den }, count, step_s);
}

/** The lower median. */
export const median = <T extends IntType | FloatType>(of: Typed<T>, count: number, step_s = 1): Typed<T> =>
  quantile(of, count, 1, 2, step_s);

/** Sample standard deviation, two passes, left to right. */
export function stddev(of: Float, count: number, step_s = 1): Float {
  requireValue("stddev", of, "float");
  requireWindow("stddev", count, step_s, 2);
  return { kind: "window", of, aggregate: { op: "stddev" }, count, step_s, type: of.type };
}

/** Σ weight·value, left to right; `weights[0]` belongs to the oldest value. */
export function weighted(of: Float, weights: readonly number[], step_s = 1): Float {
  requireValue("weighted", of, "float");
  requireWindow("weighted", weights.length, step_s, 1);
  if (!weights.every(Number.isFinite)) refuse("weighted", "finite weights", weights.join(" "));
  const aggregate = { op: "weighted", weights } as const;
  return { kind: "window", of, aggregate, count: weights.length, step_s, type: of.type };
}

type Ordered = { op: "min" | "max" } | { op: "quantile"; num: number; den: number };

function ordered<T extends IntType | FloatType>(
  where: string,
  of: Typed<T>,
  aggregate: Ordered,
  count: number,
  step_s: number,
): Typed<T> {
  requireValue(where, of, "int", "float");
  requireWindow(where, count, step_s, 1);
  if (isPastInt8(of.type))
    refuse(where, "an integer of the size of a quantity, or toFloat of it", exprText(of));
  return { kind: "window", of, aggregate, count, step_s, type: of.type };
}

// Arithmetic

const isInt = (expr: Expr): expr is Int => expr.type.value === "int";

function arith<T extends IntType | FloatType>(op: ArithOp, a: Typed<T>, b: Typed<T>): Typed<T> {
  requireValue(op, a, "int", "float");
  requireValue(op, b, a.type.value);
  const nullable = a.type.nullable || b.type.nullable;
  if (a.type.value === "float" || b.type.value === "float") {
    return { kind: "arith", op, a, b, type: { ...a.type, nullable } };
  }
  const bound =
    op === "mul" ? a.type.max_abs * b.type.max_abs : boundOfSum(op, a, b, a.type.max_abs, b.type.max_abs);
  return { kind: "arith", op, a, b, type: { ...a.type, nullable, max_abs: bound } };
}

export function add<T extends IntType | FloatType>(a: Typed<T>, b: Typed<T>): Typed<T> {
  return arith("add", a, b);
}
export function sub<T extends IntType | FloatType>(a: Typed<T>, b: Typed<T>): Typed<T> {
  return arith("sub", a, b);
}
export function mul<T extends IntType | FloatType>(a: Typed<T>, b: Typed<T>): Typed<T> {
  return arith("mul", a, b);
}

/** Float division; null where the divisor is 0. */
export function div(a: Float, b: Float): Float {
  requireValue("div", a, "float");
  requireValue("div", b, "float");
  const never_zero = b.kind === "float" && b.literal !== 0;
  return { kind: "div", a, b, type: floatType(a.type.nullable || b.type.nullable || !never_zero) };
}

/** ⌊of / by⌋ for a literal by > 0. */
export function floorDiv(of: Int, by: number): Int {
  requireValue("floorDiv", of, "int");
  if (!Number.isSafeInteger(by) || by <= 0) refuse("floorDiv", "a literal integer above 0", by);
  return { kind: "floor_div", of, by, type: of.type };
}

/** The one conversion. */
export function toFloat(of: Int): Float {
  requireValue("toFloat", of, "int");
  return { kind: "to_float", of, type: floatType(of.type.nullable) };
}

/** ln(a/b) of two integers, by the polynomial. */
export function lnr(a: Int, b: Int): Float {
  requireValue("lnr", a, "int");
  requireValue("lnr", b, "int");
  return { kind: "lnr", a, b, type: floatType(true) };
}

export function sqrt(of: Float): Float {
  requireValue("sqrt", of, "float");
  return { kind: "sqrt", of, type: floatType(true) };
}

/** The ratio of two integers: each converted once, then one division. */
export const ratio = (a: Int, b: Int): Float => div(toFloat(a), toFloat(b));

// Choice

function compare<T extends IntType | FloatType>(op: CompareOp, a: Typed<T>, b: Typed<T>): Bool {
  requireValue(op, a, "int", "float");
  requireValue(op, b, a.type.value);
  return { kind: "compare", op, a, b, type: boolType(a.type.nullable || b.type.nullable) };
}

type Comparison = <T extends IntType | FloatType>(a: Typed<T>, b: Typed<T>) => Bool;
export const lt: Comparison = (a, b) => compare("lt", a, b);
/** @public The algebra has all six, whichever the sets use today. */
export const le: Comparison = (a, b) => compare("le", a, b);
export const gt: Comparison = (a, b) => compare("gt", a, b);
export const ge: Comparison = (a, b) => compare("ge", a, b);
export const eq: Comparison = (a, b) => compare("eq", a, b);
/** @public See `le`. */
export const ne: Comparison = (a, b) => compare("ne", a, b);

/** `then` where the condition holds, `otherwise` where it does not, null where it is null. */
export function when<T extends ExprType>(condition: Bool, then: Typed<T>, otherwise: Typed<T>): Typed<T> {
  requireValue("when", condition, "bool");
  const picked = merge("when", then, otherwise, then.type.nullable || otherwise.type.nullable);
  const type = { ...picked, nullable: picked.nullable || condition.type.nullable };
  return { kind: "when", condition, then, otherwise, type };
}

/** `of`, or `otherwise` where it is null. */
export function coalesce<T extends ExprType>(of: Typed<T>, otherwise: Typed<T>): Typed<T> {
  const nullable = of.type.nullable && otherwise.type.nullable;
  return { kind: "coalesce", of, otherwise, type: merge("coalesce", of, otherwise, nullable) };
}

function merge<T extends ExprType>(where: string, a: Typed<T>, b: Typed<T>, nullable: boolean): T {
  requireValue(where, b, a.type.value);
  if (a.type.value !== "int" || b.type.value !== "int") return { ...a.type, nullable };
  return { ...a.type, nullable, max_abs: larger(a.type.max_abs, b.type.max_abs) };
}

/** 1 where the condition holds, 0 where it does not. */
export const flag = (condition: Bool): Float => when(condition, float(1), float(0));
