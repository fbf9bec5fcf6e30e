/**
 * Plays a market source at a speed: each message when its time has come, or, at "max", as fast as the
 * clients drain. It never drops a message: where a client is behind, the market waits, and what is overdue
 * is sent as soon as it may.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { SourceMessage } from "../../binance/capture/market_source.ts";

export type Speed = number | "max";

export interface PlayerOptions {
  readonly messages: Iterator<SourceMessage>;
  /** At first; `play` may change it. */
  readonly speed: Speed;
  readonly clock: Clock;
  /** Messages up to this time are taken in at once, without being sent. */
  readonly absorb_until_us: number;
  /** `sent` is false while history is absorbed. */
  readonly on_message: (entry: SourceMessage, sent: boolean) => void;
  /** Called at the end of each step, when what it sent may leave. */
  readonly on_step: () => void;
  /** true while the market must wait for clients; the owner calls `resume` when it may go on. */
  readonly congested: () => boolean;
  /** The source has ended, or cannot be read on. */
  readonly on_end: (error: unknown) => void;
}

/** Longest wait of one timer; a quiet stretch is waited through in several. */
const WAIT_MS_MAX = 60_000;

type State = "ready" | "playing" | "waiting_for_clients" | "ended" | "closed";

export class Player {
  readonly #options: PlayerOptions;
  #state: State = "ready";
  #speed: Speed;
  #next: SourceMessage | undefined;
  #timer: Timer | undefined;
  #last_us = 0;
  #origin_market_us = 0;
  #origin_clock_us = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#speed = options.speed;
    this.#origin_market_us = options.absorb_until_us;
    this.#origin_clock_us = options.clock.monotonicUs();
    this.#last_us = options.absorb_until_us;
  }

  get started(): boolean {
    return this.#state !== "ready";
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Market time (µs): of the last message at "max", otherwise running at the speed. */
  get market_us(): number {
    if (this.#state === "ready") return this.#origin_market_us;
    if (this.#speed === "max") return this.#last_us;
    const elapsed_us = this.#options.clock.monotonicUs() - this.#origin_clock_us;
    return this.#origin_market_us + Math.floor(elapsed_us * this.#speed);
  }

  /** Takes the history in. Called once, before `play`; throws what the source throws. */
  absorb(): void {
    const { absorb_until_us, on_message } = this.#options;
    this.#advance();
    while (this.#next && this.#next.at_us <= absorb_until_us) {
      on_message(this.#next, false);
      this.#advance();
    }
  }

  get speed(): Speed {
    return this.#speed;
  }

  /**
   * Starts, or goes on at another speed. Market time runs from this call on or, with `since_created`, as if
   * it had since the player was made.
   */
  play(speed: Speed, since_created = false): void {
    if (this.#state === "ended" || this.#state === "closed") return;
    if (!since_created) {
      this.#origin_market_us = this.market_us;
      this.#origin_clock_us = this.#options.clock.monotonicUs();
    }
    this.#speed = speed;
    if (this.#state === "waiting_for_clients") return;
    this.#state = "playing";
    this.#timer?.cancel();
    this.#step();
  }

  /** The clients have drained. */
  resume(): void {
    if (this.#state !== "waiting_for_clients") return;
    this.#state = "playing";
    this.#schedule(0);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#timer?.cancel();
    this.#options.messages.return?.();
  }

  #step(): void {
    if (this.#state !== "playing") return;
    try {
      this.#send();
    } catch (error) {
      this.#end(error);
    }
    this.#options.on_step();
    if (this.#state !== "playing") return;
    if (!this.#next) this.#end(undefined);
    else if (this.#options.congested()) this.#state = "waiting_for_clients";
    else this.#schedule(this.#waitMs(this.#next.at_us));
  }

  /** Sends what is due, but no more than a step's worth. */
  #send(): void {
    const until_us = this.#speed === "max" ? Number.POSITIVE_INFINITY : this.market_us;
    for (let left = LIMITS.exchange_step_messages_max; left > 0; left--) {
      if (!this.#next || this.#next.at_us > until_us) return;
      this.#last_us = this.#next.at_us;
      this.#options.on_message(this.#next, true);
      this.#advance();
    }
  }

  #waitMs(at_us: number): number {
    if (this.#speed === "max") return 0;
    const wait_ms = (at_us - this.market_us) / this.#speed / 1e3;
    return Math.min(WAIT_MS_MAX, Math.max(0, Math.ceil(wait_ms)));
  }

  #schedule(wait_ms: number): void {
    if (wait_ms > 0) {
      this.#timer = this.#options.clock.after(wait_ms, () => this.#step());
      return;
    }
    // Nothing to wait for: only let sockets and requests have their turn.
    const immediate = setImmediate(() => this.#step());
    this.#timer = { cancel: () => clearImmediate(immediate) };
  }

  #advance(): void {
    const step = this.#options.messages.next();
    this.#next = step.done ? undefined : step.value;
  }

  #end(error: unknown): void {
    if (this.#state === "ended" || this.#state === "closed") return;
    this.#state = "ended";
    this.#options.on_end(error);
  }
}
