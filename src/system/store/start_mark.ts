/**
 * The run before this one ended somewhere: its last quote is no longer current, and what comes now does not
 * follow it. Where it ended is stored in the database only, so the break is written as soon as that answers. Each stream's
 * is dated at its own last row: the run may have ended before it could notice that one of them was silent.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, micros } from "../../base/units.ts";
import type { DisconnectEvent, MarketEvent } from "../../binance/events.ts";
import type { FillHistory, Received } from "../../record/fill_history.ts";
import { SERVICE_STARTED } from "../../record/market_rows.ts";
import type { Writer } from "../../record/write/writer.ts";

export interface StartMarkOptions {
  readonly symbol: string;
  /** Undefined while the database is not open. */
  readonly history: () => Pick<FillHistory, "lastTrade" | "lastQuote" | "lastVectorAt"> | undefined;
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

  /** Exchange time of this run's first event; undefined before it. */
  get first_us(): Micros | undefined {
    return this.#first_us;
  }

  /** When this run's rows were received. */
  get own(): Received {
    return { from_us: this.#started_us, until_us: this.#options.clock.now() };
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
      const { first_us: before_us, own } = this;
      const asked = Promise.all([
        history.lastTrade(symbol, before_us, own),
        history.lastQuote(symbol, before_us, own),
        history.lastVectorAt(symbol, before_us),
      ]);
      const what = "where the run before this one ended";
      const [trade, quote, vector_us] = await withDeadline(asked, {
        ...{ clock, limit: "fill_query_ms_max", what },
      });
      if (this.#marked) return;
      this.#marked = true;
      const ends = this.#endsOf({ trade: trade?.ts_us, quote: quote?.ts_us }, vector_us);
      if (ends.length === 0) return;
      for (const event of ends) {
        const filled = event.stream !== "quote" && event.ts_us >= (this.#complete_from_us ?? Infinity);
        writer.disconnect(event, filled ? clock.now() : undefined);
      }
      const limit = { clock, limit: "fill_flush_ms_max" as const, what: "the mark of the start" };
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

  /** @param vector_us the newest vector: up to there none was made that knew of the end. */
  #endsOf(
    last_us: { readonly trade: Micros | undefined; readonly quote: Micros | undefined },
    vector_us: Micros | undefined,
  ): DisconnectEvent[] {
    const { symbol } = this.#options;
    const started = {
      kind: "disconnect",
      symbol,
      received_us: this.#started_us,
      reason: SERVICE_STARTED,
    } as const;
    const ends: DisconnectEvent[] = [];
    for (const stream of ["trade", "quote"] as const) {
      const ts_us = last_us[stream];
      if (ts_us === undefined) continue;
      ends.push({ ...started, stream, ts_us, noticed_us: micros(Math.max(ts_us, vector_us ?? 0)) });
    }
    // Retention has taken the rows, or they were lost: of all that was there, the vector is what is left.
    return ends.length === 0 && vector_us !== undefined ? [{ ...started, ts_us: vector_us }] : ends;
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#again?.cancel();
  }
}
