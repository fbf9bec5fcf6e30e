/**
 * What has been delivered of one stream: its newest id and time, when it last delivered, and how long it may
 * be silent. Ids and times move within bounds only: one that leaps is taken when the next event confirms it,
 * so that a wrong one makes no later event look like a duplicate.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import { idReach } from "../belief/row_faults.ts";
import type { MarketEvent, StreamName } from "../events.ts";
import { Patience, type PatienceBounds } from "./patience.ts";

/** Whether a stream delivers; a live object. */
export interface StreamLiveness {
  readonly symbol: string;
  readonly stream: StreamName;
  /** It has delivered on the present connection and is not silent for too long. */
  readonly alive: boolean;
  /** It has been silent for longer than it may. */
  readonly stale: boolean;
  /** Newest exchange time seen; 0 before the first. */
  readonly last_ts_us: Micros;
  /** When it last delivered (monotonic µs); −∞ before the first. */
  readonly last_seen_us: number;
  /** How long it may be silent, as learnt so far (µs). */
  readonly stale_after_us: number;
}

/** How long this process has been too busy to read, since a moment (monotonic µs). */
export type BusySince = (since_us: number) => number;

const NEVER = Number.NEGATIVE_INFINITY;
/** A time farther from the last one than this is taken when the next event confirms it (µs). */
const LEAP_US = 10_000_000;
/** Ids that may always be between two events. */
const NEAR_IDS = LIMITS.belief_ids_ahead_max;

export class StreamMark implements StreamLiveness {
  readonly symbol: string;
  readonly stream: StreamName;
  /** Position among the marks. */
  readonly index: number;
  alive = false;
  stale = false;
  last_ts_us = 0 as Micros; // before any time
  last_seen_us = NEVER;
  /** Newest id delivered, −1 where none: trade id, update id, a diff's last update id. */
  last_id = -1;
  /** A quiet market, not a stall, up to here (monotonic µs): the exchange says that it has nothing newer. */
  excused_until_us = NEVER;
  readonly #patience: Patience;
  /** An id and time that leapt, until the next event; −1 where there is none. */
  #leapt_id = -1;
  #leapt_ts_us = 0;

  /** @param learnt_us the patience an earlier run had learnt. */
  constructor(
    index: number,
    symbol: string,
    stream: StreamName,
    patience: PatienceBounds,
    learnt_us?: number,
  ) {
    this.index = index;
    this.symbol = symbol;
    this.stream = stream;
    this.#patience = new Patience(patience, learnt_us);
  }

  get stale_after_us(): number {
    return this.#patience.us;
  }

  /** The patience it has learnt (µs); undefined before enough is known. */
  get learnt_us(): number | undefined {
    return this.#patience.learnt_us;
  }

  /** Records an event; false where it has been delivered already. Trades are never called so: a ledger judges them. */
  admit(event: MarketEvent, now_us: number): boolean {
    const id = lastIdOf(event);
    const { ts_us } = event;
    if (this.#isNext(id, ts_us)) this.#moveTo(id, ts_us);
    else if (id <= this.last_id && ts_us <= this.last_ts_us) {
      if (event.kind !== "trade") return false;
    } else if (this.#isInReach(id, ts_us) || this.#isBorneOut(id, ts_us)) this.#moveTo(id, ts_us);
    if (this.last_seen_us !== NEVER) this.#patience.observe(now_us - this.last_seen_us, now_us);
    this.last_seen_us = now_us;
    this.alive = true;
    this.stale = false;
    return true;
  }

  /** Silent for longer than it may be, counted from `live_since_us` where it has not delivered since. */
  isSilent(now_us: number, live_since_us: number, busySince: BusySince): boolean {
    const since_us = Math.max(this.last_seen_us, live_since_us);
    const silent_us = now_us - since_us;
    if (silent_us <= this.#patience.us || now_us <= this.excused_until_us) return false;
    return silent_us - busySince(since_us) > this.#patience.us;
  }

  fallSilent(): void {
    this.stale = true;
    this.alive = false;
    this.#forgetId();
  }

  /** Its connection is gone. */
  lose(): void {
    this.stale = false;
    this.alive = false;
    // A pause between connections is no pause of the stream's.
    this.last_seen_us = NEVER;
    this.excused_until_us = NEVER;
    this.#forgetId();
  }

  /** What the stream sends next may come from a server that counts from the start (a test network is wiped monthly). */
  #forgetId(): void {
    this.last_id = -1;
    this.#leapt_id = -1;
  }

  /** The usual event: a little ahead of the last one. */
  #isNext(id: number, ts_us: number): boolean {
    const ahead = id - this.last_id;
    const elapsed_us = ts_us - this.last_ts_us;
    return this.last_id >= 0 && ahead > 0 && ahead <= NEAR_IDS && elapsed_us >= 0 && elapsed_us <= LEAP_US;
  }

  #isInReach(id: number, ts_us: number): boolean {
    if (this.last_id < 0) return true;
    const elapsed_us = ts_us - this.last_ts_us;
    return id > this.last_id && id - this.last_id <= idReach(elapsed_us) && elapsed_us <= LEAP_US;
  }

  #isBorneOut(id: number, ts_us: number): boolean {
    const leap = id - this.#leapt_id;
    const known = this.#leapt_id >= 0 && leap >= 0 && leap <= idReach(0);
    const borne_out = known && Math.abs(ts_us - this.#leapt_ts_us) <= LEAP_US;
    this.#leapt_id = id;
    this.#leapt_ts_us = ts_us;
    return borne_out;
  }

  #moveTo(id: number, ts_us: Micros): void {
    this.last_id = id;
    this.last_ts_us = ts_us;
    this.#leapt_id = -1;
  }
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
