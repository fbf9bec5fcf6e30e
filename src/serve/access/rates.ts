/** How often a caller may ask: a bucket of tokens for each key, and for each address without one; bounded in number. */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";

/** What is left to a caller. */
export interface Rate {
  readonly policy: "address" | "key";
  /** Tokens a full bucket has. */
  readonly burst: number;
  readonly per_s: number;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Until there is one; 0 where there is (s). */
  readonly wait_s: number;
}

interface Bucket {
  tokens: number;
  at_us: number;
}

export class Rates {
  readonly #clock: Clock;
  readonly #policy: Rate["policy"];
  readonly #per_s: number;
  readonly #burst: number;
  /** The one asked for longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param per_s tokens a second; twice as many fit into a bucket. */
  constructor(clock: Clock, policy: Rate["policy"], per_s: number) {
    this.#clock = clock;
    this.#policy = policy;
    this.#per_s = per_s;
    this.#burst = 2 * per_s;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token where there is one. */
  take(id: string): Rate {
    const now_us = this.#clock.monotonicUs();
    const bucket = this.#buckets.get(id) ?? { tokens: this.#burst, at_us: now_us };
    const filled = bucket.tokens + ((now_us - bucket.at_us) / US_PER_SEC) * this.#per_s;
    bucket.tokens = Math.min(this.#burst, filled);
    bucket.at_us = now_us;
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    if (this.#buckets.size > LIMITS.rate_buckets_max) this.#forgetOldest();
    const wait_s = bucket.tokens >= 1 ? 0 : (1 - bucket.tokens) / this.#per_s;
    if (wait_s === 0) bucket.tokens -= 1;
    const remaining = Math.floor(bucket.tokens);
    return { policy: this.#policy, burst: this.#burst, per_s: this.#per_s, remaining, wait_s };
  }

  #forgetOldest(): void {
    for (const id of this.#buckets.keys()) {
      this.#buckets.delete(id);
      return;
    }
  }
}

/** As draft-ietf-httpapi-ratelimit-headers has them. */
export function rateHeaders({ policy, burst, per_s, remaining }: Rate): Record<string, string> {
  return {
    "ratelimit-policy": `"${policy}";q=${burst};w=${Math.ceil(burst / per_s)}`,
    ratelimit: `"${policy}";r=${remaining};t=${Math.ceil((burst - remaining) / per_s)}`,
  };
}
