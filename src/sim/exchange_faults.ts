/**
 * What can be made to go wrong between the paper exchange's market and its streams, on purpose: a stream
 * falls silent, frames come late, a depth diff is lost. REST is not touched: it keeps telling the truth, as
 * the real one would.
 */

import { LIMITS } from "../base/limits.ts";
import type { StreamName } from "../binance/events.ts";

export class StreamFaults {
  readonly #silent = new Set<StreamName>();
  readonly #held = new Map<StreamName, Uint8Array[]>();
  #diffs_to_drop = 0;

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

  /** The next `count` depth diffs reach nobody, so that whoever keeps a book sees a gap. */
  dropDiffs(count: number): void {
    this.#diffs_to_drop += count;
  }

  /** true where the frame is to be sent now. Called for frames that somebody is subscribed to. */
  pass(stream: StreamName, frame: Uint8Array): boolean {
    if (this.#silent.has(stream)) return false;
    if (stream === "depth" && this.#diffs_to_drop > 0) {
      this.#diffs_to_drop--;
      return false;
    }
    const held = this.#held.get(stream);
    if (held === undefined || held.length >= LIMITS.exchange_held_frames_max) return true;
    held.push(frame);
    return false;
  }
}
