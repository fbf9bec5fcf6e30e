/**
 * Why a symbol is silent, as the exchange says: a halted or delisted symbol's streams are connected and send nothing.
 * Asked when a stream has been silent beyond its patience, and every few seconds from then on until the symbol delivers again.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";

export interface SymbolStatusOptions {
  /** The symbol's status by `exchangeInfo`, e.g. "TRADING" or "BREAK". */
  readonly ask: (symbol: string, signal: AbortSignal) => Promise<string>;
  /** When any of the symbol's streams last delivered (monotonic µs). */
  readonly lastSeen: (symbol: string) => number;
  readonly clock: Clock;
  readonly log: Logger;
}

const TRADING = "TRADING";
/** Binance's code for a symbol it does not have. */
const INVALID_SYMBOL = -1121;

export class SymbolStatus {
  readonly #options: SymbolStatusOptions;
  /** Statuses other than TRADING, as sentences. */
  readonly #halted = new Map<string, string>();
  /** When each symbol was last asked about (monotonic µs). */
  readonly #asked_us = new Map<string, number>();
  readonly #timers = new Map<string, Timer>();
  readonly #closing = new AbortController();

  constructor(options: SymbolStatusOptions) {
    this.#options = options;
  }

  /** Why the symbol is silent, as a sentence; undefined while it delivers, trades, or nothing is known. */
  of(symbol: string): string | undefined {
    const sentence = this.#halted.get(symbol);
    if (sentence === undefined || !this.#delivers(symbol)) return sentence;
    this.#forget(symbol);
    return undefined;
  }

  /** A stream of the symbol has fallen silent. Asks, where that has not been done lately. */
  onSilent(symbol: string): void {
    const { clock } = this.#options;
    const asked_us = this.#asked_us.get(symbol) ?? Number.NEGATIVE_INFINITY;
    if (this.#closing.signal.aborted) return;
    if (clock.monotonicUs() - asked_us < LIMITS.symbol_status_every_ms * US_PER_MS) return;
    this.#asked_us.set(symbol, clock.monotonicUs());
    void this.#ask(symbol);
  }

  /** May be called twice. */
  close(): void {
    this.#closing.abort();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Never rejects: where the exchange does not answer, nothing is known. */
  async #ask(symbol: string): Promise<void> {
    const { clock, log, ask } = this.#options;
    const cut = new AbortController();
    const signal = AbortSignal.any([cut.signal, this.#closing.signal]);
    const answer = withDeadline(ask(symbol, signal), {
      ...{ clock, limit: "symbol_status_ms_max", what: `the status of ${symbol}` },
      onGivenUp: () => cut.abort(),
    });
    const status = await answer.catch((error: unknown) => {
      if (error instanceof ForetickError && error.details.code === INVALID_SYMBOL) return null;
      if (!this.#closing.signal.aborted) log.debug({ symbol, error: describeError(error) }, "no status");
      return undefined;
    });
    if (this.#closing.signal.aborted) return;
    if (status === TRADING) this.#forget(symbol);
    else if (status !== undefined) this.#note(symbol, sentenceOf(symbol, status));
    if (this.#delivers(symbol)) return;
    this.#timers.get(symbol)?.cancel();
    const timer = clock.after(LIMITS.symbol_status_every_ms, () => {
      if (this.#delivers(symbol)) this.#forget(symbol);
      else this.onSilent(symbol);
    });
    this.#timers.set(symbol, timer);
  }

  /** Something of it has come since it was asked about. */
  #delivers(symbol: string): boolean {
    return this.#options.lastSeen(symbol) > this.#asked_us.get(symbol)!;
  }

  #note(symbol: string, sentence: string): void {
    if (this.#halted.get(symbol) !== sentence) this.#options.log.warn({ symbol }, sentence);
    this.#halted.set(symbol, sentence);
  }

  #forget(symbol: string): void {
    if (this.#halted.delete(symbol)) this.#options.log.info({ symbol }, `${symbol} trades again`);
  }
}

/** @param status null: the exchange has no such symbol. */
function sentenceOf(symbol: string, status: string | null): string {
  if (status === null) {
    return `the exchange has no symbol ${symbol}: it was delisted, or is spelt wrong in SYMBOLS`;
  }
  return `${symbol} is in status ${status}: the exchange does not trade it now; forecasts go on when it does`;
}
