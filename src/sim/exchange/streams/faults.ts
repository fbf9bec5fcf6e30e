/**
 * What can be made to go wrong between the paper exchange's market and its streams, on purpose: a stream
 * falls silent, frames come late or are spoiled on their way, a message says what is not true, the streams' clock is
 * wrong. REST is not touched, but for its server time where that is asked for: it keeps telling the truth, as the
 * real one would.
 */

import { LIMITS } from "../../../base/limits.ts";
import { US_PER_SEC } from "../../../base/units.ts";
import type { StreamName } from "../../../binance/events.ts";
import type { SbeMessage } from "../../../binance/sbe/messages.ts";
import { moved } from "../../recording/moved.ts";
import { type FrameFault, FrameFaults } from "./frame_faults.ts";

/** A message with something wrong in it. */
export type Spoil = <Message extends SbeMessage>(message: Message) => Message;

interface Spoiling {
  readonly spoil: Spoil;
  left: number;
}

export interface StreamFaultState {
  readonly silent: readonly StreamName[];
  readonly held: readonly StreamName[];
  readonly spoiled_messages_left: number;
  readonly spoiled_frames_left: number;
  readonly clock_shift_s: Readonly<Record<string, number>>;
  readonly server_shift_s: number;
}

export class StreamFaults {
  readonly #silent = new Set<StreamName>();
  readonly #held = new Map<StreamName, Uint8Array[]>();
  readonly #spoiling = new Map<StreamName, Spoiling>();
  readonly #shifts_us = new Map<StreamName, number>();
  readonly #frames = new FrameFaults();
  /** How far REST's server time is from the market's (µs). */
  server_shift_us = 0;

  /** The stream sends nothing until `resume`; what it would have sent is lost. */
  pause(stream: StreamName): void {
    this.#silent.add(stream);
  }

  resume(stream: StreamName): void {
    this.#silent.delete(stream);
  }

  /** The stream's frames wait until `release`, which sends them all, late. */
  hold(stream: StreamName): void {
    if (!this.#held.has(stream)) this.#held.set(stream, []);
  }

  /** What was held back, oldest first. */
  release(stream: StreamName): readonly Uint8Array[] {
    const frames = this.#held.get(stream) ?? [];
    this.#held.delete(stream);
    return frames;
  }

  /** The next `count` depth diffs are not sent, so that a client that keeps a book sees a gap. */
  dropDiffs(count: number): void {
    this.spoilFrames("depth", "drop", count);
  }

  /** The next `count` frames of the stream that are sent meet the fault on their way. */
  spoilFrames(stream: StreamName, fault: FrameFault, count: number): void {
    this.#frames.ask(stream, fault, count);
  }

  /** The next `count` messages of the stream that are sent are spoiled. */
  spoil(stream: StreamName, spoil: Spoil, count = 1): void {
    this.#spoiling.set(stream, { spoil, left: count });
  }

  /** The streams' times are this far from the market's from now on (µs); 0: true again. */
  shiftTimes(
    by_us: number,
    streams: readonly StreamName[] = ["trade", "bestBidAsk", "depth", "depth20"],
  ): void {
    for (const stream of streams) this.#shifts_us.set(stream, by_us);
  }

  /** The message as it is sent; itself where nothing is wrong with it. */
  spoiled(stream: StreamName, message: SbeMessage): SbeMessage {
    const shift_us = this.#shifts_us.get(stream) ?? 0;
    const shifted = shift_us === 0 ? message : moved(message, shift_us);
    const spoiling = this.#spoiling.get(stream);
    if (!spoiling || spoiling.left === 0) return shifted;
    spoiling.left--;
    return spoiling.spoil(shifted);
  }

  /** What is sent now in place of the frame, in order. Called for frames that somebody is subscribed to. */
  sent(stream: StreamName, frame: Uint8Array): readonly Uint8Array[] {
    if (this.#silent.has(stream)) return [];
    const frames = this.#frames.apply(stream, frame);
    const held = this.#held.get(stream);
    if (held === undefined || held.length >= LIMITS.exchange_held_frames_max) return frames;
    held.push(...frames);
    return [];
  }

  /** No fault is left. What is held is given up: release it before. */
  clear(): void {
    for (const faults of [this.#silent, this.#held, this.#spoiling, this.#shifts_us]) faults.clear();
    this.#frames.forget();
    this.server_shift_us = 0;
  }

  /** What is wrong now, for people. */
  get state(): StreamFaultState {
    return {
      silent: [...this.#silent],
      held: [...this.#held.keys()],
      spoiled_messages_left: [...this.#spoiling.values()].reduce((sum, { left }) => sum + left, 0),
      spoiled_frames_left: this.#frames.left,
      clock_shift_s: Object.fromEntries(
        [...this.#shifts_us].map(([stream, by_us]) => [stream, by_us / US_PER_SEC]),
      ),
      server_shift_s: this.server_shift_us / US_PER_SEC,
    };
  }
}
