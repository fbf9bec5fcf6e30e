/** Answers as they were given, for a minute: the same question costs nothing. Bounded; the oldest goes. */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Ask, AskedAnswer } from "../../serve/ports_ask.ts";

export class AskedCache {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly answer: AskedAnswer; readonly until_us: number }>();
  hits = 0;
  misses = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): AskedAnswer | undefined {
    const kept = this.#kept.get(key);
    if (kept && kept.until_us > this.#clock.monotonicUs()) {
      this.hits++;
      return { ...kept.answer, cache_hit: true };
    }
    this.misses++;
    return undefined;
  }

  set(key: string, answer: AskedAnswer): void {
    this.#kept.delete(key);
    const until_us = this.#clock.monotonicUs() + LIMITS.ask_cache_ms * US_PER_MS;
    this.#kept.set(key, { answer, until_us });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= LIMITS.ask_cache_max) break;
      this.#kept.delete(oldest);
    }
  }
}

/** The same for the same question, in whichever order its names come. @param version the model that is meant. */
export function askKey({ symbol, values, set, include_weights }: Ask, version: string): string {
  const names = Object.keys(values).sort();
  const canonical = JSON.stringify([
    ...[version, symbol, set ?? null, include_weights],
    ...names.map((name) => [name, Object.is(values[name], -0) ? 0 : values[name]]),
  ]);
  return new Bun.CryptoHasher("sha256").update(canonical).digest("base64");
}
