/**
 * Comparisons with a quantile that is read nowhere else, seen through lags: the other side is counted against the
 * window's values, and the quantile itself is never computed.
 */

import { type Expr, exprText } from "../algebra/expr.ts";
import type { WindowExpr } from "./gather.ts";
import { type CountedOp, canCount, isCounted } from "./windows.ts";

type Compare = Extract<Expr, { kind: "compare" }>;
type Reads = ReadonlyMap<string, number>;

interface SeenQuantile {
  readonly window: WindowExpr;
  readonly back_s: number;
}

const MIRRORED = { lt: "gt", le: "ge", gt: "lt", ge: "le", eq: "eq", ne: "ne" } as const;

/** What is counted against which window, and how; undefined where the comparison is not of that kind. */
export function countedComparison(
  { a, b, op }: Compare,
  reads: Reads,
): (SeenQuantile & { readonly value: Expr; readonly as: CountedOp }) | undefined {
  for (const [value, other, as] of [
    [a, b, op],
    [b, a, MIRRORED[op]],
  ] as const) {
    const found = quantileOf(other, reads);
    if (found && isCounted(as)) return { ...found, value, as };
  }
  return undefined;
}

/** Its array of values is not carried further than it must be. */
export function seesQuantile(expr: Expr, reads: Reads): boolean {
  return expr.kind === "compare" && [expr.a, expr.b].some((side) => quantileOf(side, reads) !== undefined);
}

function quantileOf(expr: Expr, reads: Reads, back_s = 0): SeenQuantile | undefined {
  if ((reads.get(exprText(expr)) ?? 0) > 1) return undefined;
  if (expr.kind === "lag") return quantileOf(expr.of, reads, back_s + expr.by_s);
  if (expr.kind !== "window" || expr.aggregate.op !== "quantile") return undefined;
  return canCount(expr, back_s) ? { window: expr, back_s } : undefined;
}
