/**
 * Dropout masks from a seed of their own, on every backend the same. A mask of a batch holds a hundred
 * thousand draws, so a draw is half a word of xorshift128 (Marsaglia 2003) rather than a call of the general
 * generator: a rate is rounded to 1/65536.
 */

import * as tf from "@tensorflow/tfjs-core";
import type { Rng } from "../../../base/rng.ts";
import { sizeOf } from "./dense.ts";

const HALF_WORD = 0x10000;

export class DropoutMasks {
  readonly #state: Int32Array;

  constructor(rng: Rng) {
    this.#state = Int32Array.from({ length: 4 }, () => 1 + rng.below(0x7ffffffe));
  }

  /** Elements 0 with probability `rate`, else 1 ÷ (1 − rate). */
  next(dims: readonly number[], rate: number): tf.Tensor {
    const values = new Float32Array(sizeOf(dims));
    const limit = Math.round(rate * HALF_WORD);
    const kept = 1 / (1 - rate);
    for (let at = 0; at < values.length; at += 2) {
      const word = this.#word();
      if ((word & 0xffff) >= limit) values[at] = kept;
      // Past the end a store is ignored.
      if (word >>> 16 >= limit) values[at + 1] = kept;
    }
    return tf.tensor(values, [...dims], "float32");
  }

  #word(): number {
    const state = this.#state;
    let x = state[3]!;
    const w = state[0]!;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = w;
    x ^= x << 11;
    x ^= x >>> 8;
    x = x ^ w ^ (w >>> 19);
    state[0] = x;
    return x;
  }
}
