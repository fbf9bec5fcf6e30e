/**
 * Where the paper exchange's market comes from: a recorded tape or the simulator. A source is a pure
 * sequence of wire messages in the order the exchange sends them, each with the time it is sent; it neither
 * waits nor looks at a clock. The exchange plays it at a speed, keeps the book and the trade history from
 * it, and so its REST tells the same story as its streams.
 */

import type { Levels } from "../events.ts";
import type { SbeMessage } from "../sbe/messages.ts";

export interface SourceMessage {
  /** When the exchange sends it (µs, the source's own clock; never decreasing). */
  readonly at_us: number;
  /** Exponents are −8 throughout. */
  readonly message: SbeMessage;
  /** The message as it goes over the wire, where the source has it at hand; otherwise the sender encodes it. */
  readonly frame?: Uint8Array;
}

/** The book before the first message: what REST `depth` answers at the start. */
export interface SourceSnapshot {
  readonly last_update_id: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

export interface MarketSource {
  readonly symbol: string;
  /** Human description for logs, e.g. "tape 2024-08-08 23:54–00:05" or "simulator seed 7, R² 0.02". */
  readonly description: string;
  /** Time of the first message (µs). */
  readonly start_us: number;
  readonly snapshot: SourceSnapshot;
  /** All messages from the start. A tape ends; the simulator does not. Each call starts afresh. */
  messages(): Iterator<SourceMessage>;
}
