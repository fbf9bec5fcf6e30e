/**
 * The one sequence of events that a StreamClient gives out, whatever connection a frame came over: read,
 * freed of duplicates, handed on; with the `disconnect` where it breaks.
 */

import type { Clock } from "../../base/clock.ts";
import type { Micros } from "../../base/units.ts";
import type { MarketEvent } from "../events.ts";
import type { Continuity } from "./continuity.ts";
import type { FrameFaults } from "./frame_faults.ts";
import type { Overlap } from "./overlap.ts";
import { FrameReader } from "./reader.ts";
import type { StreamMark } from "./stream_mark.ts";

export interface FeedOptions {
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly continuity: Continuity;
  readonly onEvent: (event: MarketEvent) => void;
  readonly faults?: FrameFaults;
  readonly onFrame: ((frame: Uint8Array, received_us: Micros) => void) | undefined;
}

export class Feed {
  readonly reader: FrameReader;
  /** Frames that brought something new, or could not be read. */
  frames = 0;
  readonly #options: FeedOptions;
  #silenced = false;
  /** The frame being read, until the tap has seen it. */
  #untapped: Uint8Array | undefined;
  #received_us: Micros = 0 as Micros; // set with the frame
  #now_us = 0;
  #has_events = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.reader = new FrameReader({ symbols: options.symbols, faults: options.faults });
  }

  /**
   * Reads a frame and gives its events out. The tap sees it first, unless all it holds is known already (two
   * connections overlap): a recording shall not hold each frame twice.
   */
  deliver(frame: Uint8Array, received_us: Micros): void {
    if (this.#silenced) return;
    this.#untapped = frame;
    this.#received_us = received_us;
    this.#now_us = this.#options.clock.monotonicUs();
    this.#has_events = false;
    this.reader.read(frame, received_us, this.#emit);
    if (!this.#has_events) this.#tap();
    this.#untapped = undefined;
  }

  /**
   * What a new connection held back, after what the old one delivered. Returns whether anything was missing
   * in between; the symbols concerned get a `disconnect` first.
   */
  takeOver(overlap: Overlap): boolean {
    const holed = this.#options.continuity.marks.filter((mark) => overlap.leavesHole(mark));
    for (const mark of holed) {
      this.breakSymbol(mark.symbol, "the old connection ended before the new one's beginning");
    }
    for (const { frame, received_us } of overlap.frames) this.deliver(frame, received_us);
    return holed.length > 0;
  }

  breakSymbol(symbol: string, reason: string): void {
    if (this.#silenced) return;
    const { clock, continuity, onEvent } = this.#options;
    const event = continuity.breakSymbol(symbol, reason, clock.now());
    if (event) onEvent(event);
  }

  /** A stream has fallen silent: what it sends is not known from its last event on. */
  breakStream(mark: StreamMark, reason: string): void {
    if (this.#silenced) return;
    const { clock, continuity, onEvent } = this.#options;
    const event = continuity.breakStream(mark, reason, clock.now());
    if (event) onEvent(event);
  }

  /** Nothing is given out any more, not even the rest of the present frame. */
  silence(): void {
    this.#silenced = true;
  }

  readonly #emit = (event: MarketEvent): void => {
    this.#has_events = true;
    if (this.#silenced || !this.#options.continuity.admit(event, this.#now_us)) return;
    this.#tap();
    this.#options.onEvent(event);
  };

  #tap(): void {
    const frame = this.#untapped;
    if (!frame) return;
    this.#untapped = undefined;
    this.frames += 1;
    this.#options.onFrame?.(frame, this.#received_us);
  }
}
