/** What the words of build.ts ask of their operands, and the types of what they make of them. */

import { fail } from "../../base/errors.ts";
import { QTY_E8_MAX } from "../../base/units.ts";
import { SAFE_MAX } from "./columns.ts";
import {
  type ArithOp,
  type BoolType,
  type Expr,
  type ExprType,
  exprText,
  type FloatType,
  type IntType,
} from "./expr.ts";

/** Longest lag or window of a definition (seconds): three days. */
const REACH_MAX_S = 259_200;

export function refuse(where: string, expected: string, was: unknown): never {
  return fail("FEATURE_DEFINITION", `${where}: expected ${expected}, was ${String(was)}`);
}

export function requireValue(where: string, expr: Expr, ...allowed: readonly ExprType["value"][]): void {
  if (!allowed.includes(expr.type.value)) {
    refuse(where, allowed.join(" or "), `${expr.type.value} ${exprText(expr)}`);
  }
}

export function requireCount(where: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > REACH_MAX_S) {
    refuse(where, `an integer from ${least} to ${REACH_MAX_S}`, value);
  }
}

export function requireFraction(where: string, num: number, den: number): void {
  const whole = Number.isSafeInteger(num) && Number.isSafeInteger(den);
  if (!whole || num <= 0 || num > den || den > 10_000) {
    refuse(where, "a fraction num/den, 0 < num ≤ den ≤ 10,000", `${num}/${den}`);
  }
}

export const intType = (nullable: boolean, max_abs: bigint): IntType => ({ value: "int", nullable, max_abs });
export const floatType = (nullable: boolean): FloatType => ({ value: "float", nullable });
export const boolType = (nullable: boolean): BoolType => ({ value: "bool", nullable });
export const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Whether the integer always fits 2^53 − 1, so that a plain number carries it exactly. */
export const isNarrow = (type: ExprType): boolean => type.value !== "int" || type.max_abs <= SAFE_MAX;

/** Whether the integer may be larger than any quantity. */
export const isPastInt8 = (type: ExprType): boolean => type.value === "int" && type.max_abs > QTY_E8_MAX;

export function requireWindow(where: string, count: number, step_s: number, least: number): void {
  requireCount(`${where}, count`, count, least);
  requireCount(`${where}, step_s`, step_s, 1);
  requireCount(`${where}, count × step_s`, count * step_s, 1);
}

/** A difference of two values that are never negative is no larger than the larger. */
export function boundOfSum(op: ArithOp, a: Expr, b: Expr, max_a: bigint, max_b: bigint): bigint {
  return op === "sub" && isNatural(a) && isNatural(b) ? larger(max_a, max_b) : max_a + max_b;
}

/** Provably never negative: columns are naturals, and so are their sums, products and picks. */
function isNatural(expr: Expr): boolean {
  switch (expr.kind) {
    case "bar":
    case "now_us":
    case "block_quantile":
      return true;
    case "int":
      return expr.literal >= 0;
    case "lag":
    case "floor_div":
      return isNatural(expr.of);
    case "window":
      return isNatural(expr.of);
    case "arith":
      return expr.op !== "sub" && isNatural(expr.a) && isNatural(expr.b);
    case "when":
      return isNatural(expr.then) && isNatural(expr.otherwise);
    case "coalesce":
      return isNatural(expr.of) && isNatural(expr.otherwise);
    default:
      return false;
  }
}
