/**
 * What one would do about a forecast: BUY, HOLD or SELL with probabilities, what is recommended, how much to stake, how
 * risky that is. A move counts only if it is larger than the cost: BUY is the probability of a move above it, SELL of one
 * below its negative, HOLD the rest (`move_distribution.ts`). Pure, and apart from the forecast, which it does not change.
 *
 * The thresholds are configuration. With calibrated probabilities nine tenths of certainty about ten seconds do not
 * occur: the answer is nearly always AVOID, or HOLD where the cost is what a trade really costs. See docs/signals.md.
 */

import type { Config } from "../../base/config.ts";
import { beyondBound } from "./move_distribution.ts";

export const DIRECTIONS = ["BUY", "HOLD", "SELL"] as const;
export type Direction = (typeof DIRECTIONS)[number];

export type Recommendation = `STRONG_${Direction}` | Direction | `WEAK_${Direction}` | "AVOID";

/** From the configuration: what a trade costs, and the tables of thresholds. */
export type SignalSettings = Pick<
  Config,
  "signal_cost_bp" | "signal_recommendations" | "signal_multipliers" | "signal_risk_levels"
>;
export type RiskLevel = SignalSettings["signal_risk_levels"][number]["value"];

/** What of a forecast's worth is used; null where nothing is known. Names are those of a prediction. */
export interface SignalInput {
  /** Log-returns. */
  readonly lower_log_return: number | null;
  readonly upper_log_return: number | null;
  /** Share of outcomes promised to be between them. */
  readonly interval_coverage: number | null;
  /** P(up | moves). */
  readonly p_up: number | null;
  /** Probability that the direction is right, from 0.5; below max(p_up, 1 − p_up) where something was made up for. */
  readonly confidence: number | null;
}

export interface Signal {
  /** The one with the largest probability; HOLD where BUY and SELL are equally likely. */
  readonly direction: Direction;
  /** The direction's probability, 0 to 100. */
  readonly confidence: number;
  /** 0 to 100 each, together 100 exactly. */
  readonly probabilities: Readonly<Record<Direction, number>>;
  readonly recommendation: Recommendation;
  /** Share of the usual stake; 0 for HOLD. */
  readonly position_multiplier: number;
  readonly risk_level: RiskLevel;
  /** The move that counts (bp). */
  readonly cost_bp: number;
}

const BP = 1e-4;
/** Probabilities are whole steps of this, a power of two: their sum is exact in any order. */
const STEP = 2 ** -32;

/** Undefined while nothing is known of the volatility: then there is no interval either. */
export function signalOf(input: SignalInput, settings: SignalSettings): Signal | undefined {
  const { lower_log_return: lower, upper_log_return: upper, interval_coverage: coverage, p_up } = input;
  if (lower === null || upper === null || coverage === null || p_up === null || !(upper > lower)) {
    return undefined;
  }
  const { confidence: sure } = input;
  const believed = sure === null ? p_up : p_up >= 0.5 ? sure : 1 - sure;
  const cost_bp = settings.signal_cost_bp;
  const shape = { half_width: (upper - lower) / 2, coverage, p_up: believed };
  const { above, below } = beyondBound(shape, cost_bp * BP);
  const BUY = inSteps(100 * above);
  const SELL = inSteps(100 * below);
  const probabilities = { BUY, HOLD: 100 - BUY - SELL, SELL };
  const direction = directionOf(probabilities);
  const confidence = probabilities[direction];
  const holds = direction === "HOLD";
  return {
    ...{ direction, confidence, probabilities, cost_bp },
    recommendation: recommendationOf(direction, firstReached(settings.signal_recommendations, confidence)),
    position_multiplier: holds ? 0 : (firstReached(settings.signal_multipliers, confidence) ?? 0),
    risk_level: holds ? "LOW" : (firstReached(settings.signal_risk_levels, confidence) ?? "HIGH"),
  };
}

// Downwards, so that BUY and SELL together are never more than 100.
const inSteps = (percent: number): number => Math.floor(percent / STEP) * STEP;

function directionOf({ BUY, HOLD, SELL }: Signal["probabilities"]): Direction {
  if (BUY === SELL || HOLD >= Math.max(BUY, SELL)) return "HOLD";
  return BUY > SELL ? "BUY" : "SELL";
}

function recommendationOf(
  direction: Direction,
  strength: SignalSettings["signal_recommendations"][number]["value"] | undefined,
): Recommendation {
  if (strength === undefined) return "AVOID";
  return strength === "PLAIN" ? direction : `${strength}_${direction}`;
}

/** Tables are in falling order. */
const firstReached = <Value>(
  table: readonly { readonly from: number; readonly value: Value }[],
  confidence: number,
): Value | undefined => table.find(({ from }) => confidence >= from)?.value;
