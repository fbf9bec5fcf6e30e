/** A tape through the product's own objects, wired as `pipeline.ts` wires them. */

import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { Micros } from "../../../src/base/units.ts";
import type { TapeFrame } from "../../../src/binance/capture/tape_read.ts";
import type { StreamName } from "../../../src/binance/events.ts";
import { Continuity } from "../../../src/binance/stream/continuity.ts";
import { Feed } from "../../../src/binance/stream/feed.ts";
import { STREAM_TIMING } from "../../../src/binance/stream/options.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { ModelSlot } from "../../../src/model/model_slot.ts";
import { SymbolWorker } from "../../../src/system/symbol/symbol_worker.ts";
import { type backing, nothing, type Tape } from "./tape.ts";

const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];
const TICK_US = 10_000;

export class Run {
  readonly worker: SymbolWorker;
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #frames: readonly TapeFrame[];
  #now_us: number;
  #tick_us = 0;
  #at = 0;

  constructor(tape: Tape, slot: ModelSlot, parts: ReturnType<typeof backing>) {
    this.#frames = tape.frames;
    this.#now_us = tape.header.start_us;
    // One clock, read two ways, as a machine's are; the pace of the tape is the bench's own affair.
    this.#clock = {
      ...systemClock,
      now: () => this.#now_us as Micros,
      monotonicUs: () => this.#now_us - tape.header.start_us,
    };
    const { symbol } = tape.header;
    this.worker = new SymbolWorker({
      ...parts,
      ...{ symbol, sets: FEATURE_SETS, streams: STREAMS, clock: this.#clock, log: silentLogger },
      roster: { champion: slot, beside: [] },
      signals: readConfig({}),
      grace_ms: 250,
      deadline_ms: 100,
      interval_ms: 1_000,
      fallback: true,
      onPrediction: nothing,
      onOutcome: nothing,
    });
    this.#feed = new Feed({
      symbols: [symbol],
      clock: this.#clock,
      continuity: new Continuity([symbol], STREAMS, STREAM_TIMING.patience),
      onEvent: (event) => this.worker.onEvent(event),
      onFrame: undefined,
    });
  }

  /** Plays frames until a trade has come, and waits for the look-back. */
  async begin(): Promise<void> {
    while (!this.worker.state.received_us.has("trade")) this.#play();
    while (this.worker.lane.holding) await new Promise((done) => setTimeout(done, 0));
    await this.worker.predictor.idle();
  }

  async playAll(): Promise<void> {
    const { predictor } = this.worker;
    while (this.#at < this.#frames.length) {
      const { lane } = this.worker;
      // A second that is over before the next frame comes is closed then, as the service's watch does it.
      for (
        let due_us = lane.clockDeadline;
        due_us < this.#frames[this.#at]!.at_us;
        due_us = lane.clockDeadline
      ) {
        this.#now_us = Math.max(this.#now_us, due_us);
        this.worker.onTime();
        if (predictor.waiting > 0) await predictor.idle();
      }
      this.#play();
      if (predictor.waiting > 0) await predictor.idle();
    }
  }

  /** One frame, after the looks at the clock that were due before it. */
  #play(): void {
    const { at_us, frame } = this.#frames[this.#at++]!;
    this.#now_us = at_us;
    if (at_us >= this.#tick_us) {
      this.worker.onTime();
      this.#tick_us = at_us + TICK_US;
    }
    this.#feed.deliver(frame, at_us as Micros);
  }
}
