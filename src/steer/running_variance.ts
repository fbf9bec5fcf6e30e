/**
 * The variance of the label as it was known before each tick: an outcome counts from the end of its horizon on. Its state
 * after a tick is a function of the ticks up to there.
 */

import { RecentMoves, type RecentMovesState } from "../judge/recent_moves.ts";

export interface RunningVarianceOptions {
  readonly horizon_s: number;
  readonly cadence_s: number;
  /** From an earlier `state()`; the ticks after `moved_sec` are to be given again. */
  readonly state?: RunningVarianceState | undefined;
}

/** Plain data. */
export interface RunningVarianceState {
  readonly moves: RecentMovesState;
  /** The newest tick whose move is known to it (s); null before the first. */
  readonly moved_sec: number | null;
}

interface Move {
  readonly ts_sec: number;
  readonly log_return: number;
}

export class RunningVariance {
  readonly #horizon_s: number;
  readonly #moves: RecentMoves;
  #moved_sec: number | null;
  /** Oldest first, those of the last horizon: not known yet at the newest tick. */
  readonly #waiting: Move[] = [];

  constructor({ horizon_s, cadence_s, state }: RunningVarianceOptions) {
    this.#horizon_s = horizon_s;
    this.#moves = new RecentMoves({ cadence_s, ...(state ? { state: state.moves } : {}) });
    this.#moved_sec = state?.moved_sec ?? null;
  }

  /** Outcomes known before the newest tick. */
  get count(): number {
    return this.#moves.count;
  }

  /**
   * Ticks in order.
   * @param realized_log_return null across a gap.
   * @returns what was known before this one; 0 before anything was.
   */
  next(ts_sec: number, realized_log_return: number | null): number {
    const known_sec = ts_sec - this.#horizon_s;
    while (this.#waiting.length > 0 && this.#waiting[0]!.ts_sec <= known_sec) {
      const move = this.#waiting.shift()!;
      this.#moves.observe(move.log_return);
      this.#moved_sec = move.ts_sec;
    }
    if (realized_log_return !== null && ts_sec > (this.#moved_sec ?? Number.NEGATIVE_INFINITY)) {
      this.#waiting.push({ ts_sec, log_return: realized_log_return });
    }
    return this.#moves.variance;
  }

  state(): RunningVarianceState {
    return { moves: this.#moves.state(), moved_sec: this.#moved_sec };
  }
}
