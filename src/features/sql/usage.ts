/** How a set's expressions are used: what decides which of their values become columns. */

import { type Expr, exprText, operands } from "../algebra/expr.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import type { WindowExpr } from "./gather.ts";

/** Operators an expression costs where it is written out. */
export function costOf(expr: Expr): number {
  if (expr.kind === "lag" || expr.kind === "window") return 0;
  const own = expr.kind === "lnr" ? 20 : operands(expr).length === 0 ? 0 : 1;
  return operands(expr).reduce((total, operand) => total + costOf(operand), own);
}

/** How often each expression is read by others, or is an output. */
export function countReads(set: FeatureSet): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const read = (expr: Expr, times: number): void => {
    const text = exprText(expr);
    counts.set(text, (counts.get(text) ?? 0) + times);
    if (seen.has(text)) return;
    seen.add(text);
    const twice = expr.kind === "lnr" || expr.kind === "sqrt" || expr.kind === "floor_div";
    for (const operand of operands(expr)) read(operand, twice ? 2 : 1);
  };
  for (const entry of set.columns) read(entry.expr, 1);
  return counts;
}

/** All windows of a set, each once. */
export function windowsIn(set: FeatureSet): WindowExpr[] {
  const found: WindowExpr[] = [];
  const seen = new Set<string>();
  const visit = (expr: Expr): void => {
    const text = exprText(expr);
    if (seen.has(text)) return;
    seen.add(text);
    if (expr.kind === "window") found.push(expr);
    for (const operand of operands(expr)) visit(operand);
  };
  for (const entry of set.columns) visit(entry.expr);
  return found;
}
