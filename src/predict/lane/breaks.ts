/**
 * The breaks of a lane: noticed, noted wherever they count (engine, memory, what is kept for a look-back, output),
 * and ended.
 */

import { LIMITS } from "../../base/limits.ts";
import { type Micros, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Row } from "../../binance/belief/stream_checks.ts";
import type { BrokenStream, DisconnectEvent, SetAside, TradeEvent } from "../../binance/events.ts";
import type { FeatureEngine } from "../../features/live/engine.ts";
import { BreakDates, brokenStreamOf } from "./break_dates.ts";
import type { LaneMemory } from "./memory.ts";
import type { LaneCounters, LaneOutput } from "./output.ts";
import type { KeptBreak, SinceHold } from "./since_hold.ts";

/** Where a break counts. */
export interface BreakPlaces {
  readonly counters: LaneCounters;
  readonly memory: LaneMemory;
  readonly output: LaneOutput;
  readonly engine: () => FeatureEngine;
  readonly since: () => SinceHold | undefined;
  /** The first exchange time whose second is open (µs); 0 before the first. */
  readonly firstOpenUs: () => number;
}

/** What set-aside rows of a stream are waited through before the stream counts as broken (µs of receive time). */
const ASIDE_MAX_US = LIMITS.belief_wait_ms_max * US_PER_MS;
/** A step of the exchange's clock worth a break (µs). */
const STEP_US = LIMITS.belief_step_ms_min * US_PER_MS;

/** A step of the exchange's clock, as a sentence, and when it was noticed (local clock). */
export interface ClockStep {
  readonly reason: string;
  readonly received_us: Micros;
}

export class LaneBreaks {
  readonly #places: BreakPlaces;
  readonly #dates = new BreakDates();
  /** Since when every row of the stream has been set aside (receive time, µs); 0 where the last one was believed. */
  readonly #aside_since_us: Record<Exclude<BrokenStream, "all">, number> = { trade: 0, quote: 0, depth: 0 };

  #some_aside = false;
  #newest_step: ClockStep | undefined;

  constructor(places: BreakPlaces) {
    this.#places = places;
  }

  /** Those that have not ended, in the order they were noticed. */
  get open(): readonly DisconnectEvent[] {
    return this.#dates.open;
  }

  /** Why data is not known now; undefined where no break is open. */
  get reason(): string | undefined {
    return this.#dates.reason;
  }

  /** The last row of a stream was set aside. */
  get doubted(): boolean {
    return this.#some_aside;
  }

  /** The newest step of the exchange's clock; undefined where it has kept. */
  get newest_step(): ClockStep | undefined {
    return this.#newest_step;
  }

  isOpen(stream: BrokenStream): boolean {
    return this.#dates.isOpen(stream);
  }

  /** A break that no look-back can fill yet: the trade stream is silent now. */
  isSilent({ stream, ts_us }: DisconnectEvent): boolean {
    return stream === "trade" && this.open.some((open) => open.stream === stream && open.ts_us === ts_us);
  }

  /** Newest believed exchange time of the trades (µs); 0 before the first. */
  get trades_known_us(): number {
    return this.#dates.knownUntil("trade");
  }

  /** A believed row has come. Returns the breaks it ends; `end` them once it is known what is missing. */
  onBelieved(row: Row): readonly DisconnectEvent[] {
    if (this.#some_aside) this.#endAside(row);
    return this.#dates.onBelieved(row);
  }

  /** A look-back's trades are known up to this one. */
  onLearnt({ ts_us }: TradeEvent): void {
    this.#dates.onLearnt(ts_us);
  }

  /** A stream of which every row is set aside is as silent as one that sends none. */
  onSetAside(row: Row, reason: SetAside): void {
    const stream = brokenStreamOf(row);
    const since_us = this.#aside_since_us[stream];
    this.#some_aside = true;
    if (since_us === 0) this.#aside_since_us[stream] = row.received_us;
    else if (row.received_us - since_us > ASIDE_MAX_US && !this.isOpen(stream)) {
      const why = `no ${stream} is believed: those that come are set aside (${reason})`;
      const { symbol, ts_us, received_us } = row;
      this.notice({ kind: "disconnect", symbol, ts_us, received_us, stream, reason: why });
    }
  }

  #endAside(row: Row): void {
    this.#aside_since_us[brokenStreamOf(row)] = 0;
    this.#some_aside = Object.values(this.#aside_since_us).some((since_us) => since_us > 0);
  }

  /**
   * The exchange's clock stepped: no second between is known, and what comes before the time it had is late. Seconds that
   * it has left out never were, so nothing can be fetched for them, whatever times its history gives.
   */
  onTimeStep({ symbol, ts_us, received_us }: Row, stepped_us: number): void {
    if (Math.abs(stepped_us) < STEP_US) return;
    this.#places.counters.time_steps++;
    const by = `${(Math.abs(stepped_us) / US_PER_SEC).toFixed(1)} s`;
    const reason =
      stepped_us > 0
        ? `the exchange's clock went ahead by ${by}`
        : `the exchange's clock went back by ${by}, or its data comes that much later: rows are late until it has caught up`;
    this.#newest_step = { reason, received_us };
    const event: DisconnectEvent = { kind: "disconnect", symbol, ts_us, received_us, reason };
    const known_us = this.#dates.knownUntil("all");
    const left_out = stepped_us > 0 && known_us > 0 && ts_us - known_us >= STEP_US;
    // Where the streams are down, their break is what leaves the seconds out.
    if (left_out && this.#dates.isOpen("all")) this.#dates.neverFilled("all");
    else this.notice(left_out ? { ...event, fillable: false } : event);
  }

  /** A break that goes on until the first believed row of its stream. */
  notice(noticed: DisconnectEvent): void {
    const event = this.#dates.begin(noticed, this.#places.firstOpenUs());
    if (!event) return;
    this.#note(event);
    // The trades of a silent stream can be asked for once it is known which are missing: when it speaks again.
    if (event.stream === "all") this.#places.output.fillWanted(event.reason);
  }

  /** Ids jumped without a disconnect: the bars miss trades between, which is a break like any other. */
  onTradesMissing(event: TradeEvent, ended_us: Micros, reason: string, gap: KeptBreak["gap"]): void {
    const { symbol, received_us, ts_us } = event;
    // Before the first trade of the stream none is known: a break dated at 0 would have every second since 1970 closed.
    const from_us = ended_us > 0 ? ended_us : ts_us;
    const noticed_us = Math.max(from_us, this.#places.firstOpenUs()) as Micros; // one of two times
    const times = { ts_us: from_us, until_us: Math.max(ts_us, from_us) as Micros, noticed_us };
    this.#note({ kind: "disconnect", symbol, stream: "trade", received_us, reason, ...times }, gap);
    this.#places.output.fillWanted(reason);
  }

  /** @param complete no trade is missing between. */
  end(event: DisconnectEvent, complete: boolean): void {
    const { engine, memory, since, output } = this.#places;
    const { stream = "all", until_us, reason } = event;
    engine().endBreak(stream, until_us!, complete);
    memory.ended(event);
    since()?.ended(event, complete);
    output.breakEnded(event, complete);
    if (stream === "trade" && !complete) output.fillWanted(reason);
  }

  #note(event: DisconnectEvent, gap?: KeptBreak["gap"]): void {
    const { counters, engine, memory, since, output } = this.#places;
    counters.disconnects++;
    engine().onDisconnect(event, event.until_us === undefined ? "open" : "missing");
    memory.disconnect(event);
    since()?.disconnect(event, gap);
    output.disconnect(event);
  }
}
