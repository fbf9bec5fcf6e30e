/** The account once everything has had its time: outcomes are in, what was in the journal is stored. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { US_PER_MS } from "../../src/base/units.ts";
import { type Account, accountOf } from "./account.ts";
import type { Course } from "./course.ts";
import type { World } from "./world.ts";

/** A forecast is on disk or in the database within this of being shown (ms). */
const DURABLE_MS = 200;
/** A second and what it is compared by are settled after this (ms): horizon, parity's lag, the writer's flush. */
const SETTLE_MS = 14_000;

/** @param courses what has happened in the world, in order. */
export async function settled(
  world: World,
  url: string,
  courses: readonly Course[],
  settle_ms = SETTLE_MS,
): Promise<Account> {
  // A drained service is started again: what its journal holds must reach the database.
  if (world.exited) {
    await world.wire.cut();
    await world.wire.mend();
    await world.start();
    await world.forecast();
  }
  await Bun.sleep(settle_ms);
  // On a busy machine the database may take longer: what waits then is stored, not lost.
  await world.until("every row in the database", () => !rowsWait(world));
  // A forecast is durable within 200 ms of being shown: a kill may take one that is younger.
  const taken = (seen_us: number): boolean =>
    courses.some(
      ({ killed_us }) =>
        killed_us !== undefined && seen_us >= killed_us - DURABLE_MS * US_PER_MS && seen_us <= killed_us,
    );
  const shown = world.shown.filter(({ seen_us }) => !taken(seen_us));
  world.signal("SIGTERM");
  await world.ended();
  return accountOf(
    url,
    world,
    shown,
    courses.flatMap(({ silences }) => silences),
  );
}

/** Whether the service says its database takes no rows, or its journal holds some. */
function rowsWait({ watcher, data_dir }: World): boolean {
  const journal = join(data_dir, "journal");
  const segments = existsSync(journal)
    ? readdirSync(journal).filter((name) => /\d{12}\.ndjson$/.test(name))
    : [];
  return (
    segments.length > 0 ||
    !watcher.newest ||
    watcher.newest.complaints.some((one) => one.startsWith("database"))
  );
}
