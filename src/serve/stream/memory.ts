/**
 * The last messages of the streams, in the order in which they were given out, each under its tick: what a client that
 * connects again has missed is read from here, and so are server-sent events. A message is written as text once, for all
 * who are sent it, and only where somebody is.
 */

import { LIMITS } from "../../base/limits.ts";
import { belongsTo } from "../../predict/series.ts";
import { predictionJson } from "../messages/predictions.ts";
import { outcomeMessage, type StreamMessage } from "../messages/stream.ts";
import type { ServeEvent } from "../ports.ts";
import type { Since, Subscription } from "./subscription.ts";

export class KeptMessage {
  readonly event: ServeEvent;
  readonly tick: number;
  /** In its tick, from 1. */
  readonly place: number;
  #text: string | undefined;

  constructor(event: ServeEvent, tick: number, place: number) {
    this.event = event;
    this.tick = tick;
    this.place = place;
  }

  get id(): string {
    return `${this.tick}.${this.place}`;
  }

  get text(): string {
    this.#text ??= JSON.stringify(messageOf(this.event));
    return this.#text;
  }

  isFor({ symbols, kinds, choice }: Subscription): boolean {
    const { event } = this;
    const of = event.kind === "prediction" ? event.prediction : event.outcome;
    return kinds.includes(event.kind) && symbols.includes(of.symbol) && belongsTo(of, choice);
  }
}

export class StreamMemory {
  readonly #max: number;
  readonly #kept: KeptMessage[] = [];
  /** Of the oldest that is kept. */
  #first = 0;

  constructor(symbols: number) {
    this.#max = LIMITS.stream_kept_messages * Math.max(1, symbols);
  }

  /** Where the next message will be. */
  get end(): number {
    return this.#first + this.#kept.length;
  }

  /** Ticks never go back: what comes late is of the tick at which it is given out. */
  add(event: ServeEvent): KeptMessage {
    const last = this.#kept.at(-1);
    const tick = Math.max(last?.tick ?? 0, tickOf(event));
    const kept = new KeptMessage(event, tick, last?.tick === tick ? last.place + 1 : 1);
    this.#kept.push(kept);
    if (this.#kept.length > this.#max * 1.1) {
      const dropped = this.#kept.length - this.#max;
      this.#kept.splice(0, dropped);
      this.#first += dropped;
    }
    return kept;
  }

  /** Undefined where it is no longer kept. */
  at(position: number): KeptMessage | undefined {
    return this.#kept[position - this.#first];
  }

  /** The first message after those seen. `complete`: none between may be missing. */
  after({ tick, place = Number.POSITIVE_INFINITY }: Since): {
    readonly position: number;
    readonly complete: boolean;
  } {
    const last = this.#kept.findLastIndex(
      (one) => one.tick < tick || (one.tick === tick && one.place <= place),
    );
    return { position: this.#first + last + 1, complete: last >= 0 };
  }
}

function tickOf(event: ServeEvent): number {
  if (event.kind === "prediction") return event.prediction.ts_sec;
  return event.outcome.ts_sec + event.outcome.horizon_s;
}

function messageOf(event: ServeEvent): StreamMessage {
  if (event.kind === "outcome") return outcomeMessage(event.outcome);
  return { type: "prediction", ...predictionJson(event.prediction) };
}
