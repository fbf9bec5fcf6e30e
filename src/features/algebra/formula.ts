/**
 * An expression as a person writes it: `0 if n = 0, else qty ÷ (n · 1e8)`. For docs/features.md; the hash and
 * the compilers go by expr.ts's canonical text.
 */

import { exponentialWeights } from "./exponential_weights.ts";
import { type Expr, exprText } from "./expr.ts";

/** Named parts, by canonical text: printed by name where they occur. */
export type TermNames = ReadonlyMap<string, string>;

export const termNames = (terms: Readonly<Record<string, Expr>>): TermNames =>
  new Map(Object.entries(terms).map(([name, expr]) => [exprText(expr), name]));

/** How tightly a form binds; an operand that binds less is put in parentheses. */
const [CHOICE, COMPARISON, SUM, PRODUCT, ATOM] = [0, 1, 2, 3, 4] as const;

interface Written {
  readonly text: string;
  readonly binds: number;
}

const atom = (text: string): Written => ({ text, binds: ATOM });

/** Prints the expression itself in full, and named parts of it by their names. */
export function formula(expr: Expr, names: TermNames): string {
  return write(expr, (part) => {
    const name = names.get(exprText(part));
    return name === undefined ? undefined : atom(name);
  }).text;
}

type Named = (expr: Expr) => Written | undefined;

const SIGN = { add: "+", sub: "−", mul: "·", lt: "<", le: "≤", gt: ">", ge: "≥", eq: "=", ne: "≠" } as const;

function write(expr: Expr, named: Named): Written {
  const part = (of: Expr): Written => named(of) ?? write(of, named);
  const at = (of: Expr, binds: number): string => {
    const written = part(of);
    return written.binds < binds ? `(${written.text})` : written.text;
  };
  switch (expr.kind) {
    case "bar":
      return atom(expr.column);
    case "now_us":
      return atom("t_us");
    case "int":
    case "float":
      return atom(numberText(expr.literal));
    case "by_hour":
      return hoursText(expr.table);
    case "block_quantile":
      return atom(`quantile(${expr.num}/${expr.den}, sizes of the previous ${expr.block_s} s block)`);
    case "lag":
      return atom(`${at(expr.of, ATOM)}[−${expr.by_s} s]`);
    case "window":
      return atom(windowText(expr, part(expr.of).text));
    case "floor_div":
      return atom(`⌊${at(expr.of, PRODUCT)} ÷ ${numberText(expr.by)}⌋`);
    case "to_float":
      return part(expr.of);
    case "sqrt":
      return atom(`√(${part(expr.of).text})`);
    case "lnr":
      return atom(`lnr(${part(expr.a).text}, ${part(expr.b).text})`);
    case "arith": {
      // On the right a form of the same strength keeps its parentheses: rounding goes by the order.
      const [left, right] = expr.op === "mul" ? [PRODUCT, ATOM] : [SUM, PRODUCT];
      return { text: `${at(expr.a, left)} ${SIGN[expr.op]} ${at(expr.b, right)}`, binds: left };
    }
    case "div":
      return { text: `${at(expr.a, PRODUCT)} ÷ ${at(expr.b, ATOM)}`, binds: PRODUCT };
    case "compare":
      return { text: `${at(expr.a, SUM)} ${SIGN[expr.op]} ${at(expr.b, SUM)}`, binds: COMPARISON };
    case "when": {
      const [then, condition] = [at(expr.then, COMPARISON), at(expr.condition, COMPARISON)];
      return { text: `${then} if ${condition}, else ${part(expr.otherwise).text}`, binds: CHOICE };
    }
    case "coalesce":
      return { text: `${at(expr.of, COMPARISON)} or, if null, ${part(expr.otherwise).text}`, binds: CHOICE };
  }
}

/** A flag of one stretch of the day by its hours, any other table by its numbers. */
function hoursText(values: readonly number[]): Written {
  const [from, to] = [values.indexOf(1), values.lastIndexOf(1)];
  const flag = values.every((value, hour) => value === (hour >= from && hour <= to ? 1 : 0));
  if (from < 0 || !flag) return atom(`by_hour[${values.map(shortNumber).join(" ")}]`);
  return { text: `1 if ${from} ≤ hour ≤ ${to}, else 0`, binds: CHOICE };
}

function windowText(expr: Extract<Expr, { kind: "window" }>, of: string): string {
  const { aggregate, count, step_s } = expr;
  const span = step_s === 1 ? `${count} s` : `${count} × ${step_s} s`;
  switch (aggregate.op) {
    case "stddev":
      return `deviation(${of}, ${span})`;
    case "quantile": {
      const { num, den } = aggregate;
      return 2 * num === den ? `median(${of}, ${span})` : `quantile(${num}/${den}, ${of}, ${span})`;
    }
    case "weighted": {
      const exponential = spanOf(aggregate.weights);
      if (exponential !== undefined) return `ema${exponential}(${of}, ${span})`;
      return `weighted(${of}, ${span}, ${aggregate.weights.map(shortNumber).join(" ")})`;
    }
    default:
      return `${aggregate.op}(${of}, ${span})`;
  }
}

/** The span of an exponential mean whose weights these are; undefined where they are another's. */
function spanOf(weights: readonly number[]): number | undefined {
  const [before, newest] = weights.slice(-2);
  if (before === undefined || newest === undefined) return undefined;
  const span = Math.round(2 / (1 - before / newest) - 1);
  if (!(span > 0)) return undefined;
  const expected = exponentialWeights(span, weights.length);
  return weights.every((weight, index) => weight === expected[index]) ? span : undefined;
}

function numberText(value: number): string {
  const scaled = value / 1e8;
  if (Number.isInteger(scaled) && scaled >= 1 && scaled < 1e4) return `${scaled}e8`;
  const text = Math.abs(value) >= 1e6 ? value.toExponential().replace("e+", "e") : String(value);
  return text.replace("-", "−");
}

const shortNumber = (value: number): string => numberText(Number(value.toPrecision(3)));
