/**
 * A lane whose every call from outside is written down before it is made. What calls the lane makes of itself on the way
 * are not: a replay makes them again.
 */

import type { Steps } from "../../base/turns.ts";
import type { Micros } from "../../base/units.ts";
import type { MarketEvent } from "../../binance/events.ts";
import { Lane } from "../lane/lane.ts";
import type { LookBack, Prepared } from "../lane/look_back.ts";
import type { LaneOptions } from "../lane/options.ts";
import type { Released } from "../lane/output.ts";
import type { InputLog } from "./input_log.ts";

/** The frame whose events come; the tap of the streams sets it. */
export class FrameTap {
  frame: Uint8Array | undefined;
  received_us = 0;
  /** Frames seen: two may be the same memory. */
  count = 0;

  onFrame(frame: Uint8Array, received_us: number): void {
    this.frame = frame;
    this.received_us = received_us;
    this.count++;
  }
}

export class CapturedLane extends Lane {
  readonly #log: InputLog;
  readonly #tap: FrameTap;
  /** Number of the frame whose events are being taken. */
  #frame = 0;
  /** A call from outside is under way. */
  #inside = false;
  /** The look-back written last. */
  #written: LookBack | undefined;

  constructor(options: LaneOptions, log: InputLog, tap: FrameTap) {
    super(options);
    this.#log = log;
    this.#tap = tap;
  }

  override onEvent(event: MarketEvent): void {
    const begun = event.kind !== "disconnect" && this.#tap.count === this.#frame;
    this.#enter(
      () => this.#event(event),
      () => super.onEvent(event),
      !begun,
    );
  }

  override onTime(now_us: Micros): void {
    this.#enter(
      () => this.#log.numbers("time", now_us),
      () => super.onTime(now_us),
    );
  }

  override onClockStep(delta_us: number): void {
    this.#enter(
      () => this.#log.numbers("clock_step", delta_us),
      () => super.onClockStep(delta_us),
    );
  }

  override onServerTime(server_us: Micros | undefined, received_us: Micros): void {
    this.#enter(
      () => this.#log.numbers("server_time", server_us ?? Number.NaN, received_us),
      () => super.onServerTime(server_us, received_us),
    );
  }

  override resume(stored: Parameters<Lane["resume"]>[0]): void {
    this.#enter(
      () => this.#log.resume(stored),
      () => super.resume(stored),
    );
  }

  override hold(): void {
    this.#enter(
      () => this.#log.mark("hold"),
      () => super.hold(),
    );
  }

  override goOn(): void {
    this.#enter(
      () => this.#log.mark("go_on"),
      () => super.goOn(),
    );
  }

  override *prepare(lookBack: LookBack): Steps<Prepared | undefined> {
    yield* this.#log.lookBack(lookBack);
    this.#written = lookBack;
    this.#log.input();
    this.#log.mark("prepare");
    const steps = super.prepare(lookBack);
    for (;;) {
      this.#log.step();
      const step = steps.next();
      if (step.done) return step.value;
      yield step.value;
    }
  }

  override release(found: LookBack | undefined, prepared?: Prepared): Released {
    const write = (): void => {
      // One that was not prepared is short.
      if (found && found !== this.#written) for (const _ of this.#log.lookBack(found));
      this.#written = undefined;
      this.#log.release(found !== undefined, prepared !== undefined);
    };
    return this.#enter(write, () => super.release(found, prepared));
  }

  /** @param between false: what is read together goes into one part. */
  #enter<T>(write: () => void, call: () => T, between = true): T {
    if (this.#inside) return call();
    this.#inside = true;
    try {
      if (between) this.#log.input();
      write();
      return call();
    } finally {
      this.#inside = false;
    }
  }

  #event(event: MarketEvent): void {
    const { frame, received_us, count } = this.#tap;
    if (event.kind === "disconnect" || !frame) {
      this.#log.event(event);
      return;
    }
    if (count !== this.#frame) {
      this.#frame = count;
      this.#log.frame(frame, received_us);
    }
    this.#log.mark("next");
  }
}
