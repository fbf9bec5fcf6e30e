/**
 * Which trades are known, and so when a vector is warm (docs/features-warmth.md): all of them from one second on, but
 * for the stretches that a break left out.
 */

import { startOf } from "../../base/units.ts";
import { lookBackStart } from "../algebra/look_back.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import { UnknownStretches } from "./breaks.ts";

export class KnownData {
  readonly breaks = new UnknownStretches();
  #from_sec: number | undefined;
  /** The same as text, once a vector has been cold for it. */
  #from_text = "";

  /** Trades are complete from the start of this second on; the first call counts. */
  beginsAt(sec: number): void {
    this.#from_sec ??= sec;
  }

  /** Why the look-backs are not all inside known data; undefined where they are. */
  coldReason(set: FeatureSet, t_sec: number): string | undefined {
    const start = lookBackStart(set.look_back, t_sec);
    const from = this.#from_sec!;
    if (from > start) {
      if (this.#from_text === "") this.#from_text = new Date(from * 1_000).toISOString();
      return `warming up: trades are known from ${this.#from_text} on, ${from - start} s after the look-back begins`;
    }
    return this.breaks.reasonWithin(startOf(start), startOf(t_sec));
  }
}
