/** What PostgreSQL type carries an integer: bigint while it is proven to fit, else numeric. */

import type { Expr } from "../../algebra/expr.ts";

const BIGINT_END = 1n << 63n;
const known = new WeakMap<Expr, "bigint" | "numeric">();

export function intKind(expr: Expr): "bigint" | "numeric" {
  let kind = known.get(expr);
  if (kind === undefined) {
    kind = expr.type.value === "int" && kindOf(expr) === "numeric" ? "numeric" : "bigint";
    known.set(expr, kind);
  }
  return kind;
}

export const isWide = (expr: Expr): boolean => intKind(expr) === "numeric";

/** Once numeric, always numeric, even where a bound has come back: 0 × a wide integer is a wide 0. */
function kindOf(expr: Expr): "bigint" | "numeric" {
  if (expr.type.value === "int" && expr.type.max_abs >= BIGINT_END) return "numeric";
  switch (expr.kind) {
    case "arith":
      return either(expr.a, expr.b);
    case "when":
      return either(expr.then, expr.otherwise);
    case "coalesce":
      return either(expr.of, expr.otherwise);
    case "lag":
    case "window":
    case "floor_div":
      return intKind(expr.of);
    default:
      return "bigint";
  }
}

const either = (a: Expr, b: Expr): "bigint" | "numeric" => (isWide(a) || isWide(b) ? "numeric" : "bigint");
