/**
 * How likely the move of a forecast's horizon is to be beyond a bound: Student's distribution with four degrees of
 * freedom, whose tails are as heavy as those of returns that are measured against recent volatility. Its scale comes
 * from the interval (as much lies inside as the interval promises), its centre from p_up (as much lies above 0). The raw
 * forecast is not used: an overconfident one moves neither what came true of the interval nor of p_up.
 *
 * With four degrees of freedom both distribution and quantile are in closed form: Shaw (2006), "Sampling Student's T
 * distribution: use of the inverse cumulative distribution function", J. Computational Finance 9(4).
 */

import { assert } from "../../base/errors.ts";

/** What the calibration of a forecast says; see calibration.ts. */
export interface MoveShape {
  /** Half of the interval's width (log-return), above 0. */
  readonly half_width: number;
  /** Share of outcomes it promises to hold, in (0, 1). */
  readonly coverage: number;
  /** P(up | moves), in (0, 1). */
  readonly p_up: number;
}

export interface Beyond {
  /** P(move > bound). */
  readonly above: number;
  /** P(move < −bound). */
  readonly below: number;
}

/** Further from an even chance a probability is not believed: the quantile has to be finite. */
const P_MIN = 1e-9;

/** @param bound log-return, from 0. */
export function beyondBound({ half_width, coverage, p_up }: MoveShape, bound: number): Beyond {
  assert(half_width > 0, `half_width expected a number above 0, was ${half_width}`);
  assert(coverage > 0 && coverage < 1, `coverage expected a number between 0 and 1, was ${coverage}`);
  assert(bound >= 0, `bound expected a number from 0, was ${bound}`);
  const scale = half_width / quantile((1 + coverage) / 2);
  const centre = quantile(Math.min(1 - P_MIN, Math.max(P_MIN, p_up)));
  return { above: tail(bound / scale - centre), below: tail(bound / scale + centre) };
}

/** P(T > t). */
function tail(t: number): number {
  const size = Math.abs(t);
  const u2 = (size * size) / (4 + size * size);
  const u = Math.sqrt(u2);
  // 1/2 − 3/4·u + 1/4·u³, as what does not cancel far out.
  const outer = ((1 - u) * (1 - u) * (2 + u)) / 4;
  return t >= 0 ? outer : 1 - outer;
}

/** t with P(T < t) = p. */
function quantile(p: number): number {
  if (p === 0.5) return 0;
  const root = Math.sqrt(4 * p * (1 - p));
  const q = Math.cos(Math.acos(root) / 3) / root;
  return Math.sign(p - 0.5) * 2 * Math.sqrt(q - 1);
}
