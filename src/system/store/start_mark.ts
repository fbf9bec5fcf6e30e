/**
 * The run before this one ended somewhere: its last quote is no longer current, and what comes now does not
 * follow it. Where it ended is stored in the database only, so the break is written as soon as that answers.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, micros } from "../../base/units.ts";
import type { MarketEvent } from "../../binance/events.ts";
import type { FillHistory } from "../../record/fill_history.ts";
import { SERVICE_STARTED } from "../../record/market_rows.ts";
import type { Writer } from "../../record/write/writer.ts";

export interface StartMarkOptions {
  readonly symbol: string;
  /** Undefined while the database is not open. */
  readonly history: () => Pick<FillHistory, "lastQuote" | "lastVectorAt"> | undefined;
  readonly writer: Pick<Writer, "disconnect" | "flush">;
  readonly clock: Clock;
  readonly log: Logger;
}

export class StartMark {
  readonly #options: StartMarkOptions;
  /** Nothing of this process is older (local clock). */
  readonly #started_us: Micros;
  /** Exchange time of this run's first event; what the database has before it is of earlier runs. */
  #first_us: Micros | undefined;
  #marked = false;
  /** The lane's trades are complete from here on (exchange time, µs); undefined before its first look-back. */
  #complete_from_us: Micros | undefined;
  #again: Timer | undefined;
  #closed = false;

  constructor(options: StartMarkOptions) {
    this.#options = options;
    this.#started_us = options.clock.now();
  }

  onEvent(event: MarketEvent): void {
    if (event.kind !== "disconnect" && event.ts_us > 0) this.#first_us ??= event.ts_us;
  }

  /** A look-back has been taken: a break it reaches across is filled, also where it is written only later. */
  onLookBack(complete_from_us: Micros): void {
    this.#complete_from_us ??= complete_from_us;
  }

  /** The break is written, or there is none to write. */
  get marked(): boolean {
    return this.#marked;
  }

  /** Writes the break, once; tries again by itself where the database does not answer. Never rejects. */
  async mark(): Promise<void> {
    if (this.#marked || this.#closed) return;
    const { symbol, writer, clock, log } = this.#options;
    this.#again?.cancel();
    try {
      const history = this.#options.history() ?? fail("STORE_UNREACHABLE", "the database is not open yet");
      const before_us = this.#first_us;
      const asked = Promise.all([
        history.lastQuote(symbol, before_us),
        history.lastVectorAt(symbol, before_us),
      ]);
      const what = "where the run before this one ended";
      const [quote, vector_us] = await withDeadline(asked, { clock, ms: LIMITS.fill_query_ms_max, what });
      if (this.#marked) return;
      this.#marked = true;
      // Not before its last vector, which is out and was made without it.
      const ts_us = micros(Math.max(0, quote?.ts_us ?? 0, vector_us ?? 0));
      if (ts_us === 0) return;
      const received_us = this.#started_us;
      const filled_us = ts_us >= (this.#complete_from_us ?? Infinity) ? clock.now() : undefined;
      const event = { kind: "disconnect", symbol, ts_us, received_us, reason: SERVICE_STARTED } as const;
      writer.disconnect(event, filled_us);
      const limit = { clock, ms: LIMITS.fill_flush_ms_max, what: "the mark of the start" };
      await withDeadline(writer.flush(), limit);
    } catch (error) {
      log.warn(
        { symbol, error: describeError(error) },
        "the end of the run before this one is not stored yet",
      );
      if (this.#marked || this.#closed) return;
      this.#again = clock.after(LIMITS.fill_database_retry_ms, () => void this.mark());
    }
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#again?.cancel();
  }
}
