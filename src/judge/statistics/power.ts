/**
 * How likely the paired sequence decides within n blocks, where one model is truly better. The interval's reach times
 * n, against which the sum of d runs, is concave in n; a straight line that touches it is above it everywhere, and
 * the chance that a random walk with drift crosses a line is known in closed form. The best such line is a lower
 * bound that is near: Siegmund, "Sequential Analysis" (1985), 3.13.
 */

import { BLOCKS_MIN, boundary, rho2Of } from "../paired_sequence.ts";
import { normalTail } from "./normal.ts";

export interface PowerOptions {
  /** True mean of d by its standard deviation, of one block. */
  readonly effect: number;
  readonly blocks: number;
  /** Default 0.05. */
  readonly alpha?: number;
  /** Default a day of minutes. */
  readonly n_opt?: number;
}

const LINES = 200;

/** The chance that the better one is named, at least; 0 to 1. */
export function powerOf({ effect, blocks, alpha = 0.05, n_opt = 1440 }: PowerOptions): number {
  if (blocks < BLOCKS_MIN) return 0;
  const rho2 = rho2Of(alpha, n_opt);
  const drift = Math.abs(effect);
  const reach = (n: number): number => n * boundary(n, rho2, alpha);
  let best = 0;
  for (let line = 0; line <= LINES; line++) {
    const at = BLOCKS_MIN * (blocks / BLOCKS_MIN) ** (line / LINES);
    const slope = (reach(at * 1.001) - reach(at * 0.999)) / (at * 0.002);
    best = Math.max(best, crossing(reach(at) - at * slope, drift - slope, blocks));
  }
  return best;
}

/** P(a Brownian motion with this drift reaches `level` by time `until`), level above 0. */
function crossing(level: number, drift: number, until: number): number {
  const root = Math.sqrt(until);
  return Math.min(
    1,
    below((drift * until - level) / root) + scaledTail(2 * level * drift, (drift * until + level) / root),
  );
}

const below = (z: number): number => (z >= 0 ? 1 - normalTail(z) : normalTail(-z));

/** exp(power) · P(Z > z) without overflow: far out by the tail's own expansion. */
function scaledTail(power: number, z: number): number {
  if (z < 5) return Math.exp(power) * (z >= 0 ? normalTail(z) : 1 - normalTail(-z));
  const z2 = z * z;
  return (Math.exp(power - z2 / 2) / (z * Math.sqrt(2 * Math.PI))) * (1 - 1 / z2 + 3 / (z2 * z2));
}
