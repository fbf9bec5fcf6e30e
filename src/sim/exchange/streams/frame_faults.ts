/**
 * What can happen to a frame on its way: it is lost, comes twice, changes places with the next one, breaks off, or
 * arrives with a byte changed. Each fault concerns the next frames of one stream; one at a time, in the order asked for.
 */

import { type Rng, seededRng } from "../../../base/rng.ts";
import type { StreamName } from "../../../binance/events.ts";

export const FRAME_FAULTS = ["drop", "duplicate", "reorder", "truncate", "mutate"] as const;
export type FrameFault = (typeof FRAME_FAULTS)[number];

interface Asked {
  readonly fault: FrameFault;
  left: number;
}

export class FrameFaults {
  readonly #asked = new Map<StreamName, Asked[]>();
  /** Frames that wait for the one after them. */
  readonly #displaced = new Map<StreamName, Uint8Array>();
  readonly #rng: Rng;

  constructor(seed = 1) {
    this.#rng = seededRng(seed);
  }

  /** The next `count` frames of the stream that are sent meet it; of "reorder", the next `count` pairs. */
  ask(stream: StreamName, fault: FrameFault, count: number): void {
    const asked = this.#asked.get(stream) ?? [];
    asked.push({ fault, left: count });
    this.#asked.set(stream, asked);
  }

  /** How many faults of frames are still to come. */
  get left(): number {
    return [...this.#asked.values()].flat().reduce((sum, { left }) => sum + left, 0);
  }

  forget(): void {
    this.#asked.clear();
    this.#displaced.clear();
  }

  /** What is sent instead of the frame, in order. */
  apply(stream: StreamName, frame: Uint8Array): readonly Uint8Array[] {
    const displaced = this.#displaced.get(stream);
    if (displaced) {
      this.#displaced.delete(stream);
      return [frame, displaced];
    }
    const fault = this.#next(stream);
    switch (fault) {
      case undefined:
        return [frame];
      case "drop":
        return [];
      case "duplicate":
        return [frame, frame];
      case "reorder":
        this.#displaced.set(stream, frame);
        return [];
      case "truncate":
        return [frame.slice(0, this.#rng.below(frame.length))];
      case "mutate":
        return [this.#mutated(frame)];
    }
  }

  #next(stream: StreamName): FrameFault | undefined {
    const asked = this.#asked.get(stream);
    const first = asked?.[0];
    if (!first) return undefined;
    first.left -= 1;
    if (first.left === 0) asked.shift();
    return first.fault;
  }

  #mutated(frame: Uint8Array): Uint8Array {
    const copy = frame.slice();
    const at = this.#rng.below(copy.length);
    copy[at] = copy[at]! ^ (1 + this.#rng.below(255));
    return copy;
  }
}
