/**
 * What waits for Redis, of one symbol, bounded: forecasts and outcomes, vectors, market events, each kind by itself, so
 * that a flood of market events drops the oldest of these and never a forecast. Entries are made when they are
 * taken, since most of the time of a slow Redis they are dropped unmade.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import { levelCount, type MarketEntryEvent } from "./codec/market.ts";
import type { AgedVector } from "./codec/vector.ts";

export type ForecastItem =
  | { readonly kind: "prediction"; readonly prediction: Prediction }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

export interface Taken {
  readonly forecasts: readonly ForecastItem[];
  readonly vectors: readonly AgedVector[];
  readonly events: readonly MarketEntryEvent[];
}

/** Dropped since the start, by kind. */
export interface Dropped {
  readonly forecasts: number;
  readonly vectors: number;
  readonly events: number;
}

const LEVELS_OF_ONE = 8;
const weightOf = (event: MarketEntryEvent): number => 1 + Math.floor(levelCount(event) / LEVELS_OF_ONE);

/** First in, first out; the oldest go where it grows beyond its bound. */
class Fifo<T> {
  readonly #max: number;
  readonly #weigh: (item: T) => number;
  #items: (T | undefined)[] = [];
  #head = 0;
  #weight = 0;
  dropped = 0;

  constructor(max: number, weigh: (item: T) => number = () => 1) {
    this.#max = max;
    this.#weigh = weigh;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#weight += this.#weigh(item);
    while (this.#weight > this.#max && this.length > 1) {
      this.shift();
      this.dropped++;
    }
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined;
    this.#weight -= this.#weigh(item);
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export class Waiting {
  readonly #forecasts = new Fifo<ForecastItem>(LIMITS.redis_forecasts_waiting_max);
  readonly #vectors = new Fifo<AgedVector>(LIMITS.redis_vectors_waiting_max);
  readonly #events = new Fifo<MarketEntryEvent>(LIMITS.redis_market_waiting_max, weightOf);

  get length(): number {
    return this.#forecasts.length + this.#vectors.length + this.#events.length;
  }

  get dropped(): Dropped {
    return {
      forecasts: this.#forecasts.dropped,
      vectors: this.#vectors.dropped,
      events: this.#events.dropped,
    };
  }

  forecast(item: ForecastItem): void {
    this.#forecasts.push(item);
  }

  vector(vector: AgedVector): void {
    this.#vectors.push(vector);
  }

  event(event: MarketEntryEvent): void {
    this.#events.push(event);
  }

  /** The next batch: what was forecast first, then vectors, then as many market events as it holds. */
  take(): Taken {
    let room: number = LIMITS.redis_batch_entries_max;
    let levels = 0;
    const all = <T>(from: Fifo<T>): T[] => {
      const taken: T[] = [];
      for (; room > 0 && from.length > 0; room--) taken.push(from.shift()!);
      return taken;
    };
    const forecasts = all(this.#forecasts);
    const vectors = all(this.#vectors);
    const events: MarketEntryEvent[] = [];
    for (; room > 0 && levels < LIMITS.redis_batch_levels_max && this.#events.length > 0; room--) {
      const event = this.#events.shift()!;
      levels += levelCount(event);
      events.push(event);
    }
    return { forecasts, vectors, events };
  }
}
