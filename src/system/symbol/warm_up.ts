/**
 * One symbol's look-back: when it is fetched (at the start, after a break in the data, and once more where the
 * database did not answer) and from where. The lane waits for it for a few seconds only; where the database or
 * REST take longer, it goes on cold and changes over when the look-back has come.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { inTurns, nextTurn } from "../../base/turns.ts";
import { type Micros, secondOf, startOf, type UnixSec, unixSec } from "../../base/units.ts";
import type { DisconnectEvent, MarketEvent } from "../../binance/events.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import { lookBackStart } from "../../features/algebra/look_back.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { ModelSlot } from "../../model/model_slot.ts";
import type { Lane } from "../../predict/lane/lane.ts";
import type { Prepared } from "../../predict/lane/look_back.ts";
import { type FetchedLookBack, type FillRest, fetchLookBack } from "../../record/fill.ts";
import type { FillHistory } from "../../record/fill_history.ts";
import type { Writer } from "../../record/write/writer.ts";
import { StartMark } from "../store/start_mark.ts";
import { storedNumbering } from "../store/stored_numbering.ts";

/** What the warm-up asks of REST. */
export type WarmUpRest = FillRest & Pick<RestClient, "serverTime">;

export interface WarmUpOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  readonly lane: Lane;
  readonly slot: ModelSlot;
  /** A view of REST whose requests end when the signal is aborted. */
  readonly rest: (signal: AbortSignal) => WarmUpRest;
  /** Undefined while the database is not open. */
  readonly history: () => FillHistory | undefined;
  readonly writer: Pick<Writer, "disconnect" | "lookBack" | "flush">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs what may find a broken invariant, so that it is reported as a defect of this symbol. */
  readonly guarded: (run: () => void) => void;
}

/** Why a look-back is fetched, and what it may cost. */
interface Wish {
  readonly reason: string;
  /** Whether the lane waits for it. It does where its vectors are cold anyway, the first time. */
  readonly hold: boolean;
}

/** A look-back, and how far back the model's own set needs it. */
interface Fetched {
  readonly look_back: FetchedLookBack;
  /** When fetching it began (local clock). */
  readonly asked_us: Micros;
  readonly required_sec: UnixSec;
}

export class WarmUp {
  readonly #options: WarmUpOptions;
  readonly #start: StartMark;
  /** What is to be fetched as soon as events come. */
  #wish: Wish | undefined = { reason: "start", hold: true };
  #filling: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #again: Timer | undefined;
  /** The lane has the numbering of earlier runs. */
  #resumed = false;
  readonly #closing = new AbortController();

  constructor(options: WarmUpOptions) {
    this.#options = options;
    this.#start = new StartMark(options);
    options.lane.hold();
  }

  /**
   * Where the run before ended is in the writer's hands.
   * @throws ForetickError STORE_UNREACHABLE where the database does not tell.
   */
  async markStart(): Promise<void> {
    await this.#start.mark();
    if (!this.#start.marked)
      fail("STORE_UNREACHABLE", "where the run before this one ended is not stored yet");
  }

  /** A look-back is being fetched, or will be. */
  get pending(): boolean {
    return this.#filling !== undefined || this.#wish !== undefined || this.#again !== undefined;
  }

  /** The data broke: what is missing is fetched, and the lane waits for it for a moment. */
  want(reason: string): void {
    if (!this.#wish?.hold) this.#wish = { reason, hold: true };
  }

  /** The stored history has changed below the lane: its look-back is fetched again, while it goes on. */
  wantAgain(reason: string): void {
    this.#wish ??= { reason, hold: false };
  }

  /** Before the lane takes an event: begins what is wanted. */
  onEvent(event: MarketEvent): void {
    this.#start.onEvent(event);
    const wish = this.#wish;
    if (!wish || event.kind === "disconnect" || this.#filling || this.#closing.signal.aborted) return;
    this.#wish = undefined;
    this.#again?.cancel();
    this.#again = undefined;
    this.#options.lane.hold();
    if (!wish.hold) this.#options.lane.goOn();
    this.#filling = this.#fill(wish).finally(() => {
      this.#filling = undefined;
    });
  }

  /** Ends the fetch under way. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#again?.cancel();
    this.#start.close();
    await this.#filling;
  }

  async #fill({ reason, hold }: Wish): Promise<void> {
    const { symbol, lane, clock, log, guarded } = this.#options;
    const started_us = clock.monotonicUs();
    const patience = clock.after(LIMITS.hold_ms_max, () => {
      if (hold) log.warn({ symbol, reason }, "the look-back is late: forecasts go on, marked not warm");
      guarded(() => lane.goOn());
    });
    const cut = new AbortController();
    try {
      const fetched = await withDeadline(this.#fetch(cut.signal), {
        ...{
          clock,
          limit: "fill_ms_max",
          what: `the look-back of ${symbol}`,
          signal: this.#closing.signal,
        },
        onGivenUp: () => cut.abort(),
      });
      const prepared = await this.#prepare(fetched.look_back);
      const took_ms = (): number => (clock.monotonicUs() - started_us) / 1_000;
      guarded(() => this.#take(fetched, prepared, reason, took_ms));
    } catch (error) {
      guarded(() => void lane.release(undefined));
      if (this.#closing.signal.aborted) return;
      log.error({ symbol, error: describeError(error) }, "the look-back could not be fetched: trying again");
      this.#retry(LIMITS.fill_retry_ms);
    } finally {
      patience.cancel();
    }
  }

  /** The long part of taking it, in slices: ticks go on. A defect in it is the symbol's. */
  async #prepare(look_back: FetchedLookBack): Promise<Prepared | undefined> {
    const { lane, guarded } = this.#options;
    const turn = async (): Promise<void> => {
      await nextTurn();
      this.#closing.signal.throwIfAborted();
    };
    try {
      return await inTurns(lane.prepare(look_back), turn);
    } catch (error) {
      if (!this.#closing.signal.aborted)
        guarded(() => {
          throw error;
        });
      throw error;
    }
  }

  #take(
    { look_back, asked_us, required_sec }: Fetched,
    prepared: Prepared | undefined,
    reason: string,
    tookMs: () => number,
  ): void {
    const { symbol, lane, log, writer, clock } = this.#options;
    const { with_database } = look_back;
    const { swaps } = lane.counters;
    // Before the held seconds close: their vectors rest on it.
    const taken_us = clock.now();
    const { taken, filled, open } = lane.release(look_back, prepared);
    if (!taken) {
      log.warn({ symbol, reason }, "more events came before the look-back than are kept: fetching it again");
      this.#retry(LIMITS.fill_retry_ms);
      return;
    }
    this.#start.onLookBack(startOf(look_back.complete_from_sec));
    const covered = (event: DisconnectEvent): boolean =>
      event.ts_us >= startOf(look_back.complete_from_sec) &&
      event.fillable !== false &&
      !lane.breaks.isSilent(event);
    for (const event of [...look_back.disconnects.filter(covered), ...filled]) {
      writer.disconnect(event, taken_us);
    }
    const oldest = (look_back.earlier?.[0] ?? look_back.trades[0])?.trade;
    writer.lookBack(symbol, {
      ...{ taken_us, asked_us, complete_from_sec: look_back.complete_from_sec, reason },
      ...{ epoch: oldest?.epoch ?? 0, first_trade_id: oldest?.trade_id },
    });
    // A gap noticed while this was fetched, and filled by it, needs no look-back of its own.
    if (lane.counters.swaps > swaps && open.length === 0) this.#wish = undefined;
    if (!with_database) this.#retry(LIMITS.fill_database_retry_ms);
    const complete = look_back.complete_from_sec <= required_sec + 1;
    const trades = look_back.trades.length;
    log.info({ symbol, reason, trades, complete, with_database, took_ms: tookMs() }, "look-back filled");
  }

  #retry(delay_ms: number): void {
    if (this.#closing.signal.aborted) return;
    this.#again?.cancel();
    this.#again = this.#options.clock.after(delay_ms, () => {
      this.#again = undefined;
      this.#wish ??= { reason: "retry", hold: false };
    });
  }

  async #fetch(signal: AbortSignal): Promise<Fetched> {
    const { symbol, sets, lane, slot, clock, log } = this.#options;
    const rest = this.#options.rest(signal);
    const asked_us = clock.now();
    const history = (await this.#flushed()) ? this.#options.history() : undefined;
    if (history) await this.#start.mark();
    if (history) await this.#resume(history);
    const now_us = lane.heldSince ?? (await rest.serverTime());
    const now_sec = secondOf(now_us);
    const start = (wanted: readonly FeatureSet[]): UnixSec =>
      unixSec(Math.min(...wanted.map((set) => lookBackStart(set.look_back, now_sec))) - 1);
    // The model's set must be warm at once; the others may take their time where nothing is stored.
    const required_sec = start(sets.filter(({ name }) => name === slot.current.feature_set));
    const look_back = await fetchLookBack({
      ...{ symbol, required_sec, wanted_sec: start(sets), now_sec, rest, clock, log },
      history,
      firstLiveTrade: () => lane.firstHeldTrade(),
      remembered: () => lane.remembered(),
      breaks: () => lane.rememberedBreaks,
    });
    return { look_back, asked_us, required_sec };
  }

  /** Once a run, before its first look-back; a database that does not answer is asked with the next one. */
  async #resume(history: FillHistory): Promise<void> {
    const { symbol, lane, clock, log, guarded } = this.#options;
    if (this.#resumed) return;
    try {
      const stored = await storedNumbering(history, symbol, this.#start, clock);
      this.#resumed = true;
      guarded(() => lane.resume(stored));
    } catch (error) {
      log.warn(
        { symbol, error: describeError(error) },
        "where the exchange's numbering had got to is unknown",
      );
    }
  }

  /**
   * Whether what was handed to the writer before the hold, or is left of an earlier run, is in the database. A
   * database that does not take rows is not asked for them either: then REST has the trades.
   */
  async #flushed(): Promise<boolean> {
    const { writer, clock, log, symbol, history } = this.#options;
    if (!history()) return false;
    const before = this.#flushing;
    this.#flushing ??= writer.flush().finally(() => {
      this.#flushing = undefined;
    });
    try {
      const what = "the rows written before the look-back";
      const limit = { clock, limit: "fill_flush_ms_max" as const, what, signal: this.#closing.signal };
      await withDeadline(this.#flushing, limit);
      // One that was under way did not include the newest rows.
      if (before) await withDeadline(writer.flush(), limit);
      return true;
    } catch (error) {
      log.warn({ symbol, error: describeError(error) }, "the look-back is fetched without the database");
      return false;
    }
  }
}
