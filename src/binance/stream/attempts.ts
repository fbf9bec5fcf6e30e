/**
 * When the next connection is opened: after a failure with backoff, for a stream that stays silent ever more rarely,
 * and never more often than the exchange allows.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import { type Micros, micros, US_PER_MS } from "../../base/units.ts";
import { type Backoff, backoffMs } from "../backoff.ts";
import { RateWindow } from "./connection/rate_window.ts";
import type { ConnectReason } from "./options.ts";

interface Waiting {
  readonly timer: Timer;
  readonly until_us: Micros;
  readonly error: ForetickError;
}

export interface AttemptsOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly timing: { readonly backoff: Backoff; readonly stale_backoff: Backoff };
  /** The wait is over. */
  readonly onDue: (reason: ConnectReason) => void;
}

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #connects: RateWindow;
  #waiting: Waiting | undefined;
  #failures = 0;
  /** Replacements made for streams that stayed silent. */
  #stale_replacements = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#connects = new RateWindow(options.clock, LIMITS.ws_connects_per_5min_max, 300_000);
  }

  /** The wait before the next connection; undefined while there is none. */
  get waiting(): Pick<Waiting, "until_us" | "error"> | undefined {
    return this.#waiting;
  }

  /** Failures since the last connection that settled. */
  get failures(): number {
    return this.#failures;
  }

  /** Ends the wait. Whether a connection may be opened now, which is then counted; else it is waited for. */
  begin(reason: ConnectReason): boolean {
    this.cancel();
    const crowded_ms = this.#connects.delayMs();
    if (crowded_ms > 0) {
      const message = `expected at most ${LIMITS.ws_connects_per_5min_max} connections in 5 minutes, was one more`;
      this.#wait(reason, crowded_ms, new ForetickError("WS_HANDSHAKE", message));
      return false;
    }
    this.#connects.note();
    return true;
  }

  failed(): void {
    this.#failures += 1;
  }

  /** After as long as the failures so far tell, and `at_least_ms`. */
  again(reason: ConnectReason, error: ForetickError, at_least_ms = 0): void {
    const { rng, timing } = this.#options;
    this.#wait(reason, Math.max(at_least_ms, backoffMs(timing.backoff, this.#failures, rng)), error);
  }

  /** For a stream that is silent: the first time at once. */
  replace(error: ForetickError): void {
    const tries = this.#stale_replacements;
    this.#stale_replacements += 1;
    const { rng, timing } = this.#options;
    this.#wait("stale", tries === 0 ? 0 : backoffMs(timing.stale_backoff, tries, rng), error);
  }

  /** The connection has lived, with data on it: the next failure is a first one. */
  settled(): void {
    this.#failures = 0;
    this.#stale_replacements = 0;
  }

  cancel(): void {
    this.#waiting?.timer.cancel();
    this.#waiting = undefined;
  }

  #wait(reason: ConnectReason, delay_ms: number, error: ForetickError): void {
    const { clock, log, onDue } = this.#options;
    this.#waiting?.timer.cancel();
    const timer = clock.after(delay_ms, () => {
      this.#waiting = undefined;
      onDue(reason);
    });
    this.#waiting = { timer, error, until_us: micros(Math.ceil(clock.now() + delay_ms * US_PER_MS)) };
    log.warn({ code: error.code, retry_in_ms: Math.round(delay_ms), reason }, error.message);
  }
}
