/**
 * Two models judged tick by tick: what their outcomes say, put through the paired sequence. Pure. Its state after a tick
 * is a function of the ticks up to there, so that a trial goes on from a stored state as if it had never stopped.
 */

import { type PairedLook, PairedSequence, type PairedSequenceState } from "../../judge/paired_sequence.ts";
import { blockSeconds, type EndedBlock } from "../../judge/statistics/block_means.ts";
import { RunningVariance, type RunningVarianceState } from "../running_variance.ts";

export interface TrialOptions {
  readonly confidence_level: number;
  readonly horizon_s: number;
  /** Seconds from one tick that both score to the next. */
  readonly cadence_s: number;
  /** Returns that must be known before a tick is judged. */
  readonly moves_min: number;
  readonly state?: TrialState | undefined;
}

/** One tick; log-returns. */
export interface TrialTick {
  readonly ts_sec: number;
  /** Null where the model gave none. */
  readonly yhat_a: number | null;
  readonly yhat_b: number | null;
  /** Null across a gap. */
  readonly realized_log_return: number | null;
}

/** Plain data. */
export interface TrialState extends RunningVarianceState {
  readonly sequence: PairedSequenceState;
}

/** A block that was judged, and what one could say after it. */
export interface TrialBlock extends Pick<PairedLook, "n_blocks" | "mean" | "lower" | "upper"> {
  readonly from_sec: number;
  /** Mean d of the block. */
  readonly difference: number;
}

export class Trial {
  readonly #options: TrialOptions;
  readonly #block_s: number;
  readonly #sequence: PairedSequence;
  readonly #variance: RunningVariance;

  constructor(options: TrialOptions) {
    const { confidence_level, horizon_s, cadence_s, state } = options;
    this.#options = options;
    this.#block_s = Math.max(blockSeconds(horizon_s), cadence_s);
    this.#sequence = new PairedSequence({
      ...{ block_s: this.#block_s, cadence_s, alpha: 1 - confidence_level },
      ...(state ? { state: state.sequence } : {}),
    });
    this.#variance = new RunningVariance({ horizon_s, cadence_s, state });
  }

  /** A tick before the trial, or judged already: only its move counts. Ticks come in order. */
  remember({ ts_sec, realized_log_return }: TrialTick): void {
    this.#variance.next(ts_sec, realized_log_return);
  }

  /** @returns the block that this tick ends, where it does. */
  judge(tick: TrialTick): TrialBlock | undefined {
    const variance = this.#variance.next(tick.ts_sec, tick.realized_log_return);
    const d = this.#difference(tick, variance);
    if (!Number.isFinite(d)) return undefined;
    const ended = this.#sequence.addDifference(tick.ts_sec, d);
    return ended && this.#blockOf(ended);
  }

  look(): PairedLook {
    return this.#sequence.look();
  }

  state(): TrialState {
    return { sequence: this.#sequence.state(), ...this.#variance.state() };
  }

  /** Loss of `a` less that of `b`, in variances as known before the tick; NaN where something is not known. */
  #difference({ yhat_a, yhat_b, realized_log_return: realized }: TrialTick, variance: number): number {
    if (yhat_a === null || yhat_b === null || realized === null) return Number.NaN;
    if (this.#variance.count < this.#options.moves_min) return Number.NaN;
    return ((realized - yhat_a) ** 2 - (realized - yhat_b) ** 2) / variance;
  }

  #blockOf({ mean: difference, end_sec }: EndedBlock): TrialBlock {
    const { n_blocks, mean, lower, upper } = this.#sequence.look();
    return { from_sec: end_sec - this.#block_s, difference, n_blocks, mean, lower, upper };
  }
}
