/** How sure a forecast is of its direction, and what that is worth where something had to be made up for. */

/** What stood in for what should have been there, and what is left of the confidence beyond an even chance. */
export const FALLBACK_FACTORS = {
  /** The last known value of a missing feature. */
  last_value: 0.8,
  other_set: 0.9,
  other_evaluator: 0.9,
  rest_ticker: 0.3,
  linear_trend: 0,
} as const;

export type Fallback = keyof typeof FALLBACK_FACTORS;

/**
 * The probability that the direction is right, 0.5 to 1; 0.52 is a good forecast.
 * @param p_up P(up | moves).
 * @param fallbacks each once; each takes its share of what exceeds 0.5.
 * @param share what indicator weights leave of that, 0 to 2 (weighed_confidence.ts); 1 where they have no say.
 */
export function confidenceOf(p_up: number, fallbacks: readonly Fallback[] = [], share = 1): number {
  let beyond = (Math.max(p_up, 1 - p_up) - 0.5) * share;
  for (const fallback of fallbacks) beyond *= FALLBACK_FACTORS[fallback];
  return 0.5 + Math.min(0.5, beyond);
}
