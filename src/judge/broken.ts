/**
 * Is a model broken: an exploding scale, a flipped sign, an output that is stuck? Its squared error less that of
 * forecasting no move, in label variances, as means of minutes; what exceeds an allowance adds up, what stays below
 * takes away, and the alarm is raised where the sum passes a threshold (Page 1954, "Continuous inspection schemes",
 * one-sided). One minute can add only so much, so that one wild minute is never an alarm.
 *
 * An error twice that of zero is 1 in this unit. The figures in docs/models.md say how long it takes and how often it
 * is raised without cause (`bench/life.ts`).
 */

import { BlockMeans, type BlockMeansState } from "./statistics/block_means.ts";

export interface BrokenAlarm {
  readonly alarm: "broken";
  readonly ts_sec: number;
  /** When the excess began to add up (s). */
  readonly since_sec: number;
  /** Mean squared error less zero's, in label variances, over those minutes, and how many they are. */
  readonly excess: number;
  readonly blocks: number;
}

export interface BrokenState {
  readonly sum: number;
  readonly since_sec: number;
  readonly excess_sum: number;
  readonly blocks: number;
  readonly open: BlockMeansState;
}

/** Label variances a minute: what a model may err beyond zero for long without being called broken. */
const ALLOWANCE = 0.25;
const THRESHOLD = 1.25;
/** More than this of one minute does not count: two minutes at least make an alarm. */
const BLOCK_MAX = 1;

export class BrokenWatch {
  readonly #block_s: number;
  readonly #blocks: BlockMeans;
  #sum = 0;
  #since_sec = 0;
  #excess_sum = 0;
  #count = 0;

  constructor({ block_s, cadence_s }: { block_s: number; cadence_s: number }, state?: BrokenState) {
    this.#block_s = block_s;
    this.#blocks = new BlockMeans({ block_s, cadence_s }, state?.open);
    if (!state) return;
    this.#sum = state.sum;
    this.#since_sec = state.since_sec;
    this.#excess_sum = state.excess_sum;
    this.#count = state.blocks;
  }

  /**
   * @param excess (error² − outcome²) ÷ variance of the label known before.
   * @returns the alarm at the end of every minute at which the sum is past the threshold.
   */
  add(ts_sec: number, excess: number): BrokenAlarm | undefined {
    const ended = this.#blocks.add(ts_sec, excess);
    if (!ended) return undefined;
    if (this.#sum === 0) {
      this.#since_sec = ended.end_sec - this.#block_s;
      this.#excess_sum = 0;
      this.#count = 0;
    }
    this.#excess_sum += ended.mean;
    this.#count++;
    this.#sum = Math.max(0, this.#sum + Math.min(BLOCK_MAX, ended.mean) - ALLOWANCE);
    if (this.#sum <= THRESHOLD) return undefined;
    // Bounded, so that it is over soon after its cause is.
    this.#sum = Math.min(this.#sum, 2 * THRESHOLD);
    const { since_sec, blocks } = this.state();
    return { alarm: "broken", ts_sec: ended.end_sec, since_sec, excess: this.#excess_sum / blocks, blocks };
  }

  state(): BrokenState {
    return {
      sum: this.#sum,
      since_sec: this.#since_sec,
      excess_sum: this.#excess_sum,
      blocks: this.#count,
      open: this.#blocks.state(),
    };
  }
}
