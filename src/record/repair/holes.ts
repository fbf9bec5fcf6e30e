/** Holes of stored history, and the spans around them. */

import { US_PER_SEC } from "../../base/units.ts";
import type { MissingIds } from "../backfill/known_history.ts";
import type { Span } from "../bars/bars.ts";

/** A span of time, and the ids that are missing in it. Without any, only a break is to be marked. */
export interface Hole {
  readonly span: Span;
  readonly missing: readonly MissingIds[];
}

/** Ids that are missing in all of them. */
export function idsOf(holes: readonly Hole[]): number {
  let ids = 0;
  for (const { missing } of holes) for (const { from, to } of missing) ids += to - from + 1;
  return ids;
}

/** The span that holds both. */
export function around(a: Span | undefined, b: Span): Span {
  if (!a) return b;
  return { from_us: Math.min(a.from_us, b.from_us), to_us: Math.max(a.to_us, b.to_us) };
}

/** The start of the second `time_us` is in (µs). */
export function secondFloor(time_us: number): number {
  return Math.floor(time_us / US_PER_SEC) * US_PER_SEC;
}
