/**
 * The exchange's ticker for symbols whose streams give too little: asked for only while a forecast wants it, at most once a
 * second for all symbols together, and not at all while REST is busy with what mends the data.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import type { TickerReading } from "../../predict/ladder/ticker.ts";

export interface TickersOptions {
  readonly rest: Pick<RestClient, "load"> & { until(signal: AbortSignal): Pick<RestClient, "ticker24h"> };
  readonly clock: Clock;
  readonly log: Logger;
}

export class Tickers {
  readonly counters = { asked: 0, failed: 0, refused: 0 };
  readonly #options: TickersOptions;
  /** By symbol; the one that has waited longest comes first. */
  readonly #wanted = new Map<string, (reading: TickerReading) => void>();
  #asked_us = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: TickersOptions) {
    this.#options = options;
  }

  /** Asks once; where no answer comes, it is to be wanted again. */
  want(symbol: string, onReading: (reading: TickerReading) => void): void {
    if (this.#closed) return;
    this.#wanted.set(symbol, onReading);
    this.#next();
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#wanted.clear();
  }

  #next(): void {
    const { clock, rest } = this.#options;
    const [found] = this.#wanted;
    if (!found || this.#timer) return;
    const left_ms = LIMITS.ticker_every_ms - (clock.monotonicUs() - this.#asked_us) / US_PER_MS;
    if (left_ms > 0) {
      this.#timer = clock.after(Math.ceil(left_ms), () => {
        this.#timer = undefined;
        this.#next();
      });
      return;
    }
    const [symbol, onReading] = found;
    this.#wanted.delete(symbol);
    const { waiting, weight_used, weight_allowed } = rest.load;
    if (waiting > 0 || weight_used > LIMITS.ticker_rest_used_max * weight_allowed) {
      this.counters.refused++;
      return;
    }
    this.#asked_us = clock.monotonicUs();
    this.counters.asked++;
    void this.#ask(symbol, onReading);
    this.#next();
  }

  /** Never rejects. */
  async #ask(symbol: string, onReading: (reading: TickerReading) => void): Promise<void> {
    const { rest, clock, log } = this.#options;
    const cut = new AbortController();
    try {
      const reading = await withDeadline(rest.until(cut.signal).ticker24h(symbol), {
        ...{ clock, limit: "ticker_ms_max", what: `the ticker of ${symbol}` },
        onGivenUp: () => cut.abort(),
      });
      if (!this.#closed) onReading(reading);
    } catch (error) {
      this.counters.failed++;
      log.debug({ symbol, error: describeError(error) }, "the ticker did not come");
    }
  }
}
