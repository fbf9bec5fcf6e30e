/**
 * What has been delivered of every stream of every symbol. From it follow which events are duplicates (two
 * connections overlap at a rotation), which stream is silent, and what time a `disconnect` carries.
 */

import { ForetickError } from "../../base/errors.ts";
import { type Micros, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { BrokenStream, DisconnectEvent, MarketEvent, StreamName } from "../events.ts";
import { streamOf } from "./connection/control.ts";
import type { LearntPatience, PatienceBounds } from "./patience.ts";
import { type BusySince, type StreamLiveness, StreamMark } from "./stream_mark.ts";

interface SymbolMark {
  readonly symbol: string;
  /** Data has been delivered since the last disconnect of all: there is something to break. */
  flowing: boolean;
  readonly streams: Partial<Record<MarketEvent["kind"], StreamMark>>;
}

export interface ContinuityCounters {
  events: number;
  /** Quotes and book events that had been delivered. Duplicate trades are the TradeLedger's. */
  duplicates: number;
  /** Events of a stream that is not subscribed. */
  unsubscribed: number;
  /** `disconnect` events given out. */
  disconnects: number;
}

const KIND_OF = {
  trade: "trade",
  bestBidAsk: "quote",
  depth: "depth_diff",
  depth20: "depth_snapshot",
} as const satisfies Record<StreamName, MarketEvent["kind"]>;

const BROKEN = {
  trade: "trade",
  bestBidAsk: "quote",
  depth: "depth",
  depth20: "depth",
} as const satisfies Record<StreamName, BrokenStream>;

export class Continuity {
  readonly marks: readonly StreamMark[];
  readonly counters: ContinuityCounters = { events: 0, duplicates: 0, unsubscribed: 0, disconnects: 0 };
  readonly #symbols = new Map<string, SymbolMark>();

  constructor(
    symbols: readonly string[],
    streams: readonly StreamName[],
    patience: Readonly<Record<StreamName, PatienceBounds>>,
    learnt: LearntPatience = new Map(),
  ) {
    const marks: StreamMark[] = [];
    for (const symbol of symbols) {
      const owner: SymbolMark = { symbol, flowing: false, streams: {} };
      this.#symbols.set(symbol, owner);
      for (const stream of streams) {
        const mark = new StreamMark(
          ...[marks.length, symbol, stream, patience[stream]],
          learnt.get(`${symbol}@${stream}`),
        );
        owner.streams[KIND_OF[stream]] = mark;
        marks.push(mark);
      }
    }
    this.marks = marks;
  }

  markOf(event: MarketEvent): StreamMark | undefined {
    return this.#symbols.get(event.symbol)?.streams[event.kind];
  }

  liveness(symbol: string, stream: StreamName): StreamLiveness | undefined {
    return this.#symbols.get(symbol)?.streams[KIND_OF[stream]];
  }

  /**
   * Records an event; false where it must not go on. Trades always go on: the TradeLedger keeps which have
   * come.
   */
  admit(event: MarketEvent, now_us: number): boolean {
    const owner = this.#symbols.get(event.symbol);
    const mark = owner?.streams[event.kind];
    if (!owner || !mark) {
      this.counters.unsubscribed += 1;
      return false;
    }
    if (!mark.admit(event, now_us)) {
      this.counters.duplicates += 1;
      return false;
    }
    owner.flowing = true;
    this.counters.events += 1;
    return true;
  }

  /** Streams that have been silent for longer than they may, and are not marked so yet. */
  silentNow(now_us: number, live_since_us: number, busySince: BusySince): StreamMark[] {
    return this.marks.filter((mark) => !mark.stale && mark.isSilent(now_us, live_since_us, busySince));
  }

  /** Nothing at all has come for `deaf_after_ms`, and a stream is silent for too long: a dead line. */
  isDeaf(now_us: number, live_since_us: number, deaf_after_ms: number): boolean {
    let patience_us = Number.POSITIVE_INFINITY;
    let newest_us = live_since_us;
    for (const mark of this.marks) {
      if (mark.stale) patience_us = Math.min(patience_us, mark.stale_after_us);
      newest_us = Math.max(newest_us, mark.last_seen_us);
    }
    return now_us - newest_us > Math.max(patience_us, deaf_after_ms * US_PER_MS);
  }

  /** No connection is left: every stream is down, and ids may start from anywhere on the next one. */
  lose(): void {
    for (const mark of this.marks) mark.lose();
  }

  /**
   * The `disconnect` of a symbol, undefined where nothing has been delivered since the last one: a stream
   * without data has no break.
   */
  breakSymbol(symbol: string, reason: string, received_us: Micros): DisconnectEvent | undefined {
    const owner = this.#symbols.get(symbol);
    if (!owner?.flowing) return undefined;
    owner.flowing = false;
    this.counters.disconnects += 1;
    const times = Object.values(owner.streams).map((mark) => mark.last_ts_us);
    const ts_us = Math.max(...times) as Micros; // the time of an event
    return { kind: "disconnect", symbol, ts_us, received_us, reason };
  }

  /** Marks a stream as silent. Its `disconnect`, undefined where it has never delivered. */
  breakStream(mark: StreamMark, reason: string, received_us: Micros): DisconnectEvent | undefined {
    mark.fallSilent();
    const { symbol, stream, last_ts_us: ts_us } = mark;
    if (ts_us === 0) return undefined;
    this.counters.disconnects += 1;
    return { kind: "disconnect", symbol, ts_us, received_us, reason, stream: BROKEN[stream] };
  }
}

export function staleError(marks: readonly StreamMark[]): ForetickError {
  const names = marks.map((mark) => streamOf(mark.symbol, mark.stream)).join(", ");
  const seconds = Math.max(...marks.map((mark) => mark.stale_after_us)) / US_PER_SEC;
  const message = `expected a frame of ${names} within ${Number(seconds.toFixed(1))} s, was none; a symbol that does not exist is silent too`;
  return new ForetickError("WS_STALE", message, { details: { streams: names } });
}

/** Why a stream counts as broken, as shown beside a cold forecast. */
export function silenceOf(mark: StreamMark, now_us: number): string {
  const name = streamOf(mark.symbol, mark.stream);
  const silent_s = ((now_us - mark.last_seen_us) / US_PER_SEC).toFixed(1);
  const usual_s = (mark.stale_after_us / US_PER_SEC).toFixed(1);
  return `WS_STALE: nothing came on ${name} for ${silent_s} s, more than its usual pauses allow (${usual_s} s)`;
}
