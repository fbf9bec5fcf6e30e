/** Callers of `/latest?wait=` until there is a forecast that they have not: bounded in number, each with a deadline. */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import { isFull } from "../../base/reached.ts";
import { inTurns, nextTurn } from "../../base/turns.ts";

export interface Wait {
  readonly symbol: string;
  readonly ms: number;
  /** Aborted where the caller has gone. */
  readonly signal: AbortSignal;
  /** Looked at after each forecast of the symbol: whether it is the one waited for. */
  readonly holds: () => boolean;
}

interface Waiter extends Pick<Wait, "symbol" | "holds"> {
  readonly end: () => void;
}

export class TickWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #closed = false;
  #refused = 0;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    metrics.observe(
      "gauge",
      "foretick_latest_waiting",
      "Callers that wait for the next forecast at /latest.",
      () => this.#waiting.size,
    );
    metrics.observe(
      "counter",
      "foretick_latest_waits_refused_total",
      "Callers refused because as many as may waited.",
      () => this.#refused,
    );
  }

  /** Resolves once it holds, at its deadline, when the caller has gone or the service ends; undefined where no more may wait. */
  until({ symbol, ms, signal, holds }: Wait): Promise<void> | undefined {
    if (isFull("latest_waiting_max", this.#waiting.size)) {
      this.#refused++;
      return undefined;
    }
    if (this.#closed || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(waiter);
        late.cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const waiter: Waiter = { symbol, holds, end };
      const late = this.#clock.after(ms, end);
      signal.addEventListener("abort", end);
      this.#waiting.add(waiter);
    });
  }

  /** A forecast has come. Those who wait are looked at after the tick, not in it. */
  onPrediction(symbol: string): void {
    if (this.#waiting.size > 0) void nextTurn().then(() => inTurns(this.#woken(symbol)));
  }

  close(): void {
    this.#closed = true;
    for (const { end } of this.#waiting) end();
  }

  *#woken(symbol: string): Generator<number, void, void> {
    for (const waiter of this.#waiting) {
      if (waiter.symbol !== symbol) continue;
      if (waiter.holds()) waiter.end();
      yield LIMITS.turn_rows_max / LIMITS.readers_a_turn;
    }
  }
}
