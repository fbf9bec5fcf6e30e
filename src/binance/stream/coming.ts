/** The connection that will feed next: what it sends is held back until it may take over from the one that feeds. */

import type { Clock, Timer } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, US_PER_MS } from "../../base/units.ts";
import type { ExchangeSocket } from "./connection/socket.ts";
import type { ConnectReason } from "./options.ts";
import type { Overlap } from "./overlap.ts";
import type { StreamMark } from "./stream_mark.ts";

export class Coming {
  readonly socket: ExchangeSocket;
  readonly overlap: Overlap;
  readonly reason: ConnectReason;
  readonly #clock: Clock;
  /** Monotonic µs; undefined until every stream is acknowledged. */
  #subscribed_at_us: number | undefined;
  #deadline: Timer | undefined;

  constructor(socket: ExchangeSocket, overlap: Overlap, reason: ConnectReason, clock: Clock) {
    this.socket = socket;
    this.overlap = overlap;
    this.reason = reason;
    this.#clock = clock;
  }

  subscribed(): void {
    this.#subscribed_at_us = this.#clock.monotonicUs();
  }

  get isSubscribed(): boolean {
    return this.#subscribed_at_us !== undefined;
  }

  /** The longest the two run side by side. */
  limit(overlap_max_ms: number, onOver: () => void): void {
    this.#deadline = this.#clock.after(overlap_max_ms, onOver);
  }

  cancelLimit(): void {
    this.#deadline?.cancel();
  }

  hold(frame: Uint8Array, received_us: Micros): void {
    this.overlap.hold(frame, received_us);
  }

  get isFull(): boolean {
    return this.overlap.frames.length >= LIMITS.ws_overlap_frames_max;
  }

  /** It carries all that the old one does; or what the old one has silent, and the others lose nothing. */
  isReady(replace_after_ms: number): boolean {
    if (this.#subscribed_at_us === undefined) return false;
    if (this.overlap.caughtUp()) return true;
    const age_us = this.#clock.monotonicUs() - this.#subscribed_at_us;
    return this.reason === "stale" && age_us >= replace_after_ms * US_PER_MS && this.overlap.replacesSilent();
  }

  /** Streams the old connection has delivered on since this one subscribed, and this one not. */
  withheld(): StreamMark[] {
    return this.overlap.withheld(this.#subscribed_at_us ?? Number.NEGATIVE_INFINITY);
  }
}
