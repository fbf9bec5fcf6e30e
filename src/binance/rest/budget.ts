/**
 * How much REST weight may still be spent. The exchange counts weight per address and minute; we keep the sum
 * of any 61 seconds under a share of that, which holds even where our clock and theirs disagree. What
 * others behind the same address spend shows in `X-MBX-USED-WEIGHT-1M` and counts as ours for a minute.
 */

import type { Clock } from "../../base/clock.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";

const WINDOW_S = 61;

export class RateBudget {
  readonly #clock: Clock;
  readonly #share: number;
  #limit: number;
  /** Weight spent in the second kept in `#seconds` at the same index. */
  readonly #spent = new Float64Array(WINDOW_S);
  readonly #seconds = new Float64Array(WINDOW_S).fill(Number.NEGATIVE_INFINITY);
  #foreign = 0;
  #foreign_until_us = Number.NEGATIVE_INFINITY;

  /** `limit`: weight per minute the exchange allows; `share`: the part of it we use, in (0, 1]. */
  constructor(clock: Clock, limit: number, share: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#share = share;
  }

  set limit(weight_per_min: number) {
    this.#limit = weight_per_min;
  }

  /** Weight per minute we allow ourselves. */
  get allowance(): number {
    return Math.floor(this.#limit * this.#share);
  }

  /** Weight spent in the window, ours and others'. */
  get used(): number {
    return this.#own() + this.#others();
  }

  spend(weight: number): void {
    const second = this.#second();
    const index = second % WINDOW_S;
    if (this.#seconds[index] !== second) {
      this.#seconds[index] = second;
      this.#spent[index] = 0;
    }
    this.#spent[index]! += weight;
  }

  /**
   * Takes over the exchange's own count. `in_flight` is the weight of requests that may not be in it yet: they
   * are taken as not counted, so that the error, if any, is on the side of waiting.
   */
  observe(used_weight_1m: number, in_flight: number): void {
    this.#foreign = Math.max(0, used_weight_1m - (this.#own() - in_flight));
    this.#foreign_until_us = this.#clock.monotonicUs() + (WINDOW_S - 1) * US_PER_SEC;
  }

  /**
   * Milliseconds until asking again makes sense; 0 where `weight` may be spent now. A weight above the whole
   * allowance passes when nothing else is spent, or it would never be sent.
   */
  delayMs(weight: number): number {
    const used = this.used;
    if (used === 0 || used + weight <= this.allowance) return 0;
    let expires_us = this.#others() > 0 ? this.#foreign_until_us : Number.POSITIVE_INFINITY;
    const now_second = this.#second();
    for (let index = 0; index < WINDOW_S; index += 1) {
      const second = this.#seconds[index]!;
      if (now_second - second < WINDOW_S && this.#spent[index]! > 0) {
        expires_us = Math.min(expires_us, (second + WINDOW_S) * US_PER_SEC);
      }
    }
    return Math.max(1, Math.ceil((expires_us - this.#clock.monotonicUs()) / US_PER_MS));
  }

  #own(): number {
    const now_second = this.#second();
    let sum = 0;
    for (let index = 0; index < WINDOW_S; index += 1) {
      if (now_second - this.#seconds[index]! < WINDOW_S) sum += this.#spent[index]!;
    }
    return sum;
  }

  #others(): number {
    return this.#clock.monotonicUs() < this.#foreign_until_us ? this.#foreign : 0;
  }

  #second(): number {
    return Math.floor(this.#clock.monotonicUs() / US_PER_SEC);
  }
}
