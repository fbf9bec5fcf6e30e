/**
 * The one place where REST requests wait: for weight, for a ban to pass, for a retry's moment, for a free
 * connection. One queue in the order of arrival; a retry keeps its place, and while it backs off the others
 * pass it.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { isFull } from "../../base/reached.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { RateBudget } from "./budget.ts";

/** A request's place in the queue; kept over its retries. */
export interface Ticket {
  readonly order: number;
  readonly weight: number;
  /** Not before this moment (monotonic µs). */
  not_before_us: number;
}

interface Waiting {
  readonly ticket: Ticket;
  readonly resolve: () => void;
  readonly reject: (error: ForetickError) => void;
}

const cancelled = (): ForetickError =>
  new ForetickError("CANCELLED", "the request is no longer wanted: it was not sent");

export class RequestQueue {
  readonly #clock: Clock;
  readonly #budget: RateBudget;
  readonly #wait_max_ms: number;
  #waiting: Waiting[] = [];
  #next_order = 0;
  #in_flight = 0;
  #in_flight_weight = 0;
  #blocked_until_us = Number.NEGATIVE_INFINITY;
  #wake: Timer | undefined;
  #closed = false;

  /** `wait_max_ms`: a ban longer than this fails requests at once instead of holding them. */
  constructor(clock: Clock, budget: RateBudget, wait_max_ms: number) {
    this.#clock = clock;
    this.#budget = budget;
    this.#wait_max_ms = wait_max_ms;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  get inFlightWeight(): number {
    return this.#in_flight_weight;
  }

  ticket(weight: number): Ticket {
    const order = this.#next_order;
    this.#next_order += 1;
    return { order, weight, not_before_us: Number.NEGATIVE_INFINITY };
  }

  /**
   * Resolves when the request may be sent; its weight is spent then. `release` must follow.
   *
   * @throws ForetickError REST_RATE_LIMIT where the queue is full or a ban lasts too long; CANCELLED once
   * `signal` is aborted.
   */
  acquire(ticket: Ticket, signal?: AbortSignal): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    if (signal?.aborted) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      const later = this.#waiting.findIndex((other) => other.ticket.order > ticket.order);
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        reject(cancelled());
        this.#pump();
      };
      const settle = (end: () => void): void => {
        signal?.removeEventListener("abort", leave);
        end();
      };
      const entry: Waiting = {
        ticket,
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      signal?.addEventListener("abort", leave, { once: true });
      if (later < 0) this.#waiting.push(entry);
      else this.#waiting.splice(later, 0, entry);
      this.#pump();
    });
  }

  release(ticket: Ticket): void {
    this.#in_flight -= 1;
    this.#in_flight_weight -= ticket.weight;
    this.#pump();
  }

  /** Nothing is sent for `delay_ms` (the exchange's Retry-After); a longer block wins over a shorter. */
  block(delay_ms: number): void {
    const until_us = this.#clock.monotonicUs() + delay_ms * US_PER_MS;
    this.#blocked_until_us = Math.max(this.#blocked_until_us, until_us);
    const refusal = this.#refusal();
    if (!refusal) return;
    for (const entry of this.#waiting.splice(0)) entry.reject(refusal);
  }

  /** Waiting requests are refused; may be called twice. */
  close(): void {
    this.#closed = true;
    this.#wake?.cancel();
    const refusal = this.#refusal();
    if (refusal) for (const entry of this.#waiting.splice(0)) entry.reject(refusal);
  }

  #refusal(): ForetickError | undefined {
    if (this.#closed) {
      return new ForetickError("REST_UNREACHABLE", "expected an open REST client, was closed");
    }
    const blocked_ms = this.#blockedMs();
    if (blocked_ms > this.#wait_max_ms) {
      const seconds = Math.ceil(blocked_ms / 1000);
      const message =
        `the exchange refuses this address for another ${seconds} s (HTTP 429 or 418), longer than the ` +
        `${this.#wait_max_ms} ms a request waits; find what else spends its request weight`;
      return new ForetickError("REST_RATE_LIMIT", message, { details: { retry_after_s: seconds } });
    }
    if (!isFull("rest_queue_max", this.#waiting.length)) return undefined;
    const message = `expected at most ${LIMITS.rest_queue_max} waiting requests, was one more; ask less often`;
    return new ForetickError("REST_RATE_LIMIT", message);
  }

  #blockedMs(): number {
    return Math.max(0, Math.ceil((this.#blocked_until_us - this.#clock.monotonicUs()) / US_PER_MS));
  }

  #pump(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    while (this.#waiting.length > 0 && this.#in_flight < LIMITS.rest_in_flight_max) {
      const now_us = this.#clock.monotonicUs();
      const index = this.#waiting.findIndex((entry) => entry.ticket.not_before_us <= now_us);
      const entry = this.#waiting[index];
      const delay_ms = entry
        ? Math.max(this.#blockedMs(), this.#budget.delayMs(entry.ticket.weight))
        : this.#nextMomentMs(now_us);
      if (!entry || delay_ms > 0) {
        this.#wake = this.#clock.after(delay_ms, () => this.#pump());
        return;
      }
      this.#waiting.splice(index, 1);
      this.#in_flight += 1;
      this.#in_flight_weight += entry.ticket.weight;
      this.#budget.spend(entry.ticket.weight);
      entry.resolve();
    }
  }

  #nextMomentMs(now_us: number): number {
    let moment_us = Number.POSITIVE_INFINITY;
    for (const entry of this.#waiting) moment_us = Math.min(moment_us, entry.ticket.not_before_us);
    return Math.max(1, Math.ceil((moment_us - now_us) / US_PER_MS));
  }
}
