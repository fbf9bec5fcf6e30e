/** What must hold at every moment of a run, looked at once a second. */

import { LIMITS } from "../../../src/base/limits.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import type { Fault, FaultKind } from "../faults.ts";
import { SYMBOL, type World } from "../world.ts";

/** Timers that a service at work may have. */
const TIMERS_MAX = 80;
/** Ticks that may wait for their model: each for as long as its deadline. */
const TICKS_MAX = 3;
/** A forecast this old is not given as what is now (s). */
const CURRENT_S = 8;

/** What a fault that lasts must be shown as, and by when (s); nothing where the service cannot know of it. */
const SHOWN_AS: Partial<Record<FaultKind, { readonly part: string; readonly after_s: number }>> = {
  // The longest pause that may be learnt, and a look at it.
  stall_all: { part: `data ${SYMBOL}`, after_s: 12 },
  network_down: { part: "feed", after_s: 7 },
  store_hung: { part: "database", after_s: 14 },
  store_refusing: { part: "database", after_s: 4 },
  model_dead: { part: `forecast ${SYMBOL}`, after_s: 8 },
  model_silent: { part: `forecast ${SYMBOL}`, after_s: 8 },
  model_nan: { part: `forecast ${SYMBOL}`, after_s: 8 },
  model_slow: { part: `forecast ${SYMBOL}`, after_s: 8 },
};

export function checkNow(world: World, schedule: readonly Fault[]): void {
  const { running } = world;
  if (!running?.pipeline) return;
  checkBounds(world);
  checkBook(world);
  checkCurrent(world);
  checkHealth(world, schedule);
}

function checkBounds(world: World): void {
  const { process, pipeline } = world.running!;
  const { stats } = pipeline!.writer;
  const { queue_rows, journal_bytes } = stats;
  if (queue_rows > LIMITS.write_queue_rows_max) world.problem(`bounds: ${queue_rows} rows wait`);
  if (journal_bytes > LIMITS.journal_bytes_max)
    world.problem(`bounds: ${journal_bytes} bytes in the journal`);
  if (process.clock.live > TIMERS_MAX) world.problem(`bounds: ${process.clock.live} timers wait`);
  if (world.network.open > 4) world.problem(`bounds: ${world.network.open} sockets are open`);
  for (const { predictor } of pipeline!.workers.values()) {
    if (predictor.waiting > TICKS_MAX) world.problem(`bounds: ${predictor.waiting} ticks wait`);
  }
}

function checkBook(world: World): void {
  for (const { book } of world.running!.pipeline!.workers.values()) {
    const { state, book: levels } = book.sequencer;
    const best = state.name === "synced" ? levels.best() : undefined;
    if (best && best.bid_price_e8 >= best.ask_price_e8) {
      world.problem(`book: crossed, bid ${best.bid_price_e8} and ask ${best.ask_price_e8}`);
    }
  }
}

function checkCurrent(world: World): void {
  const latest = world.running!.pipeline!.ports.latest(SYMBOL);
  if ("reason" in latest) {
    if (latest.reason === "") world.problem("latest: no forecast, and no reason");
    return;
  }
  const newest = world.shown.at(-1);
  const age_s = newest ? (world.clock.now() - newest.at_us) / US_PER_SEC : 0;
  if (age_s > CURRENT_S) world.problem(`latest: a forecast ${age_s.toFixed(1)} s old is given as current`);
}

function checkHealth(world: World, schedule: readonly Fault[]): void {
  const { dependencies } = world.running!.pipeline!.ports.health();
  world.note(dependencies.map(({ name, state }) => `${name} ${state}`).join(", "));
  const since_s = world.running!.since_s;
  for (const { kind, at_s, for_s } of schedule) {
    const expected = SHOWN_AS[kind];
    if (!expected) continue;
    const begun_s = Math.max(at_s, since_s);
    if (world.at_s < begun_s + expected.after_s || world.at_s >= at_s + for_s) continue;
    if (overtaken(schedule, kind, at_s, world.at_s)) continue;
    const part = dependencies.find(({ name }) => name === expected.part);
    if (part?.state === "ok") world.problem(`health: ${expected.part} is ok ${kind} notwithstanding`);
  }
}

/** Of the faults of one part the last one counts; one that ends ends it for all. */
function overtaken(schedule: readonly Fault[], kind: FaultKind, from_s: number, now_s: number): boolean {
  const part = kind.split("_")[0];
  return schedule.some(
    (other) =>
      other.kind.startsWith(`${part}`) &&
      !(other.kind === kind && other.at_s === from_s) &&
      other.at_s <= now_s &&
      other.at_s + other.for_s >= from_s,
  );
}
