/** What serving needs to answer `/predict`: forecasts of vectors that a caller brings. */

import type { ErrorCode } from "../base/errors.ts";
import type { Label } from "../features/label.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Signal } from "../judge/signal/signal_of.ts";

/** One vector, by the names of its features. */
export interface Ask {
  readonly symbol: string;
  readonly values: Readonly<Record<string, number>>;
  /** How the caller calls the values: for sentences about them. */
  readonly values_name: "features" | "indicators";
  /** Must be the model's; undefined: it is. */
  readonly set: string | undefined;
  /** Undefined: the symbol's champion. */
  readonly model_version: string | undefined;
  readonly include_weights: boolean;
}

export interface AskedAnswer {
  readonly model_version: string;
  readonly horizon_s: number;
  readonly label: Label;
  readonly yhat_log_return: number;
  /** Now; null where no price is known. Quote units. */
  readonly current_price: number | null;
  /** Log-returns; null where nothing is known of what its forecasts are worth. */
  readonly lower_log_return: number | null;
  readonly upper_log_return: number | null;
  readonly interval_coverage: number | null;
  /** 0.5 where nothing is known. */
  readonly p_up: number;
  readonly confidence: number;
  /** Why the worth is neutral, as a sentence; null where it is the live one. */
  readonly uncalibrated: string | null;
  readonly signal: Omit<Signal, "cost_bp"> & { readonly cost_bp: number };
  /** How much the model reads each feature; undefined where it was not measured, or not asked for. */
  readonly weights: Readonly<Record<string, number>> | undefined;
  /** They had a say in the confidence. */
  readonly weights_applied: boolean;
  /** When it was computed: wall clock. */
  readonly at_us: number;
  readonly cache_hit: boolean;
}

export interface AskFault {
  readonly code: ErrorCode;
  readonly field?: string;
  readonly detail: string;
}

/** What each feature did to one forecast: the forecast less that with the feature at its mean in training. */
export interface Contributions {
  readonly model_version: string;
  readonly yhat_log_return: number;
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    /** Its mean in training. */
    readonly usual: number;
    /** Log-return. */
    readonly contribution: number;
  }[];
}

export interface AskPort {
  /**
   * Of the champion and one vector of its set; a vector's second is computed once, however many ask.
   * @throws as `predict`.
   */
  contributions(vector: FeatureVector): Promise<Contributions | AskFault>;
  /**
   * An answer or a fault each, in their order; vectors of one model go through it in one call.
   * @throws ForetickError TOO_MANY_CLIENTS where too many wait, DEADLINE, MODEL_OUTPUT.
   */
  predict(asks: readonly Ask[]): Promise<readonly (AskedAnswer | AskFault)[]>;
}
