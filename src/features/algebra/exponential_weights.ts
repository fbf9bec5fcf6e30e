import { refuse, requireCount } from "./operands.ts";

/**
 * Weights of an exponential mean of span `span` (α = 2/(span+1)) cut at `count` steps and made to sum to
 * one; oldest first. Only + − × ÷, so the literals are the same wherever they are written out.
 */
export function exponentialWeights(span: number, count: number): readonly number[] {
  requireCount("exponentialWeights", count, 1);
  if (!(span > 0 && Number.isFinite(span))) refuse("exponentialWeights", "a span above 0", span);
  const keep = 1 - 2 / (span + 1);
  const newest_first: number[] = [];
  let weight = 1;
  let total = 0;
  for (let age = 0; age < count; age += 1) {
    newest_first.push(weight);
    total += weight;
    weight *= keep;
  }
  return newest_first.map((raw) => raw / total).reverse();
}
