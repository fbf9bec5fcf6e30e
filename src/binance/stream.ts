/**
 * The live feed: frames from the exchange as one unbroken sequence of events, over however many connections
 * it takes. One connection feeds; before it must go (its age, the server's notice, a silent stream) a second
 * is opened beside it and takes over where it left off. When the last one is lost, a `disconnect` of each
 * symbol goes into the data, and connecting starts again with backoff.
 *
 * States are memberships: `#feeding` holds the connection that feeds, `#coming` the one on its way, `#retry`
 * the wait before the next. The facts of the wire:
 * https://developers.binance.com/docs/binance-spot-api-docs/sbe-market-data-streams
 */

import type { Timer } from "../base/clock.ts";
import { assert, ForetickError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { type Micros, micros, US_PER_MS } from "../base/units.ts";
import { backoffMs } from "./backoff.ts";
import { Continuity, type StreamLiveness, staleError } from "./continuity.ts";
import { streamOf } from "./control.ts";
import type { StreamName } from "./events.ts";
import { Feed } from "./feed.ts";
import { Overlap } from "./overlap.ts";
import { RateWindow } from "./rate_window.ts";
import type { FrameReader } from "./reader.ts";
import { ExchangeSocket } from "./socket.ts";
import {
  checkStreamOptions,
  type OverlapReason,
  STREAM_TIMING,
  type StreamCounters,
  type StreamOptions,
  type StreamState,
  type StreamStatus,
  type StreamTiming,
  zeroCounters,
} from "./stream_options.ts";

/** The connection whose frames become events. */
interface Feeding {
  readonly socket: ExchangeSocket;
  readonly since_us: Micros;
  readonly since_monotonic_us: number;
  readonly rotation: Timer;
}

/** The connection that will feed next. */
interface Coming {
  readonly socket: ExchangeSocket;
  readonly overlap: Overlap;
  readonly reason: OverlapReason | "connect";
  /** Monotonic µs; undefined until every stream is acknowledged. */
  subscribed_at_us: number | undefined;
  deadline: Timer | undefined;
}

interface Retry {
  readonly timer: Timer;
  readonly until_us: Micros;
  readonly error: ForetickError;
}

const WATCH_MS_MAX = 1_000;

export class StreamClient {
  readonly #options: StreamOptions;
  readonly #timing: StreamTiming;
  readonly #names: readonly string[];
  readonly #continuity: Continuity;
  readonly #feed: Feed;
  readonly #connects: RateWindow;
  readonly #counts = zeroCounters();
  readonly #leaving = new Set<Promise<void>>();
  #feeding: Feeding | undefined;
  #coming: Coming | undefined;
  #retry: Retry | undefined;
  #watch: Timer | undefined;
  #started = false;
  #closed: Promise<void> | undefined;
  /** Failures since the last connection that settled. */
  #failures = 0;
  /** Replacements made for streams that stayed silent. */
  #stale_replacements = 0;

  /** @throws ForetickError CONFIG_INVALID */
  constructor(options: StreamOptions) {
    checkStreamOptions(options);
    const { symbols, streams, clock } = options;
    this.#options = options;
    this.#timing = { ...STREAM_TIMING, ...options.timing };
    this.#names = symbols.flatMap((symbol) => streams.map((stream) => streamOf(symbol, stream)));
    this.#continuity = new Continuity(symbols, streams, this.#timing.stale_after_ms);
    this.#feed = new Feed({
      symbols,
      clock,
      continuity: this.#continuity,
      onEvent: options.onEvent,
      onFrame: options.onFrame,
    });
    this.#connects = new RateWindow(clock, LIMITS.ws_connects_per_5min_max, 300_000);
  }

  start(): void {
    assert(!this.#started, "StreamClient.start is called once");
    this.#started = true;
    if (this.#closed) return;
    this.#connect("connect");
    this.#watchLater();
  }

  /** Leaves no socket and no timer. No `disconnect` is sent: the data has not broken, we have stopped. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  get status(): StreamStatus {
    return { ...this.#state(), streams: this.#continuity.marks };
  }

  /** Whether a stream speaks: a live object, undefined where it is not subscribed. */
  liveness(symbol: string, stream: StreamName): StreamLiveness | undefined {
    return this.#continuity.liveness(symbol, stream);
  }

  get counters(): StreamCounters {
    return { ...this.#counts, ...this.#continuity.counters, frames: this.#feed.frames };
  }

  /** Frames read and refused, by code. */
  get reader(): FrameReader["counters"] {
    return this.#feed.reader.counters;
  }

  #state(): StreamState {
    if (this.#closed) return { state: "closed" };
    if (this.#feeding) {
      const reason = this.#coming?.reason;
      const overlap = reason === "connect" ? undefined : reason;
      return { state: "live", since_us: this.#feeding.since_us, overlap };
    }
    if (this.#retry) {
      const { until_us, error } = this.#retry;
      return { state: "backing_off", until_us, error, failures: this.#failures };
    }
    return this.#coming ? { state: "connecting", failures: this.#failures } : { state: "idle" };
  }

  // Connecting

  #connect(reason: Coming["reason"]): void {
    const { url, api_key, clock, log, symbols } = this.#options;
    this.#retry?.timer.cancel();
    this.#retry = undefined;
    const crowded_ms = this.#connects.delayMs();
    if (crowded_ms > 0) {
      const message = `expected at most ${LIMITS.ws_connects_per_5min_max} connections in 5 minutes, was one more`;
      this.#connectLater(reason, crowded_ms, new ForetickError("WS_HANDSHAKE", message));
      return;
    }
    this.#connects.note();
    this.#counts.connects += 1;
    const socket = new ExchangeSocket({
      origin: url,
      api_key,
      streams: this.#names,
      timing: this.#timing,
      clock,
      log,
      counters: this.#counts,
      onSubscribed: () => this.#onSubscribed(coming),
      onFrame: (frame, received_us) => this.#onFrame(socket, frame, received_us),
      onShutdownNotice: () => this.#onShutdownNotice(socket),
      onEnd: (error, retry_after_ms) => this.#onEnd(socket, error, retry_after_ms),
    });
    const overlap = new Overlap(this.#continuity, symbols);
    const coming: Coming = { socket, overlap, reason, subscribed_at_us: undefined, deadline: undefined };
    this.#coming = coming;
  }

  #connectLater(reason: Coming["reason"], delay_ms: number, error: ForetickError): void {
    const { clock, log } = this.#options;
    this.#retry?.timer.cancel();
    const timer = clock.after(delay_ms, () => {
      this.#retry = undefined;
      // A silent stream may have spoken up meanwhile, and the connection that lives is good again.
      const needless =
        reason === "stale" && this.#feeding && !this.#continuity.marks.some((mark) => mark.stale);
      if (!needless) this.#connect(reason);
    });
    this.#retry = { timer, error, until_us: micros(Math.ceil(clock.now() + delay_ms * US_PER_MS)) };
    log.warn({ code: error.code, retry_in_ms: Math.round(delay_ms), reason }, error.message);
  }

  #onSubscribed(coming: Coming): void {
    if (coming !== this.#coming) return;
    const { clock } = this.#options;
    coming.subscribed_at_us = clock.monotonicUs();
    if (this.#feeding) {
      coming.deadline = clock.after(this.#timing.overlap_max_ms, () => this.#overlapTooLong(coming));
    } else {
      this.#takeOver(coming);
    }
  }

  // Frames

  #onFrame(socket: ExchangeSocket, frame: Uint8Array, received_us: Micros): void {
    const coming = this.#coming;
    if (socket === this.#feeding?.socket) {
      this.#feed.deliver(frame, received_us);
    } else if (socket === coming?.socket) {
      coming.overlap.hold(frame, received_us);
    } else {
      return;
    }
    // The handler may have changed what is feeding and coming; only an overlap still standing is looked at.
    if (!coming || coming !== this.#coming) return;
    if (coming.overlap.frames.length >= LIMITS.ws_overlap_frames_max) this.#overlapTooLong(coming);
    else if (coming.subscribed_at_us !== undefined && coming.overlap.caughtUp()) this.#takeOver(coming);
  }

  // Taking over

  /** The coming connection becomes the feeding one; what it held follows what the old one delivered. */
  #takeOver(coming: Coming): void {
    const { clock, rng, log } = this.#options;
    const old = this.#feeding;
    old?.rotation.cancel();
    coming.deadline?.cancel();
    const rotate_ms = this.#timing.rotate_after_ms * (1 - 0.05 * rng.uniform());
    this.#coming = undefined;
    this.#feeding = {
      socket: coming.socket,
      since_us: clock.now(),
      since_monotonic_us: clock.monotonicUs(),
      rotation: clock.after(rotate_ms, () => this.#overlapFor("rotation")),
    };
    if (old) {
      this.#counts.overlaps += 1;
      this.#leave(old.socket);
    }
    log.info({ reason: coming.reason, held: coming.overlap.frames.length }, "the connection feeds");
    if (this.#feed.takeOver(coming.overlap)) this.#counts.overlaps_with_hole += 1;
  }

  /** Opens a second connection, unless one is coming already. */
  #overlapFor(reason: OverlapReason): void {
    if (!this.#coming) this.#connect(reason);
  }

  /** Time is up: the new connection takes over if it carries what the old one does, else it is of no use. */
  #overlapTooLong(coming: Coming): void {
    if (coming !== this.#coming) return;
    const withheld = coming.overlap.withheld(coming.subscribed_at_us ?? Number.NEGATIVE_INFINITY);
    if (coming.subscribed_at_us !== undefined && withheld.length === 0) {
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
    coming.deadline?.cancel();
    this.#coming = undefined;
    this.#failures += 1;
    this.#counts.failures += 1;
    const { backoff } = this.#timing;
    const delay_ms = Math.max(retry_after_ms, backoffMs(backoff, this.#failures, this.#options.rng));
    this.#connectLater(this.#feeding ? coming.reason : "connect", delay_ms, error);
  }

  #feedingLost(feeding: Feeding, error: ForetickError): void {
    feeding.rotation.cancel();
    this.#feeding = undefined;
    this.#counts.failures += 1;
    if (this.#coming?.subscribed_at_us !== undefined) {
      this.#options.log.warn({ code: error.code }, `${error.message}; the new connection takes over`);
      this.#counts.overlaps += 1;
      this.#takeOver(this.#coming);
      return;
    }
    this.#failures += 1;
    this.#continuity.lose();
    if (!this.#coming) {
      const { backoff } = this.#timing;
      this.#connectLater("connect", backoffMs(backoff, this.#failures, this.#options.rng), error);
    }
    const reason = `${error.code}: ${error.message}`;
    for (const symbol of this.#options.symbols) this.#feed.breakSymbol(symbol, reason);
  }

  // Watching

  #watchLater(): void {
    const shortest_ms = Math.min(...this.#continuity.marks.map((mark) => mark.stale_after_us / US_PER_MS));
    this.#watch = this.#options.clock.after(Math.min(WATCH_MS_MAX, shortest_ms / 4), () => {
      this.#watchLater();
      if (this.#feeding) this.#lookAt(this.#feeding);
    });
  }

  #lookAt(feeding: Feeding): void {
    const now_us = this.#options.clock.monotonicUs();
    const found = this.#continuity.findStale(now_us, feeding.since_monotonic_us);
    const silent = this.#continuity.marks.filter((mark) => mark.stale);
    if (silent.length === 0) {
      const settled_us = feeding.since_monotonic_us + this.#timing.settled_after_ms * US_PER_MS;
      if (now_us >= settled_us && this.#continuity.marks.some((mark) => mark.alive)) {
        this.#failures = 0;
        this.#stale_replacements = 0;
      }
      return;
    }
    this.#counts.stale += found.length;
    const error = staleError(silent);
    for (const mark of found) this.#feed.breakSymbol(mark.symbol, `${error.code}: ${error.message}`);
    if (feeding !== this.#feeding) return; // The handler has closed us.
    if (this.#continuity.isDeaf(now_us, feeding.since_monotonic_us)) {
      this.#leave(feeding.socket);
      this.#feedingLost(feeding, error);
    } else if (!this.#coming && !this.#retry) {
      this.#replaceSilent(error);
    }
  }

  /** Some streams are silent, others speak: these must not suffer, so the connection is replaced, not cut. */
  #replaceSilent(error: ForetickError): void {
    const tries = this.#stale_replacements;
    const { stale_backoff } = this.#timing;
    this.#stale_replacements += 1;
    const delay_ms = tries === 0 ? 0 : backoffMs(stale_backoff, tries, this.#options.rng);
    this.#connectLater("stale", delay_ms, error);
  }

  // Closing

  #leave(socket: ExchangeSocket): void {
    const gone = socket.close().finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  async #shutDown(): Promise<void> {
    const [feeding, coming] = [this.#feeding, this.#coming];
    this.#feed.silence();
    this.#watch?.cancel();
    this.#retry?.timer.cancel();
    feeding?.rotation.cancel();
    coming?.deadline?.cancel();
    this.#feeding = undefined;
    this.#coming = undefined;
    if (coming) this.#leave(coming.socket);
    if (feeding) this.#leave(feeding.socket);
    await Promise.all(this.#leaving);
  }
}
