/** A while after the last fault everything is well again. */

import { US_PER_SEC } from "../../../src/base/units.ts";
import { SYMBOL, type World } from "../world.ts";

const PARTS = ["database", "feed", `book ${SYMBOL}`, `data ${SYMBOL}`, `forecast ${SYMBOL}`];

export function checkWell(world: World): void {
  const { running } = world;
  if (!running?.pipeline) {
    world.problem("well: the service is not running at the end");
    return;
  }
  const { pipeline } = running;
  const newest = world.shown.at(-1);
  const age_s = newest ? (world.clock.now() - newest.at_us) / US_PER_SEC : Number.POSITIVE_INFINITY;
  const latest = pipeline.ports.latest(SYMBOL);
  // What cannot be filled leaves columns unknown, for as long as they look back.
  const unknown = "reason" in latest && latest.reason.includes("not known as of") && hasOpenBreak(world);
  if (age_s > 3 && !unknown)
    world.problem(`well: the newest forecast is ${age_s.toFixed(1)} s old at the end`);
  const { dependencies, liveness } = pipeline.ports.health();
  if (!liveness.live) world.problem(`well: not live at the end: ${liveness.reason}`);
  for (const { name, state, reason } of dependencies) {
    if (!PARTS.includes(name) || state === "ok") continue;
    // A break that cannot be filled leaves its look-back cold for minutes.
    if (name.startsWith("forecast") && unknown) continue;
    if (state === "degraded" && reason?.startsWith("not warm") && hasOpenBreak(world)) continue;
    // Shown for a while after they were.
    if (name === "feed" && reason?.startsWith("frames are dropped")) continue;
    // Shown for an hour.
    if (name === "database" && reason?.includes("rows were lost")) continue;
    world.problem(`well: ${name} is ${state} at the end: ${reason}`);
  }
  const { queue_rows, journal_bytes } = pipeline.writer.stats;
  if (queue_rows > 100) world.problem(`well: ${queue_rows} rows wait at the end`);
  if (journal_bytes > 0) world.problem(`well: ${journal_bytes} bytes are in the journal at the end`);
}

const hasOpenBreak = (world: World): boolean =>
  world.store.tables.rows("disconnects").some(({ filled_at }) => filled_at === null);
