/**
 * The live feed: frames from the exchange as one unbroken sequence of events, over however many connections
 * it takes (`connections.ts`). When the last one is lost, a `disconnect` of each symbol goes into the data; where one
 * stream falls silent, a `disconnect` of that stream. The facts of the wire:
 * https://developers.binance.com/docs/binance-spot-api-docs/sbe-market-data-streams
 */

import { assert } from "../../base/errors.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { StreamName } from "../events.ts";
import { Connections, type Feeding } from "./connections.ts";
import { Continuity, silenceOf, staleError } from "./continuity.ts";
import { Feed } from "./feed.ts";
import { FrameFaults } from "./frame_faults.ts";
import {
  checkStreamOptions,
  STREAM_TIMING,
  type StreamCounters,
  type StreamOptions,
  type StreamStatus,
  type StreamTiming,
} from "./options.ts";
import type { LearntPatience } from "./patience.ts";
import type { FrameReader } from "./reader.ts";
import { SilenceWatch } from "./silence_watch.ts";
import type { StreamLiveness, StreamMark } from "./stream_mark.ts";

export class StreamClient {
  readonly #timing: StreamTiming;
  readonly #onSilent: StreamOptions["onSilent"];
  readonly #continuity: Continuity;
  readonly #faults: FrameFaults;
  readonly #feed: Feed;
  readonly #connections: Connections;
  readonly #watch: SilenceWatch;
  #started = false;
  #closed: Promise<void> | undefined;

  /** @throws ForetickError CONFIG_INVALID */
  constructor(options: StreamOptions) {
    checkStreamOptions(options);
    const { symbols, streams, clock } = options;
    this.#timing = { ...STREAM_TIMING, ...options.timing };
    this.#onSilent = options.onSilent;
    this.#continuity = new Continuity(symbols, streams, this.#timing.patience, options.learnt);
    this.#faults = new FrameFaults({ clock, log: options.log });
    this.#feed = new Feed({
      symbols,
      clock,
      faults: this.#faults,
      continuity: this.#continuity,
      onEvent: options.onEvent,
      onFrame: options.onFrame,
    });
    this.#connections = new Connections(options, this.#timing, this.#continuity, this.#feed);
    this.#watch = new SilenceWatch({
      ...{ clock, continuity: this.#continuity, newestTrade: options.newestTrade },
      liveSince: () => this.#connections.feeding?.since_monotonic_us,
      onLook: (found, now_us) => {
        const { feeding } = this.#connections;
        if (feeding) this.#lookAt(feeding, found, now_us);
      },
    });
  }

  start(): void {
    assert(!this.#started, "StreamClient.start is called once");
    this.#started = true;
    if (this.#closed) return;
    this.#connections.start();
    this.#watch.start();
  }

  /** Leaves no socket and no timer. No `disconnect` is sent: the data has not broken, we have stopped. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  get status(): StreamStatus {
    const state = this.#closed ? ({ state: "closed" } as const) : this.#connections.state;
    return { ...state, streams: this.#continuity.marks, frame_faults: this.#faults.status };
  }

  /** How patient it is with each stream that has taught it enough. */
  get learnt(): LearntPatience {
    const learnt = this.#continuity.marks.map(
      ({ symbol, stream, learnt_us }) => [`${symbol}@${stream}`, learnt_us] as const,
    );
    return new Map(learnt.flatMap(([name, us]) => (us === undefined ? [] : [[name, us] as const])));
  }

  /** Whether a stream delivers: a live object, undefined where it is not subscribed. */
  liveness(symbol: string, stream: StreamName): StreamLiveness | undefined {
    return this.#continuity.liveness(symbol, stream);
  }

  get counters(): StreamCounters {
    return { ...this.#connections.counters, ...this.#continuity.counters, frames: this.#feed.frames };
  }

  /** Frames read and refused, by code. */
  get reader(): FrameReader["counters"] {
    return this.#feed.reader.counters;
  }

  #lookAt(feeding: Feeding, found: readonly StreamMark[], now_us: number): void {
    this.#connections.counters.stale += found.length;
    const since_us = feeding.since_monotonic_us;
    for (const mark of found) {
      mark.fallSilent();
      this.#onSilent?.(mark.symbol);
    }
    const silent = this.#continuity.marks.filter((mark) => mark.stale);
    if (silent.length === 0) {
      const settled_us = since_us + this.#timing.settled_after_ms * US_PER_MS;
      if (now_us >= settled_us && this.#continuity.marks.some((mark) => mark.alive)) {
        this.#connections.settled();
      }
      return;
    }
    const error = staleError(silent);
    if (this.#continuity.isDeaf(now_us, since_us, this.#timing.deaf_after_ms)) {
      this.#connections.cut(feeding, error);
      return;
    }
    for (const mark of found) this.#feed.breakStream(mark, silenceOf(mark, now_us));
    // The handler may have closed us: then it no longer feeds.
    this.#connections.replace(feeding, error);
  }

  async #shutDown(): Promise<void> {
    this.#feed.silence();
    this.#watch.close();
    await this.#connections.close();
  }
}
