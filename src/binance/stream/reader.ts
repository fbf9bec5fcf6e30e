/**
 * Frames in, market events out. Decodes, rescales to 1e-8 and drops what does not belong here: frames that
 * are malformed, of an unknown template, or of a symbol that is not subscribed. Everything dropped is
 * counted; nothing is thrown, because a bad frame is an error of the exchange, not of this process.
 */

import { type ErrorCode, ForetickError } from "../../base/errors.ts";
import type { Micros } from "../../base/units.ts";
import type { MarketEvent } from "../events.ts";
import { depthDiffEvent, depthSnapshotEvent, quoteEvent, tradeEvents } from "../market_events.ts";
import { createDecodeSlots, type DecodeResult, decodeFrame } from "../sbe/decode.ts";
import type { SbeMessage } from "../sbe/messages.ts";
import type { FrameFaults } from "./frame_faults.ts";

export interface ReaderCounters {
  frames: number;
  /** Frames decoded, by kind of message, subscribed or not. */
  trades: number;
  best_bid_ask: number;
  depth_snapshot: number;
  depth_diff: number;
  /** Frames of a symbol that is not subscribed: dropped. */
  unsubscribed: number;
  /** Frames of a template not known here: stepped over. */
  unknown_template: number;
  /** Frames refused: malformed, or with a value that has no exact place in an event. */
  refused: number;
  /** Trades with a value that has no exact place in an event: the others of their frames are kept. */
  trades_left_out: number;
  /** Frames written with a schema version above 0: read, but they may hold more than is read. */
  newer_version: number;
}

export class FrameReader {
  readonly counters: ReaderCounters = {
    frames: 0,
    trades: 0,
    best_bid_ask: 0,
    depth_snapshot: 0,
    depth_diff: 0,
    unsubscribed: 0,
    unknown_template: 0,
    refused: 0,
    trades_left_out: 0,
    newer_version: 0,
  };
  /** Frames refused, by error code. */
  readonly errors = new Map<ErrorCode, number>();
  last_error: ForetickError | undefined;
  /** The highest schema version and the newest unknown template seen, for an update of this code. */
  version_max = 0;
  last_unknown_template: number | undefined;
  readonly #symbols: ReadonlySet<string>;
  readonly #slots = createDecodeSlots();
  readonly #faults: Pick<FrameFaults, "note"> | undefined;

  /**
   * @param options.symbols upper case, as in the frames.
   * @param options.faults called with every frame that is dropped.
   */
  constructor(options: {
    readonly symbols: readonly string[];
    readonly faults?: Pick<FrameFaults, "note"> | undefined;
  }) {
    this.#symbols = new Set(options.symbols);
    this.#faults = options.faults;
  }

  /** Calls `emit` for every event of the frame, in order, before it returns; not at all where it is dropped. */
  read(frame: Uint8Array, received_us: Micros, emit: (event: MarketEvent) => void): void {
    this.counters.frames += 1;
    const result = decodeFrame(frame, this.#slots);
    if (!result.ok) {
      this.#drop(result);
      return;
    }
    if (result.version > 0) this.#countVersion(result.version);
    const { message } = result;
    this.counters[message.kind] += 1;
    if (!this.#symbols.has(message.symbol)) {
      this.counters.unsubscribed += 1;
      this.#faults?.note("unsubscribed", `symbol ${message.symbol} is not subscribed`);
      return;
    }
    this.#emit(message, received_us, emit);
  }

  #emit(message: SbeMessage, received_us: Micros, emit: (event: MarketEvent) => void): void {
    if (message.kind === "trades") {
      const events = tradeEvents(message, received_us, this.#leaveOut);
      if (events instanceof ForetickError) this.#refuse(events);
      else for (const event of events) emit(event);
      return;
    }
    const event = eventOf(message, received_us);
    if (event instanceof ForetickError) this.#refuse(event);
    else emit(event);
  }

  #drop(result: Exclude<DecodeResult, { ok: true }>): void {
    if (result.reason === "malformed") {
      this.#refuse(result.error);
      return;
    }
    this.counters.unknown_template += 1;
    this.last_unknown_template = result.template_id;
    this.#faults?.note(
      "unknown_template",
      `template ${result.template_id} is not known: the exchange sends a message this version cannot read`,
    );
    if (result.version > 0) this.#countVersion(result.version);
  }

  readonly #leaveOut = (error: ForetickError): void => {
    this.counters.trades_left_out += 1;
    this.#note(error, `one of its trades is left out: ${error.message}`);
  };

  #refuse(error: ForetickError): void {
    this.counters.refused += 1;
    this.#note(error, error.message);
  }

  #note(error: ForetickError, sentence: string): void {
    this.errors.set(error.code, (this.errors.get(error.code) ?? 0) + 1);
    this.last_error = error;
    this.#faults?.note(error.code, sentence);
  }

  #countVersion(version: number): void {
    this.counters.newer_version += 1;
    this.version_max = Math.max(this.version_max, version);
  }
}

type OneEventMessage = Exclude<SbeMessage, { kind: "trades" }>;

function eventOf(message: OneEventMessage, received_us: Micros): MarketEvent | ForetickError {
  switch (message.kind) {
    case "best_bid_ask":
      return quoteEvent(message, received_us);
    case "depth_diff":
      return depthDiffEvent(message, received_us);
    case "depth_snapshot":
      return depthSnapshotEvent(message, received_us);
  }
}
