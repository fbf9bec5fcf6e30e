/** What comes out of a lane, and what it counts. */

import type { Micros, UnixSec } from "../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, SetAside, TradeEvent } from "../../binance/events.ts";
import type { BookSums } from "../../features/algebra/columns.ts";
import type { FeatureVector } from "../../features/vector.ts";

/** A second that is over, and what was known at its end. */
export interface ClosedSecond {
  readonly symbol: string;
  /** The vectors are as of this instant, the end of the closed second. */
  readonly ts_sec: UnixSec;
  /** One per feature set, in the lane's order. */
  readonly vectors: readonly FeatureVector[];
  /** bid + ask (e8) as of ts_sec; undefined where no quote is current. */
  readonly mid_sum_e8: number | undefined;
  /** Price of the last trade (e8) as of ts_sec; undefined before the first. */
  readonly close_e8: number | undefined;
  /** Why part of the data is not known right now, as a sentence; undefined where all of it comes in. */
  readonly broken?: string | undefined;
  /** Breaks that have not ended: where the data ended, and when that was noticed. */
  readonly open_breaks?: readonly Pick<DisconnectEvent, "stream" | "ts_us" | "noticed_us">[] | undefined;
  /** The last row of a stream is not believed: what is true now is not known. */
  readonly doubted?: boolean | undefined;
  /** Exchange time of the newest event known at ts_sec (µs); undefined before the first. */
  readonly newest_event_us: Micros | undefined;
}

/** Called synchronously, in the order things happen. */
export interface LaneOutput {
  /**
   * A new trade (never a duplicate). `late`: its second was closed, so no bar holds it. `set_aside`: why it is not
   * believed; no bar holds it either, and its id counts as not come.
   */
  trade(event: TradeEvent, late: boolean, set_aside?: SetAside): void;
  quote(event: QuoteEvent, late: boolean, set_aside?: SetAside): void;
  /** A break was noticed: `ts_us` where the data ended, `noticed_us` the first time that is still open. */
  disconnect(event: DisconnectEvent): void;
  /** It has ended, at `until_us`. `complete`: no trade is missing between. */
  breakEnded(event: DisconnectEvent, complete: boolean): void;
  /**
   * The book's sums at the end of second `sec`, which the vector as of sec + 1 uses. At most once per second.
   */
  bookSums(sec: UnixSec, sums: BookSums): void;
  closed(second: ClosedSecond): void;
  /** Trades are missing: fetch them and call `hold` and `release`. Called once a break. */
  fillWanted(reason: string): void;
  /** The streams' times and the local clock disagree: ask the exchange's server time and call `onServerTime`. */
  timeDoubted(): void;
}

export interface LaneCounters {
  events: number;
  trades: number;
  quotes: number;
  trades_duplicate: number;
  trades_late: number;
  quotes_late: number;
  seconds_closed: number;
  /** Seconds of outages longer than LIMITS.close_jump_s_max, which were not closed one by one. */
  seconds_leapt: number;
  disconnects: number;
  /** Times the exchange's clock stepped, ahead or back. */
  time_steps: number;
  /** Times so many events were held back that the lane went on without its look-back. */
  holds_overflowed: number;
  /** Times a look-back came while the lane was running, and it changed over to it. */
  swaps: number;
}

export const zeroLaneCounters = (): LaneCounters => ({
  events: 0,
  trades: 0,
  quotes: 0,
  trades_duplicate: 0,
  trades_late: 0,
  quotes_late: 0,
  seconds_closed: 0,
  seconds_leapt: 0,
  disconnects: 0,
  time_steps: 0,
  holds_overflowed: 0,
  swaps: 0,
});

/** The result of a look-back. */
export interface Released {
  /**
   * The lane goes on from it. False where it was no longer wanted or the lane cannot catch up: fetch again.
   */
  readonly taken: boolean;
  /** Breaks noticed since the hold that the look-back has filled. */
  readonly filled: readonly DisconnectEvent[];
  /** Breaks noticed since the hold that it has not filled: another one is wanted. */
  readonly open: readonly DisconnectEvent[];
}

export const NOT_TAKEN: Released = { taken: false, filled: [], open: [] };
