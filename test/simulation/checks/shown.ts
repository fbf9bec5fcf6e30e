/** What clients were shown: in time, and never forgotten. */

import { LIMITS } from "../../../src/base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../../src/base/units.ts";
import type { Prediction } from "../../../src/predict/prediction.ts";
import { decodeLine } from "../../../src/record/write/journal/line.ts";
import type { Fault, FaultKind } from "../faults.ts";
import { keyOf, type StoredRow } from "../store/tables.ts";
import type { Shown, World } from "../world.ts";

/** Grace and deadline of a forecast, and what the exchange's time may be estimated wrong by (ms). */
const LATE_MS = 250 + 100 + 40;
/** From a forecast to its being on disk: two looks at what waits, and the disk's own time (ms). */
const DURABLE_MS = 2 * LIMITS.shown_ahead_after_ms + 60;

/** By these the exchange's time itself is not what it should be. */
const OF_TIME: readonly FaultKind[] = ["exchange_clock", "bogus_time", "mutate", "hold", "wall_clock"];

export const hasAny = (schedule: readonly Fault[], kinds: readonly FaultKind[]): boolean =>
  schedule.some(({ kind }) => kinds.includes(kind));

/** No forecast is of the future, or comes after its deadline. */
export function checkInTime(world: World, schedule: readonly Fault[]): void {
  if (hasAny(schedule, OF_TIME)) return;
  for (const { prediction, at_us } of world.shown) {
    const over_ms = (at_us - prediction.ts_sec * US_PER_SEC) / US_PER_MS;
    if (over_ms > LATE_MS)
      world.problem(`deadline: the forecast as of ${prediction.ts_sec} came after ${over_ms} ms`);
    if (over_ms < 0)
      world.problem(`deadline: the forecast as of ${prediction.ts_sec} came ${-over_ms} ms before it`);
  }
}

const rowOf = (p: Prediction): StoredRow => ({
  ...{ venue: p.venue, symbol: p.symbol, ts: p.ts_sec * US_PER_SEC },
  ...{ model_version: p.model_version, horizon_s: p.horizon_s },
});

/** Keys of the predictions in the journal, as a process that starts now would read them. */
function journalled(world: World): Set<string> {
  const keys = new Set<string>();
  for (const [path, content] of world.disk.contents) {
    if (!path.includes("/predictions.")) continue;
    for (const line of content.toString().split("\n")) {
      const batch = decodeLine(line);
      for (let row = 0; row < (batch?.rows ?? 0); row++) keys.add(keyOf("predictions", batch!.record(row)));
    }
  }
  return keys;
}

/**
 * What was shown is stored, or in the journal where a start finds it: checked where the process has just died, by
 * whatever it was. Those that a disk in trouble could not take are no longer asked for.
 */
export function checkKept(world: World, schedule: readonly Fault[], excused: Set<Shown>): void {
  const on_disk = journalled(world);
  const now_us = world.clock.now();
  for (const one of world.shown) {
    if (excused.has(one)) continue;
    const row = rowOf(one.prediction);
    if (world.store.tables.has("predictions", row) || on_disk.has(keyOf("predictions", row))) continue;
    const age_ms = (now_us - one.at_us) / US_PER_MS;
    if (age_ms > DURABLE_MS && !diskInTrouble(schedule, world, one)) {
      const told = `${age_ms.toFixed(0)} ms after it was shown`;
      world.problem(`kept: the forecast as of ${one.prediction.ts_sec} is nowhere ${told}`);
    }
    excused.add(one);
  }
}

function diskInTrouble(schedule: readonly Fault[], world: World, { at_us }: Shown): boolean {
  const age_s = (world.clock.now() - at_us) / US_PER_SEC;
  const shown_s = world.at_s - age_s;
  // A fault is noticed, and waited out, for a while.
  return schedule.some(
    ({ kind, at_s, for_s }) => kind.startsWith("disk_") && at_s < world.at_s && at_s + for_s + 12 > shown_s,
  );
}

/** At the end everything that was shown, and could be kept, is in the store. */
export function checkStored(world: World, excused: ReadonlySet<Shown>): void {
  for (const one of world.shown) {
    if (excused.has(one) || world.store.tables.has("predictions", rowOf(one.prediction))) continue;
    if (world.clock.now() - one.at_us < US_PER_SEC) continue;
    world.problem(`kept: the forecast as of ${one.prediction.ts_sec} is not stored at the end`);
  }
}
