/** Ranges of ids REST does not reach: asked for again after an hour, and not at all where they are too long. */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { MissingIds } from "../backfill/known_history.ts";

export class RestReach {
  /** By the first id of a range: when it is asked for again (monotonic µs). */
  readonly #again_at_us = new Map<number, number>();

  askLater({ from }: MissingIds, clock: Clock): void {
    this.#again_at_us.set(from, clock.monotonicUs() + LIMITS.repair_walk_every_s * US_PER_SEC);
  }

  mayAsk({ from, to }: MissingIds, clock: Clock): boolean {
    if (to - from >= LIMITS.repair_ids_max) return false;
    return clock.monotonicUs() >= (this.#again_at_us.get(from) ?? 0);
  }
}
