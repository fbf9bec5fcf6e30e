/**
 * How large and how small an expression's floats can be, proven from its form. PostgreSQL refuses a product
 * that leaves float64's range, or that sinks below it to zero, where JavaScript goes on with Infinity and 0;
 * an expression proven to stay inside means the same to both. All of it in exponents of 2, so the proof is
 * coarse, and coarse is enough: features stay hundreds of exponents away from either end.
 */

import { fail } from "../../base/errors.ts";
import { type Expr, exprText, type Float } from "./expr.ts";

/** |x| ≤ 2^high; x is 0 or |x| ≥ 2^low; x is a whole multiple of 2^grain. */
export interface FloatRange {
  readonly high: number;
  readonly low: number;
  readonly grain: number;
}

const HIGHEST = 1_023;
const LOWEST_NORMAL = -1_022;
const LOWEST_GRAIN = -1_074;
/** Bits of a float64 after its leading one. */
const FRACTION_BITS = 52;

const known = new WeakMap<Expr, FloatRange>();

/**
 * The range of a float expression.
 * @throws ForetickError FEATURE_DEFINITION where some input could drive a step of it out of float64's range.
 */
export function floatRange(expr: Float): FloatRange {
  let range = known.get(expr);
  if (range === undefined) {
    range = checked(expr, rangeOf(expr));
    known.set(expr, range);
  }
  return range;
}

function checked(expr: Expr, range: FloatRange): FloatRange {
  const { high, low, grain } = range;
  if (high <= HIGHEST && low >= LOWEST_NORMAL && grain >= LOWEST_GRAIN) return range;
  return fail(
    "FEATURE_DEFINITION",
    `expected floats between 2^${LOWEST_NORMAL} and 2^${HIGHEST}, could be 2^${low} to 2^${high} in ` +
      `${exprText(expr).slice(0, 200)}. Divide earlier, or multiply fewer large numbers`,
  );
}

function rangeOf(expr: Float): FloatRange {
  switch (expr.kind) {
    case "float":
      return literal(expr.literal);
    case "by_hour":
      return expr.table.map(literal).reduce(union);
    case "to_float":
      return fresh(0, bits(expr.of));
    case "lnr":
      return lnrRange(expr);
    case "lag":
      return floatRange(expr.of as Float);
    case "when":
      return union(floatRange(expr.then as Float), floatRange(expr.otherwise as Float));
    case "coalesce":
      return union(floatRange(expr.of as Float), floatRange(expr.otherwise as Float));
    case "sqrt": {
      const of = floatRange(expr.of as Float);
      return fresh(Math.floor(of.low / 2), Math.ceil(of.high / 2));
    }
    case "div":
      return quotient(expr, floatRange(expr.a as Float), floatRange(expr.b as Float));
    case "arith": {
      const [a, b] = [floatRange(expr.a as Float), floatRange(expr.b as Float)];
      return expr.op === "mul" ? product(expr, a, b) : sum(a, b, 2);
    }
    case "window":
      return windowRange(expr);
    default:
      return fail("FEATURE_DEFINITION", `expected a float, was ${exprText(expr)}`);
  }
}

/** A result rounded to 53 bits, of any size from 2^low to 2^high. */
const fresh = (low: number, high: number): FloatRange => ({ low, high, grain: low - FRACTION_BITS });

const union = (a: FloatRange, b: FloatRange): FloatRange => ({
  high: Math.max(a.high, b.high),
  low: Math.min(a.low, b.low),
  grain: Math.min(a.grain, b.grain),
});

function literal(value: number): FloatRange {
  if (value === 0) return { high: Number.NEGATIVE_INFINITY, low: 0, grain: 0 };
  if (Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) {
    return fresh(0, Math.ceil(Math.log2(Math.abs(value))) + 1);
  }
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return fresh(exponent - 1, exponent + 2);
}

function bits(expr: Expr): number {
  return expr.type.value === "int" ? expr.type.max_abs.toString(2).length : 0;
}

/** A sum keeps the grain of its terms; rounding only makes it coarser. */
function sum(a: FloatRange, b: FloatRange, terms: number): FloatRange {
  const { high, grain } = union(a, b);
  return { high: high + Math.ceil(Math.log2(terms)), low: grain, grain };
}

function product(expr: Expr, a: FloatRange, b: FloatRange): FloatRange {
  const rounded = fresh(a.low + b.low, a.high + b.high);
  return checked(expr, { ...rounded, grain: Math.max(rounded.grain, a.grain + b.grain) });
}

const quotient = (expr: Expr, a: FloatRange, b: FloatRange): FloatRange =>
  checked(expr, fresh(a.low - b.high, a.high - b.low));

/** z = (a − b) ÷ (a + b) is 0 or at least 1 ÷ (a + b); its square is the smallest number on the way. */
function lnrRange(expr: Extract<Expr, { kind: "lnr" }>): FloatRange {
  const smallest = -(Math.max(bits(expr.a), bits(expr.b)) + 1);
  const square = checked(expr, fresh(2 * smallest - 5, 2));
  return { ...square, low: smallest - 1, grain: smallest - 1 - FRACTION_BITS };
}

function windowRange(expr: Extract<Expr, { kind: "window" }>): FloatRange {
  const of = floatRange(expr.of as Float);
  const { aggregate, count } = expr;
  switch (aggregate.op) {
    case "sum":
      return sum(of, of, count);
    case "weighted": {
      const terms = aggregate.weights.map((weight) => product(expr, literal(weight), of));
      return sum(terms.reduce(union), terms[0]!, count);
    }
    case "stddev": {
      const size = literal(count);
      const mean = quotient(expr, sum(of, of, count), size);
      const deviation = sum(of, mean, 2);
      const squares = product(expr, deviation, deviation);
      const { low, high } = quotient(expr, sum(squares, squares, count), size);
      return fresh(Math.floor(low / 2), Math.ceil(high / 2));
    }
    default:
      return of;
  }
}
