/**
 * What a forecast is worth, learned from what came true: an interval that holds nine outcomes of ten, the
 * probability of its direction, and the confidence that follows. One per symbol, model and horizon.
 *
 * It is a fold over outcomes and nothing else: the same outcomes in the same order give the same state to the bit,
 * whether they were learned live or read from the database after a restart. An outcome is therefore held against the
 * interval's width as it is when the outcome comes, not as it was issued; a horizon apart the two differ by a few
 * per cent at most, and the long-run share inside is the same.
 */

import { assert } from "../base/errors.ts";
import { confidenceOf, type Fallback } from "./confidence.ts";
import { AdaptiveInterval } from "./interval.ts";
import { UpProbability, type UpProbabilityState } from "./statistics/probability.ts";

export interface CalibrationOptions {
  /** Horizon of the forecasts (s). */
  readonly horizon_s: number;
  /** Seconds from one forecast to the next. Default 1. */
  readonly cadence_s?: number;
  /** From an earlier `state()`; then only outcomes after that. */
  readonly state?: CalibrationState;
  /**
   * Outcomes of the past, oldest first. Two days of them give the state of the whole history nearly: what is
   * older weighs less than a quarter.
   */
  readonly past?: Iterable<ForecastOutcome>;
}

/** A forecast and what came; log-returns. */
export interface ForecastOutcome {
  readonly yhat_log_return: number;
  /** Size of recent moves (log-return) when the forecast was made, as given to `predict`. */
  readonly volatility: number;
  readonly realized_log_return: number;
}

export interface Calibrated {
  /** Log-return. */
  readonly lower: number;
  readonly upper: number;
  /** Share of outcomes promised to be inside. */
  readonly coverage: number;
  /** P(up | moves). */
  readonly p_up: number;
  /** The probability that the direction is right, 0.5 to 1. */
  readonly confidence: number;
}

/** Plain data, for a file or a column. */
export interface CalibrationState {
  /** Half-width ÷ volatility. */
  readonly ratio: number;
  readonly probability: UpProbabilityState;
}

const COVERAGE = 0.9;
/** Of a normal whose mean size is 1, nine tenths are within 2.06. */
const RATIO_START = 2.06;

export class Calibration {
  readonly #interval: AdaptiveInterval;
  readonly #probability: UpProbability;

  constructor({ horizon_s, cadence_s = 1, state, past = [] }: CalibrationOptions) {
    this.#interval = new AdaptiveInterval({ coverage: COVERAGE, start: RATIO_START, ratio: state?.ratio });
    this.#probability = new UpProbability({ horizon_s, cadence_s }, state?.probability);
    for (const outcome of past) this.learn(outcome);
  }

  /**
   * @param volatility size of recent moves (log-return), known before the tick; see `RecentMoves`. Where it is not
   * known (0), the interval is a point and p_up is 0.5.
   * @param weighed_share what indicator weights leave of the confidence beyond an even chance; 1 where they have no say.
   */
  predict(
    yhat_log_return: number,
    volatility: number,
    fallbacks: readonly Fallback[] = [],
    weighed_share = 1,
  ): Calibrated {
    assert(volatility >= 0, `volatility expected a number from 0, was ${volatility}`);
    const half_width = this.#interval.ratio * volatility;
    const p_up = this.#probability.of(yhat_log_return / volatility);
    return {
      lower: yhat_log_return - half_width,
      upper: yhat_log_return + half_width,
      coverage: COVERAGE,
      p_up,
      confidence: confidenceOf(p_up, fallbacks, weighed_share),
    };
  }

  /** In the order of the forecasts, once each is known. One without volatility or outcome is passed over. */
  learn({ yhat_log_return, volatility, realized_log_return }: ForecastOutcome): void {
    const error = Math.abs(realized_log_return - yhat_log_return);
    if (!Number.isFinite(error) || !(volatility > 0)) return;
    this.#interval.observe(error <= this.#interval.ratio * volatility);
    this.#probability.learn(yhat_log_return / volatility, realized_log_return);
  }

  state(): CalibrationState {
    return { ratio: this.#interval.ratio, probability: this.#probability.state() };
  }
}
