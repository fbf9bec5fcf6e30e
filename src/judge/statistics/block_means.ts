/** Means over blocks of time: what neighbouring ticks share by overlapping labels stays within a block. */

import { assert } from "../../base/errors.ts";

export interface BlockMeansOptions {
  /** Length of a block, by the clock. */
  readonly block_s: number;
  /** Seconds from one tick to the next. */
  readonly cadence_s: number;
}

/** The block that is being filled; plain data. */
export interface BlockMeansState {
  /** floor(ts_sec ÷ block_s); null before the first tick. */
  readonly block: number | null;
  readonly ticks: number;
  readonly sum: number;
}

export interface EndedBlock {
  readonly mean: number;
  /** The first second after it. */
  readonly end_sec: number;
}

/** Seconds of a block at least. */
export const BLOCK_S_MIN = 60;
/** Horizons a block holds at least, so that few labels reach from one block into the next. */
const BLOCK_HORIZONS = 6;

/** Length of the blocks of forecasts that look so far ahead (s): a minute, or six horizons where those are longer. */
export const blockSeconds = (horizon_s: number): number => Math.max(BLOCK_S_MIN, BLOCK_HORIZONS * horizon_s);

/** A block with fewer of its ticks says too little, and is left out. */
const TICKS_SHARE_MIN = 0.5;

export class BlockMeans {
  readonly #block_s: number;
  readonly #ticks_min: number;
  #block: number | null = null;
  #ticks = 0;
  #sum = 0;

  constructor({ block_s, cadence_s }: BlockMeansOptions, state?: BlockMeansState) {
    assert(
      block_s >= cadence_s && cadence_s > 0,
      `blocks of ${block_s} s expected ticks of ${cadence_s} s in them`,
    );
    this.#block_s = block_s;
    this.#ticks_min = (TICKS_SHARE_MIN * block_s) / cadence_s;
    if (!state) return;
    this.#block = state.block;
    this.#ticks = state.ticks;
    this.#sum = state.sum;
  }

  /** Ticks in order; one of a block that is over is passed over. Gives the block that this tick ends. */
  add(ts_sec: number, value: number): EndedBlock | undefined {
    const block = Math.floor(ts_sec / this.#block_s);
    let ended: EndedBlock | undefined;
    if (this.#block !== null && block !== this.#block) {
      if (block < this.#block) return undefined;
      if (this.#ticks >= this.#ticks_min) {
        ended = { mean: this.#sum / this.#ticks, end_sec: (this.#block + 1) * this.#block_s };
      }
      this.#ticks = 0;
      this.#sum = 0;
    }
    this.#block = block;
    this.#ticks++;
    this.#sum += value;
    return ended;
  }

  state(): BlockMeansState {
    return { block: this.#block, ticks: this.#ticks, sum: this.#sum };
  }
}
