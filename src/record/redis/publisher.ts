/**
 * Gives what happens on to Redis: one pipeline at a time, a guarded batch of each symbol in it (guard.ts). Nothing here is
 * awaited by a tick: a forecast or an event is put in a bounded place (waiting.ts), and goes when Redis takes it. Where
 * Redis is away, refuses or is slow, forecasts go on without it.
 */

import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import type { RedisAddress } from "./address.ts";
import type { MarketEntryEvent } from "./codec/market.ts";
import type { AgedVector } from "./codec/vector.ts";
import { redisError } from "./errors.ts";
import { addGuarded, type Verdict } from "./guard.ts";
import { RedisKeys } from "./keys.ts";
import { RedisLink, type RedisStatus } from "./link.ts";
import { SymbolOut } from "./symbol_out.ts";
import type { Dropped } from "./waiting.ts";

export interface PublisherOptions {
  readonly address: RedisAddress;
  readonly prefix: string;
  /** About so many entries of each stream are kept. */
  readonly maxlen: number;
  /**
   * The fence of the symbol's lease; 0 while no lease could be asked for; undefined where another service leads it.
   */
  readonly fenceOf: (symbol: string) => number | undefined;
  /** What there is to say of a symbol now, beside its forecasts; asked about once a second. */
  readonly stateOf: (symbol: string) => object;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface PublisherStats {
  readonly status: RedisStatus;
  readonly waiting: number;
  /** Batches that were sent, or are to be, and are not answered for. */
  readonly unanswered: number;
  readonly dropped: Dropped;
  /** Commands that Redis took: entries and values. */
  readonly published: number;
  readonly batches: number;
  /** Batches that were sent again and found taken. */
  readonly seen: number;
  /** Batches refused since another service writes the symbol. */
  readonly fenced: number;
  /** Symbols whose last batch was. */
  readonly fenced_now: readonly string[];
  readonly failures: number;
  /** Of the last pipeline that was answered (ms). */
  readonly answer_ms: number | undefined;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #keys: RedisKeys;
  readonly #link: RedisLink;
  /** Of this process, in Redis. */
  readonly #writer = randomUUID();
  readonly #symbols = new Map<string, SymbolOut>();
  readonly #closing = new AbortController();
  readonly #count = { published: 0, batches: 0, seen: 0, fenced: 0, failures: 0 };
  #answer_ms: number | undefined;
  #timer: Timer | undefined;
  #state_timer: Timer | undefined;
  /** Something came, while a pipeline was under way, that shall not wait. */
  #urgent = false;
  #draining = false;
  #running: Promise<void> | undefined;
  #said = "";

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#keys = new RedisKeys(options.prefix);
    this.#link = new RedisLink({ ...options, name: "foretick-publisher" });
  }

  get stats(): PublisherStats {
    const dropped = { forecasts: 0, vectors: 0, events: 0 };
    const fenced_now: string[] = [];
    let [waiting, unanswered] = [0, 0];
    for (const [symbol, out] of this.#symbols) {
      waiting += out.waiting.length;
      unanswered += Number(out.sent !== undefined);
      if (out.fenced) fenced_now.push(symbol);
      for (const kind of ["forecasts", "vectors", "events"] as const)
        dropped[kind] += out.waiting.dropped[kind];
    }
    const { status } = this.#link;
    return { status, waiting, unanswered, dropped, fenced_now, answer_ms: this.#answer_ms, ...this.#count };
  }

  /** This service leads the symbol from now on: once Redis has heard so, nobody with an older lease writes it. */
  lead(symbol: string): void {
    this.#of(symbol).due = true;
    this.#wake(true);
    this.#state_timer ??= this.#stateLater();
  }

  event(event: MarketEntryEvent): void {
    this.#of(event.symbol).waiting.event(event);
    this.#wake(false);
  }

  vector(aged: AgedVector): void {
    this.#of(aged.vector.symbol).waiting.vector(aged);
    this.#holdBack();
  }

  prediction(prediction: Prediction): void {
    this.#of(prediction.symbol).waiting.forecast({ kind: "prediction", prediction });
    this.#wake(true);
  }

  outcome(outcome: Outcome): void {
    this.#of(outcome.symbol).waiting.forecast({ kind: "outcome", outcome });
    this.#wake(false);
  }

  /** Gives on what waits for as long as LIMITS.redis_close_ms allows, then cuts the connection. May be called twice. */
  async close(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#timer?.cancel();
    this.#state_timer?.cancel();
    const cut = new AbortController();
    await Promise.race([this.#run(), pause(this.#options.clock, LIMITS.redis_close_ms, cut.signal)]);
    cut.abort();
    this.#closing.abort();
    this.#link.close();
    await this.#running;
  }

  #of(symbol: string): SymbolOut {
    let out = this.#symbols.get(symbol);
    if (!out) {
      out = new SymbolOut();
      this.#symbols.set(symbol, out);
    }
    return out;
  }

  #stateLater(): Timer {
    return this.#options.clock.after(LIMITS.redis_state_ms, () => {
      for (const out of this.#symbols.values()) out.due = true;
      this.#wake(false);
      this.#state_timer = this.#stateLater();
    });
  }

  /**
   * A second has closed: its forecast is being made, and a batch that was put together meanwhile would be in its way. The next
   * one goes once the forecast is there, or after a flush's time where none comes.
   */
  #holdBack(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#urgent = false;
    this.#wake(false);
  }

  /** Sends in a turn of its own: soon, or at once where it is urgent. */
  #wake(urgent: boolean): void {
    if (this.#draining) return;
    const sooner = urgent && !this.#urgent;
    this.#urgent ||= urgent;
    if (this.#running || (this.#timer && !sooner)) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(urgent ? 0 : LIMITS.redis_flush_ms, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  /** Pipeline after pipeline as long as much waits, or something urgent. Never rejects. */
  #run(): Promise<void> {
    this.#running ??= this.#pipelines().finally(() => {
      this.#running = undefined;
      if (this.#has(1)) this.#wake(false);
    });
    return this.#running;
  }

  async #pipelines(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      this.#urgent = false;
      try {
        await this.#flush();
        failures = 0;
        this.#say("");
        if (!this.#urgent && !this.#has(this.#draining ? 1 : LIMITS.redis_batch_entries_max)) return;
      } catch (error) {
        failures++;
        this.#count.failures++;
        await pause(this.#options.clock, this.#failed(error as ForetickError, failures), signal);
      }
    }
  }

  /** Whether so many things wait. */
  #has(entries: number): boolean {
    let waiting = 0;
    for (const out of this.#symbols.values()) waiting += out.waiting.length + Number(out.due);
    return waiting >= entries;
  }

  /** @throws ForetickError REDIS_UNREACHABLE, REDIS_REFUSED. What was not answered for is sent again. */
  async #flush(): Promise<void> {
    const { clock, address } = this.#options;
    const asked: SymbolOut[] = [];
    const symbols = [...this.#symbols].filter(([symbol, out]) => this.#prepare(symbol, out));
    if (symbols.length === 0) return;
    await this.#link.ask(async (client) => {
      const started_us = clock.monotonicUs();
      const pipeline = client.pipeline();
      for (const [symbol, out] of symbols) {
        // Its lease may have been lost while the connection was made.
        const fence = this.#options.fenceOf(symbol);
        if (fence === undefined || !out.sent) continue;
        const guard = this.#keys.guard(symbol);
        addGuarded(pipeline, { guard, writer: this.#writer, fence, ...out.sent });
        asked.push(out);
      }
      const replies = (await pipeline.exec()) ?? [];
      this.#answer_ms = (clock.monotonicUs() - started_us) / US_PER_MS;
      let refused: Error | undefined;
      for (const [at, [error, verdict]] of replies.entries()) {
        if (error) refused ??= error;
        else asked[at]!.answered(verdict as Verdict, this.#count);
      }
      if (refused) throw redisError(refused, address);
    });
  }

  /** @returns whether there is anything of the symbol to send. */
  #prepare(symbol: string, out: SymbolOut): boolean {
    const { clock, maxlen, fenceOf, stateOf } = this.#options;
    if (fenceOf(symbol) === undefined) {
      out.forget(this.#count);
      return false;
    }
    return out.prepare(symbol, { keys: this.#keys, maxlen, now_us: clock.now() }, stateOf);
  }

  /** @returns how long to wait before the next try (ms). */
  #failed(error: ForetickError, failures: number): number {
    const refused = error.code === "REDIS_REFUSED";
    this.#say(error.message);
    const max_ms = refused ? LIMITS.redis_refused_ms_max : LIMITS.redis_retry_ms_max;
    return Math.min(max_ms, (refused ? 1_000 : 100) * 2 ** Math.min(failures - 1, 10));
  }

  /** Once for each thing that is wrong, and once when it is over. */
  #say(what: string): void {
    const { log } = this.#options;
    if (what === this.#said) return;
    this.#said = what;
    if (what === "") log.info("Redis takes again what is given on to it");
    else log.warn({ reason: what }, "Redis does not take what is given on to it: forecasts go on without it");
  }
}
