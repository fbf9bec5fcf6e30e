/**
 * Two models on the same ticks, and a verdict one may look for after every block without being fooled by looking
 * often. d is the loss of `a` less the loss of `b`; over the first n blocks, of mean m and standard deviation s,
 *
 *   m ± s · sqrt(2(nρ² + 1) · ln(sqrt(nρ² + 1) ÷ α) ÷ (n²ρ²)),   ρ² = (−2 ln α + ln(−2 ln α + 1)) ÷ n_opt,   n ≥ 30
 *
 * holds the true mean at all n at once with probability 1 − α: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
 * "Time-uniform central limit theory and asymptotic confidence sequences", arXiv 2103.06476. Blocks are a minute, or
 * six horizons where that is longer, for labels overlap: with blocks of ten seconds false decisions are too many.
 */

import { assert } from "../base/errors.ts";
import { BlockMeans, type BlockMeansState, type EndedBlock } from "./statistics/block_means.ts";

export interface PairedSequenceOptions {
  /** Default 0.05. */
  readonly alpha?: number;
  /** Default a minute. */
  readonly block_s?: number;
  /** Seconds from one tick to the next. Default 1. */
  readonly cadence_s?: number;
  /** The number of blocks at which the interval is to be narrowest. Default a day of minutes. */
  readonly n_opt?: number;
  /** From an earlier `state()`. */
  readonly state?: PairedSequenceState;
}

/** A tick that both models scored; log-returns. */
export interface PairedTick {
  readonly ts_sec: number;
  readonly yhat_a: number;
  readonly yhat_b: number;
  readonly realized_log_return: number;
  /** Running variance of the label, known before the tick; see `RecentMoves`. */
  readonly variance: number;
}

export type Verdict = "a" | "b" | "inconclusive";

export interface PairedLook {
  readonly n_blocks: number;
  /** Mean of d, in label variances: above 0, `b` errs less. */
  readonly mean: number;
  /** null before thirty blocks. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** The first that could be said; it stays. */
  readonly verdict: Verdict;
  /** When it could be said: the end of that block (s). */
  readonly decided_at_sec: number | null;
  /**
   * Hours until a decision if d goes on as it has; 0 once decided, null where that is more than a year or not known.
   */
  readonly expected_h: number | null;
}

/** Plain data. */
export interface PairedSequenceState {
  readonly n: number;
  readonly mean: number;
  /** Sum of squares about the mean. */
  readonly m2: number;
  readonly verdict: Verdict;
  readonly decided_at_sec: number | null;
  readonly open: BlockMeansState;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const START: PairedSequenceState = {
  n: 0,
  mean: 0,
  m2: 0,
  verdict: "inconclusive",
  decided_at_sec: null,
  open: { block: null, ticks: 0, sum: 0 },
};
/** With fewer nothing is said. */
export const BLOCKS_MIN = 30;
const YEAR_S = 365 * 86_400;

export class PairedSequence {
  readonly #alpha: number;
  readonly #block_s: number;
  readonly #blocks: BlockMeans;
  readonly #rho2: number;
  readonly #moments: Mutable<Omit<PairedSequenceState, "open">>;

  constructor({
    alpha = 0.05,
    block_s = 60,
    cadence_s = 1,
    n_opt = 1440,
    state,
  }: PairedSequenceOptions = {}) {
    assert(alpha > 0 && alpha < 1, `alpha expected a number between 0 and 1, was ${alpha}`);
    this.#alpha = alpha;
    this.#block_s = block_s;
    this.#blocks = new BlockMeans({ block_s, cadence_s }, state?.open);
    this.#rho2 = rho2Of(alpha, n_opt);
    const { open: _, ...moments } = state ?? START;
    this.#moments = { ...moments };
  }

  /**
   * Ticks in order; one of a block that is over, or of which something is not known, is passed over.
   * @returns true where a block has ended, so that a look is worth while.
   */
  add(tick: PairedTick): boolean {
    const { variance, yhat_a, yhat_b, realized_log_return } = tick;
    const d = ((realized_log_return - yhat_a) ** 2 - (realized_log_return - yhat_b) ** 2) / variance;
    return Number.isFinite(d) && this.addDifference(tick.ts_sec, d) !== undefined;
  }

  /** As `add`, of a difference of losses of any kind. @returns the block that has ended, where one has. */
  addDifference(ts_sec: number, d: number): EndedBlock | undefined {
    const ended = this.#blocks.add(ts_sec, d);
    if (ended) this.#take(ended);
    return ended;
  }

  look(): PairedLook {
    const { n, mean, verdict, decided_at_sec } = this.#moments;
    const reach = this.#reach(n);
    return {
      n_blocks: n,
      mean,
      lower: reach === null ? null : mean - reach,
      upper: reach === null ? null : mean + reach,
      verdict,
      decided_at_sec,
      expected_h: this.#expectedHours(),
    };
  }

  state(): PairedSequenceState {
    return { ...this.#moments, open: this.#blocks.state() };
  }

  #take(block: EndedBlock): void {
    const so_far = this.#moments;
    so_far.n++;
    const off = block.mean - so_far.mean;
    so_far.mean += off / so_far.n;
    so_far.m2 += off * (block.mean - so_far.mean);
    const reach = this.#reach(so_far.n);
    if (so_far.verdict === "inconclusive" && reach !== null && Math.abs(so_far.mean) > reach) {
      so_far.verdict = so_far.mean > 0 ? "b" : "a";
      so_far.decided_at_sec = block.end_sec;
    }
  }

  get #sd(): number {
    return Math.sqrt(this.#moments.m2 / (this.#moments.n - 1));
  }

  #reach(n: number): number | null {
    return n < BLOCKS_MIN ? null : this.#sd * boundary(n, this.#rho2, this.#alpha);
  }

  #expectedHours(): number | null {
    const { n, mean, verdict } = this.#moments;
    if (verdict !== "inconclusive") return 0;
    const blocks_max = YEAR_S / this.#block_s;
    const decides = (blocks: number): boolean =>
      this.#sd * boundary(blocks, this.#rho2, this.#alpha) < Math.abs(mean);
    if (n < BLOCKS_MIN || !(this.#sd > 0) || !decides(blocks_max)) return null;
    let [low, high] = [n, blocks_max];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (decides(middle)) high = middle;
      else low = middle;
    }
    return ((high - n) * this.#block_s) / 3600;
  }
}

/** @param n_opt blocks at which the interval is narrowest. */
export const rho2Of = (alpha: number, n_opt: number): number =>
  (-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha) + 1)) / n_opt;

/** Reach of the interval of n blocks, in their standard deviations; falls with n. */
export function boundary(n: number, rho2: number, alpha: number): number {
  const grown = n * rho2 + 1;
  return Math.sqrt((2 * grown * Math.log(Math.sqrt(grown) / alpha)) / (n * n * rho2));
}
