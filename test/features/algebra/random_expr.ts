/** Random well-typed expressions over every node of the algebra, for the equality suites. */

import type { Rng } from "../../../src/base/rng.ts";
import * as a from "../../../src/features/algebra/build.ts";
import { BAR_COLUMN_NAMES } from "../../../src/features/algebra/columns.ts";
import { exponentialWeights } from "../../../src/features/algebra/exponential_weights.ts";
import type { Bool, Float, Int } from "../../../src/features/algebra/expr.ts";
import { isPastInt8 } from "../../../src/features/algebra/operands.ts";

const pick = <T>(rng: Rng, of: readonly T[]): T => of[rng.below(of.length)]!;
const HOURS = Array.from({ length: 24 }, (_, hour) => (hour - 12) / 7);

function randomInt(rng: Rng, depth: number): Int {
  if (depth <= 0) {
    return pick(rng, [
      () => a.bar(pick(rng, BAR_COLUMN_NAMES)),
      () => a.bar(pick(rng, BAR_COLUMN_NAMES)),
      () => a.bar(pick(rng, BAR_COLUMN_NAMES)),
      () => a.int(rng.below(7) - 3),
      () => a.nowUs,
      () => a.blockQuantile(pick(rng, [60, 300]), 1 + rng.below(20), 20),
    ])();
  }
  const inner = (): Int => randomInt(rng, depth - 1);
  const ordered = (): Int => {
    const made = inner();
    return isPastInt8(made.type) ? a.bar("qty_max_e8") : made;
  };
  return pick(rng, [
    () => a.add(inner(), inner()),
    () => a.sub(inner(), inner()),
    () => a.mul(inner(), inner()),
    () => a.lag(inner(), 1 + rng.below(9)),
    () => a.sum(inner(), 1 + rng.below(9), pick(rng, [1, 1, 3])),
    () => a.min(ordered(), 1 + rng.below(9), pick(rng, [1, 1, 3])),
    () => a.max(ordered(), 1 + rng.below(9), pick(rng, [1, 1, 3])),
    () => a.quantile(ordered(), 1 + rng.below(9), 1 + rng.below(4), 4, pick(rng, [1, 1, 3])),
    () => a.floorDiv(inner(), 1 + rng.below(1_000)),
    () => a.when(randomBool(rng, depth - 1), inner(), inner()),
    () => a.coalesce(inner(), inner()),
  ])();
}

export function randomFloat(rng: Rng, depth: number): Float {
  if (depth <= 0) {
    return pick(rng, [
      () => a.toFloat(randomInt(rng, 0)),
      () => a.toFloat(randomInt(rng, 1)),
      () => a.float((rng.below(9) - 4) / 3),
      () => a.byHour(HOURS),
    ])();
  }
  const inner = (): Float => randomFloat(rng, depth - 1);
  const step = pick(rng, [1, 1, 3]);
  return pick(rng, [
    () => a.add(inner(), inner()),
    () => a.sub(inner(), inner()),
    () => a.mul(inner(), inner()),
    () => a.div(inner(), inner()),
    () => a.sqrt(inner()),
    () => a.lag(inner(), 1 + rng.below(9)),
    () => a.sum(inner(), 1 + rng.below(9), step),
    () => a.mean(inner(), 1 + rng.below(9), step),
    () => a.stddev(inner(), 2 + rng.below(9), step),
    () => a.min(inner(), 1 + rng.below(9), step),
    () => a.max(inner(), 1 + rng.below(9), step),
    () => a.median(inner(), 1 + rng.below(9), step),
    () => a.weighted(inner(), exponentialWeights(1 + rng.below(9), 1 + rng.below(9)), step),
    () => a.when(randomBool(rng, depth - 1), inner(), inner()),
    () => a.coalesce(inner(), inner()),
    () => a.toFloat(randomInt(rng, depth)),
    () => a.lnr(randomInt(rng, depth - 1), randomInt(rng, depth - 1)),
    () => a.flag(randomBool(rng, depth - 1)),
  ])();
}

function randomBool(rng: Rng, depth: number): Bool {
  const compare = pick(rng, [a.lt, a.le, a.gt, a.ge, a.eq, a.ne]);
  if (rng.uniform() < 0.5) return compare(randomInt(rng, depth), randomInt(rng, depth));
  return compare(randomFloat(rng, depth), randomFloat(rng, depth));
}
