/** A publisher and a reader at a test's Redis. */

import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../../src/base/log.ts";
import type { Outcome, Prediction } from "../../../src/predict/prediction.ts";
import { redisAddress } from "../../../src/record/redis/address.ts";
import type { AgedVector } from "../../../src/record/redis/codec/vector.ts";
import { Publisher, type PublisherOptions } from "../../../src/record/redis/publisher.ts";
import { RedisReader } from "../../../src/record/redis/reader.ts";
import { met } from "../../met.ts";
import { SYMBOL } from "../market_events.ts";

export interface At {
  readonly url: string;
  readonly ca?: string;
  readonly prefix?: string;
  readonly maxlen?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

const reached = ({ url, ca, prefix = "", clock = systemClock, log = silentLogger }: At) => ({
  ...{ address: redisAddress(url, ca), prefix, clock, log },
});

export const publisherAt = (at: At, more: Partial<PublisherOptions> = {}): Publisher =>
  new Publisher({
    ...reached(at),
    maxlen: at.maxlen ?? 10_000,
    fenceOf: () => 1,
    stateOf: () => ({}),
    ...more,
  });

/** All that waits is in Redis. */
export const emptied = (publisher: Publisher): Promise<void> =>
  met("Redis to have taken all", () => publisher.stats.waiting === 0 && publisher.stats.unanswered === 0);

export class Shown {
  readonly predictions: [Prediction, live: boolean][] = [];
  readonly outcomes: [Outcome, live: boolean][] = [];
  readonly vectors: AgedVector[] = [];
  readonly states: string[] = [];
  readonly reader: RedisReader;

  constructor(at: At, symbols: readonly string[] = [SYMBOL]) {
    this.reader = new RedisReader({
      ...{ ...reached(at), symbols },
      onPrediction: (prediction, live) => void this.predictions.push([prediction, live]),
      onOutcome: (outcome, live) => void this.outcomes.push([outcome, live]),
      onVector: (vector) => void this.vectors.push(vector),
      onState: (_, text) => void (text !== undefined && this.states.push(text)),
    });
    this.reader.start();
  }

  get seconds(): number[] {
    return this.predictions.map(([{ ts_sec }]) => ts_sec);
  }
}
