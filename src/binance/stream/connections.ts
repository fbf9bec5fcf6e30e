/**
 * The connections of a live feed: one feeds, and before it must go a second is opened beside it and takes over where
 * it left off. When the last one is lost, connecting starts again with backoff.
 *
 * States are memberships: `#feeding` holds the connection that feeds, `#coming` the one on its way, `#attempts`
 * the wait before the next.
 */

import type { Timer } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import type { Micros } from "../../base/units.ts";
import { Attempts } from "./attempts.ts";
import { Coming } from "./coming.ts";
import { streamOf } from "./connection/control.ts";
import { ExchangeSocket } from "./connection/socket.ts";
import { type Continuity, staleError } from "./continuity.ts";
import type { Feed } from "./feed.ts";
import {
  type ConnectionCounters,
  type ConnectReason,
  type OverlapReason,
  type StreamOptions,
  type StreamState,
  type StreamTiming,
  zeroCounters,
} from "./options.ts";
import { Overlap } from "./overlap.ts";

/** The connection whose frames become events. */
export interface Feeding {
  readonly socket: ExchangeSocket;
  readonly since_us: Micros;
  readonly since_monotonic_us: number;
  readonly rotation: Timer;
}

export class Connections {
  readonly counters: ConnectionCounters = zeroCounters();
  readonly #options: StreamOptions;
  readonly #timing: StreamTiming;
  readonly #names: readonly string[];
  readonly #continuity: Continuity;
  readonly #feed: Feed;
  readonly #attempts: Attempts;
  readonly #leaving = new Set<Promise<void>>();
  #feeding: Feeding | undefined;
  #coming: Coming | undefined;

  constructor(options: StreamOptions, timing: StreamTiming, continuity: Continuity, feed: Feed) {
    const { symbols, streams, clock, rng, log } = options;
    this.#options = options;
    this.#timing = timing;
    this.#names = symbols.flatMap((symbol) => streams.map((stream) => streamOf(symbol, stream)));
    this.#continuity = continuity;
    this.#feed = feed;
    this.#attempts = new Attempts({
      ...{ clock, rng, log, timing },
      onDue: (reason) => {
        if (reason !== "stale" || this.#isStillSilent()) this.#connect(reason);
      },
    });
  }

  start(): void {
    this.#connect("connect");
  }

  /** The connection that feeds; undefined while none does. */
  get feeding(): Feeding | undefined {
    return this.#feeding;
  }

  get state(): StreamState {
    if (this.#feeding) {
      const reason = this.#coming?.reason;
      const overlap = reason === "connect" ? undefined : reason;
      return { state: "live", since_us: this.#feeding.since_us, overlap };
    }
    const { waiting, failures } = this.#attempts;
    if (waiting) {
      const { until_us, error } = waiting;
      return { state: "backing_off", until_us, error, failures };
    }
    return this.#coming ? { state: "connecting", failures } : { state: "idle" };
  }

  /** The one that feeds has lived, with data on it. */
  settled(): void {
    this.#attempts.settled();
  }

  /** Nothing comes on the one that feeds: it is cut. */
  cut(feeding: Feeding, error: ForetickError): void {
    this.#leave(feeding.socket);
    this.#feedingLost(feeding, error);
  }

  /** Some of its streams are silent; the others must not break, so it is replaced, not cut. */
  replace(feeding: Feeding, error: ForetickError): void {
    if (feeding === this.#feeding && !this.#coming && !this.#attempts.waiting) this.#attempts.replace(error);
  }

  async close(): Promise<void> {
    const [feeding, coming] = [this.#feeding, this.#coming];
    this.#attempts.cancel();
    feeding?.rotation.cancel();
    coming?.cancelLimit();
    this.#feeding = undefined;
    this.#coming = undefined;
    if (coming) this.#leave(coming.socket);
    if (feeding) this.#leave(feeding.socket);
    await Promise.all(this.#leaving);
  }

  // Connecting

  #connect(reason: ConnectReason): void {
    if (!this.#attempts.begin(reason)) return;
    const { url, api_key, clock, log, symbols, network } = this.#options;
    this.counters.connects += 1;
    const socket = new ExchangeSocket({
      origin: url,
      api_key,
      streams: this.#names,
      timing: this.#timing,
      clock,
      log,
      counters: this.counters,
      network,
      onSubscribed: () => this.#onSubscribed(coming),
      onFrame: (frame, received_us) => this.#onFrame(socket, frame, received_us),
      onShutdownNotice: () => this.#onShutdownNotice(socket),
      onEnd: (error, retry_after_ms) => this.#onEnd(socket, error, retry_after_ms),
    });
    const coming = new Coming(socket, new Overlap(this.#continuity, symbols), reason, clock);
    this.#coming = coming;
  }

  /** A silent stream may deliver again meanwhile, and the connection that lives is good again. */
  #isStillSilent(): boolean {
    return !this.#feeding || this.#continuity.marks.some((mark) => mark.stale);
  }

  #onSubscribed(coming: Coming): void {
    if (coming !== this.#coming) return;
    coming.subscribed();
    if (this.#feeding) coming.limit(this.#timing.overlap_max_ms, () => this.#overlapTooLong(coming));
    else this.#takeOver(coming);
  }

  // Frames

  #onFrame(socket: ExchangeSocket, frame: Uint8Array, received_us: Micros): void {
    const coming = this.#coming;
    if (socket === this.#feeding?.socket) {
      this.#feed.deliver(frame, received_us);
    } else if (socket === coming?.socket) {
      coming.hold(frame, received_us);
    } else {
      return;
    }
    // The handler may have changed what is feeding and coming; only an overlap that still exists is looked
    // at.
    if (!coming || coming !== this.#coming) return;
    if (coming.isFull) this.#overlapTooLong(coming);
    else if (coming.isReady(this.#timing.replace_after_ms)) this.#takeOver(coming);
  }

  // Taking over

  /** The coming connection becomes the feeding one; what it held follows what the old one delivered. */
  #takeOver(coming: Coming): void {
    const { clock, rng, log } = this.#options;
    const old = this.#feeding;
    old?.rotation.cancel();
    coming.cancelLimit();
    const rotate_ms = this.#timing.rotate_after_ms * (1 - 0.05 * rng.uniform());
    this.#coming = undefined;
    this.#feeding = {
      socket: coming.socket,
      since_us: clock.now(),
      since_monotonic_us: clock.monotonicUs(),
      rotation: clock.after(rotate_ms, () => this.#overlapFor("rotation")),
    };
    if (old) {
      this.counters.overlaps += 1;
      this.#leave(old.socket);
    }
    log.info({ reason: coming.reason, held: coming.overlap.frames.length }, "the connection feeds");
    if (this.#feed.takeOver(coming.overlap)) this.counters.overlaps_with_hole += 1;
  }

  /** Opens a second connection, unless one is coming already. */
  #overlapFor(reason: OverlapReason): void {
    if (!this.#coming) this.#connect(reason);
  }

  /** Time is up: the new connection takes over if it carries what the old one does, else it is of no use. */
  #overlapTooLong(coming: Coming): void {
    if (coming !== this.#coming) return;
    const withheld = coming.withheld();
    if (coming.isSubscribed && withheld.length === 0) {
      this.#takeOver(coming);
      return;
    }
    this.#leave(coming.socket);
    this.#comingFailed(coming, staleError(withheld.length > 0 ? withheld : this.#continuity.marks), 0);
  }

  #onShutdownNotice(socket: ExchangeSocket): void {
    const coming = this.#coming;
    if (socket === this.#feeding?.socket) {
      this.#overlapFor("server_shutdown");
    } else if (socket === coming?.socket) {
      this.#leave(socket);
      const message = "the new connection's server announced its shutdown";
      this.#comingFailed(coming, new ForetickError("WS_CLOSED", message), 0);
    }
  }

  // Losing

  #onEnd(socket: ExchangeSocket, error: ForetickError, retry_after_ms: number): void {
    if (socket === this.#feeding?.socket) this.#feedingLost(this.#feeding, error);
    else if (socket === this.#coming?.socket) this.#comingFailed(this.#coming, error, retry_after_ms);
  }

  #comingFailed(coming: Coming, error: ForetickError, retry_after_ms: number): void {
    coming.cancelLimit();
    this.#coming = undefined;
    this.counters.failures += 1;
    this.#attempts.failed();
    this.#attempts.again(this.#feeding ? coming.reason : "connect", error, retry_after_ms);
  }

  #feedingLost(feeding: Feeding, error: ForetickError): void {
    feeding.rotation.cancel();
    this.#feeding = undefined;
    this.counters.failures += 1;
    if (this.#coming?.isSubscribed) {
      this.#options.log.warn({ code: error.code }, `${error.message}; the new connection takes over`);
      this.counters.overlaps += 1;
      this.#takeOver(this.#coming);
      return;
    }
    this.#attempts.failed();
    this.#continuity.lose();
    if (!this.#coming) this.#attempts.again("connect", error);
    const reason = `${error.code}: ${error.message}`;
    for (const symbol of this.#options.symbols) this.#feed.breakSymbol(symbol, reason);
  }

  #leave(socket: ExchangeSocket): void {
    const gone = socket.close().finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }
}
