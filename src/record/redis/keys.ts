/** The names of what is in Redis. `prefix` (REDIS_PREFIX) goes before all of them. */

/** Streams, each capped by REDIS_STREAM_MAXLEN. */
export const REDIS_STREAMS = {
  trade: "market-sbe-trade",
  quote: "market-sbe-bestbidask",
  depth: "market-sbe-depth",
  vector: "features-1s",
  prediction: "predictions-1s",
  outcome: "outcomes-1s",
} as const;

export type RedisStream = keyof typeof REDIS_STREAMS;

export class RedisKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  stream(stream: RedisStream): string {
    return this.#prefix + REDIS_STREAMS[stream];
  }

  /** The vector as of a second, JSON. */
  vector(symbol: string, ts_sec: number): string {
    return `${this.#prefix}features:${symbol}:${ts_sec}`;
  }

  /** The newest forecast that was served, JSON. */
  latest(symbol: string): string {
    return `${this.#prefix}prediction:${symbol}:latest`;
  }

  /** What the service that leads the symbol says of it, JSON. */
  state(symbol: string): string {
    return `${this.#prefix}state:${symbol}:latest`;
  }

  /** Who wrote the symbol last (guard.ts). */
  guard(symbol: string): string {
    return `${this.#prefix}writer:${symbol}`;
  }
}
