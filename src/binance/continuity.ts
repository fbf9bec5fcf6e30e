/**
 * What has been delivered of every stream: the highest id, the newest exchange time, when it last spoke. From
 * it follow which events are duplicates (two connections overlap at a rotation), which stream is silent, and
 * what time a `disconnect` carries.
 */

import { ForetickError } from "../base/errors.ts";
import { type Micros, US_PER_MS } from "../base/units.ts";
import { streamOf } from "./control.ts";
import type { DisconnectEvent, MarketEvent, StreamName } from "./events.ts";

/** Whether a stream speaks; read by whoever waits for it. One live object a stream. */
export interface StreamLiveness {
  readonly symbol: string;
  readonly stream: StreamName;
  /** It has spoken on the present connection and is not silent for too long. */
  readonly alive: boolean;
  /** It has been silent for longer than it may. */
  readonly stale: boolean;
  /** Newest exchange time seen; 0 before the first. */
  readonly last_ts_us: Micros;
  /** When it last spoke (monotonic µs); −∞ before the first. */
  readonly last_seen_us: number;
}

export interface StreamMark extends StreamLiveness {
  /** Position among the marks. */
  readonly index: number;
  readonly stale_after_us: number;
  alive: boolean;
  stale: boolean;
  last_ts_us: Micros;
  last_seen_us: number;
  /** Highest id delivered, −1 where none: trade id, update id, a diff's last update id. */
  last_id: number;
}

interface SymbolMark {
  readonly symbol: string;
  /** Highest exchange time on any stream. */
  highest_ts_us: Micros;
  /** Data has been delivered since the last disconnect: there is something to break. */
  flowing: boolean;
  readonly streams: Partial<Record<MarketEvent["kind"], StreamMark>>;
}

export interface ContinuityCounters {
  events: number;
  /** Quotes and book events whose id had been delivered. Duplicate trades are the TradeLedger's. */
  duplicates: number;
  /** Events of a stream nobody asked for. */
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

const NEVER = Number.NEGATIVE_INFINITY;

export class Continuity {
  readonly marks: readonly StreamMark[];
  readonly counters: ContinuityCounters = { events: 0, duplicates: 0, unsubscribed: 0, disconnects: 0 };
  readonly #symbols = new Map<string, SymbolMark>();

  constructor(
    symbols: readonly string[],
    streams: readonly StreamName[],
    stale_after_ms: Readonly<Record<StreamName, number>>,
  ) {
    const marks: StreamMark[] = [];
    for (const symbol of symbols) {
      const owner: SymbolMark = { symbol, highest_ts_us: 0 as Micros, flowing: false, streams: {} };
      this.#symbols.set(symbol, owner);
      for (const stream of streams) {
        const mark: StreamMark = {
          index: marks.length,
          symbol,
          stream,
          stale_after_us: stale_after_ms[stream] * US_PER_MS,
          alive: false,
          stale: false,
          last_ts_us: 0 as Micros, // before any time
          last_seen_us: NEVER,
          last_id: -1,
        };
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
   * Records an event; false where it must not go on. Trades always go on: one that comes late is no duplicate
   * for having a lower id, and the TradeLedger knows which have come.
   */
  admit(event: MarketEvent, now_us: number): boolean {
    const owner = this.#symbols.get(event.symbol);
    const mark = owner?.streams[event.kind];
    if (!owner || !mark) {
      this.counters.unsubscribed += 1;
      return false;
    }
    const id = lastIdOf(event);
    if (id > mark.last_id) mark.last_id = id;
    else if (event.kind !== "trade") {
      this.counters.duplicates += 1;
      return false;
    }
    if (event.ts_us > mark.last_ts_us) mark.last_ts_us = event.ts_us;
    if (event.ts_us > owner.highest_ts_us) owner.highest_ts_us = event.ts_us;
    owner.flowing = true;
    mark.last_seen_us = now_us;
    mark.alive = true;
    mark.stale = false;
    this.counters.events += 1;
    return true;
  }

  /**
   * Marks the streams that have been silent for too long, counted from `live_since_us` where they have not
   * spoken since; returns those it marked just now.
   */
  findStale(now_us: number, live_since_us: number): StreamMark[] {
    const found: StreamMark[] = [];
    for (const mark of this.marks) {
      if (mark.stale || now_us - Math.max(mark.last_seen_us, live_since_us) <= mark.stale_after_us) continue;
      mark.stale = true;
      mark.alive = false;
      // What the stream sends next may come from a server that counts anew (the testnet is wiped monthly).
      mark.last_id = -1;
      found.push(mark);
    }
    return found;
  }

  /** Nothing at all has come for as long as the most impatient of the silent streams waits: a dead line. */
  isDeaf(now_us: number, live_since_us: number): boolean {
    let patience_us = Number.POSITIVE_INFINITY;
    let newest_us = live_since_us;
    for (const mark of this.marks) {
      if (mark.stale) patience_us = Math.min(patience_us, mark.stale_after_us);
      newest_us = Math.max(newest_us, mark.last_seen_us);
    }
    return now_us - newest_us > patience_us;
  }

  /** No connection is left: every stream is down, and ids may start anew on the next one. */
  lose(): void {
    for (const mark of this.marks) {
      mark.alive = false;
      mark.stale = false;
      mark.last_id = -1;
    }
  }

  /**
   * The `disconnect` of a symbol, undefined where nothing has been delivered since the last one: what does not
   * flow cannot break.
   */
  breakSymbol(symbol: string, reason: string, received_us: Micros): DisconnectEvent | undefined {
    const owner = this.#symbols.get(symbol);
    if (!owner?.flowing) return undefined;
    owner.flowing = false;
    this.counters.disconnects += 1;
    return { kind: "disconnect", symbol, ts_us: owner.highest_ts_us, received_us, reason };
  }
}

export function staleError(marks: readonly StreamMark[]): ForetickError {
  const names = marks.map((mark) => streamOf(mark.symbol, mark.stream)).join(", ");
  const seconds = Math.max(...marks.map((mark) => mark.stale_after_us)) / 1e6;
  const message = `expected a frame of ${names} within ${seconds} s, was none; a symbol that does not exist is silent too`;
  return new ForetickError("WS_STALE", message, { details: { streams: names } });
}

/** The id an event brings its stream up to. */
function lastIdOf(event: MarketEvent): number {
  switch (event.kind) {
    case "trade":
      return event.trade_id;
    case "depth_diff":
      return event.last_update_id;
    case "quote":
    case "depth_snapshot":
      return event.update_id;
    case "disconnect":
      return -1;
  }
}
