/**
 * The part of REST's weight that repairs may spend: a share of what the service allows itself, and nothing where
 * look-backs and books need it. It never waits; the caller stops and comes back.
 */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { RateBudget } from "../../binance/rest/budget.ts";
import type { RestLoad } from "../../binance/rest/transport.ts";

/** Weight of a page of `historicalTrades`. */
const PAGE_WEIGHT = 25;

export class RestShare {
  readonly #budget: RateBudget;
  readonly #load: () => RestLoad;

  constructor(clock: Clock, load: () => RestLoad) {
    this.#load = load;
    this.#budget = new RateBudget(clock, load().weight_allowed, LIMITS.repair_rest_share);
  }

  /** Milliseconds until a page may be asked for; 0: now. */
  get delay_ms(): number {
    const { waiting, weight_used, weight_allowed } = this.#load();
    this.#budget.limit = weight_allowed;
    const free = waiting === 0 && weight_used + PAGE_WEIGHT <= weight_allowed * LIMITS.repair_rest_used_max;
    return free ? this.#budget.delayMs(PAGE_WEIGHT) : Math.max(1_000, this.#budget.delayMs(PAGE_WEIGHT));
  }

  spendPage(): void {
    this.#budget.spend(PAGE_WEIGHT);
  }
}
