/** Names for the columns of the stages: what the set calls them where it does, else what they are made of. */

import { BAR_COLUMN_NAMES } from "../../algebra/columns.ts";
import { type Expr, exprText, operands } from "../../algebra/expr.ts";
import type { FeatureSet } from "../../sets/feature_set.ts";

/** PostgreSQL cuts longer names. */
const NAME_LENGTH_MAX = 63;
/** Room for a number and for the name of the series made of the column. */
const ENDING_LENGTH_MAX = 12;
/** A name made of parts stays below this, else it is numbered. */
const READABLE_LENGTH_MAX = 40;

export class ColumnNames {
  readonly #given = new Map<string, string>();
  /** The first output column an expression is part of. */
  readonly #owner = new Map<string, string>();
  readonly #taken = new Set<string>(["t", "i", "hole_us", "seconds", ...BAR_COLUMN_NAMES]);

  constructor(set: FeatureSet) {
    for (const { name, expr } of set.columns) {
      if (!this.#given.has(exprText(expr))) this.#given.set(exprText(expr), name);
      this.#own(expr, name);
    }
    for (const [name, expr] of Object.entries(set.terms)) this.#given.set(exprText(expr), name);
  }

  /** A name of its own for an expression, or for the part of it named by `suffix`. */
  nameFor(expr: Expr, suffix = ""): string {
    const wanted = (this.#describe(expr) ?? this.#owner.get(exprText(expr)) ?? "value") + suffix;
    const base = wanted.slice(0, NAME_LENGTH_MAX - ENDING_LENGTH_MAX);
    let name = base;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${base}_${number}`;
    this.#taken.add(name);
    return name;
  }

  #own(expr: Expr, name: string): void {
    const text = exprText(expr);
    if (this.#owner.has(text)) return;
    this.#owner.set(text, `${name}_part`);
    for (const operand of operands(expr)) this.#own(operand, name);
  }

  #describe(expr: Expr): string | undefined {
    const given = this.#given.get(exprText(expr));
    if (given !== undefined) return given;
    const made = this.#made(expr);
    return made !== undefined && made.length <= READABLE_LENGTH_MAX ? made : undefined;
  }

  #made(expr: Expr): string | undefined {
    if (expr.kind === "bar") return expr.column;
    if (expr.kind !== "lag" && expr.kind !== "window") return undefined;
    const of = this.#describe(expr.of);
    if (of === undefined) return undefined;
    if (expr.kind === "lag") return `${of}_${expr.by_s}s_ago`;
    const { aggregate, count, step_s } = expr;
    const what = aggregate.op === "quantile" ? `q${aggregate.num}_${aggregate.den}` : aggregate.op;
    return `${of}_${what}_${step_s === 1 ? "" : `${count}x`}${step_s === 1 ? count : step_s}s`;
  }
}
