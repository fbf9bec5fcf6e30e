/**
 * Faults that take more than one step: a second service, a full disk, an exchange whose clock or numbering changes, and
 * whole days as operators have them. The exchange's faults come over its control port.
 */

import { systemClock } from "../../src/base/clock.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import type { Silence } from "./account.ts";
import { type Course, course, type Fault, restarted } from "./course.ts";
import type { World } from "./world.ts";

/** The feed is back within this of the fault's end (ms). */
const FEED = 3_000;
/** The process is back, or another has taken over, within this (ms). */
const PROCESS = 10_000;
/** A lease's end, a look, and a start's warm-up (ms). */
const TAKEN_OVER = 10_000;
const SHIFT_S = 30;
/** The longest look-back of the sets, and a restart (ms). */
const LOOK_BACK_MS = 700_000;

const clockFault = (name: string, by_s: number): Fault => ({
  name,
  injected: `streams and server time ${by_s} s off for 20 s, then right again`,
  // The seconds left out must leave the look-back.
  ...{ detected_ms: 5_000, recovered_ms: LOOK_BACK_MS },
  run: (world) =>
    course(world, {
      begin: () => world.fault({ fault: "clock", by_s }),
      end: () => world.fault({ fault: "clock", by_s: 0 }),
      ...{
        lasts_ms: 20_000,
        times_wrong_us: (SHIFT_S + 3) * US_PER_SEC,
        watched_ms: 5_000,
        patience_ms: LOOK_BACK_MS,
      },
    }),
});

/** The second service stands by while the first one's end comes; it leads within `recovered_ms`. */
async function takenOver(world: World, signal: "SIGKILL" | "SIGSTOP"): Promise<Course> {
  await world.forecast();
  await world.startSecond();
  const begun_ms = performance.now();
  const killed_us = systemClock.now();
  world.signal(signal);
  await world.follow();
  const recovered_ms = performance.now() - begun_ms;
  await world.forecast();
  const code = signal === "SIGSTOP" ? await world.wakeFormer() : undefined;
  await world.well();
  const woken = code === undefined ? "" : `; the first wakes up, writes nothing and exits ${code}`;
  const sees = `/latest 503: standing by: the lease of BTCUSDT is held by another service${woken}`;
  return { detected_ms: null, recovered_ms, silences: [], killed_us, sees };
}

/** Stretches of market time in which a stream said nothing, noted while a scenario runs. */
class Silences {
  readonly noted: Silence[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async during(run: () => Promise<void>): Promise<void> {
    const from_us = this.#world.exchange.market_us;
    await run();
    const to_us = this.#world.exchange.market_us;
    this.noted.push({ from_us, to_us, known_after_us: 2 * US_PER_SEC });
  }
}

/** @param pace 1 at leisure; less leaves less time between the steps. */
export async function badDay(world: World, pace = 1): Promise<Course> {
  const wait = (seconds: number): Promise<void> => Bun.sleep(seconds * 1_000 * pace);
  const silences = new Silences(world);
  await world.forecast();
  await wait(10);
  await world.fault({ fault: "mutate", stream: "bestBidAsk", count: 20 });
  await world.fault({ fault: "truncate", stream: "trade", count: 3 });
  await wait(5);
  await world.fault({ fault: "duplicate", stream: "trade", count: 10 });
  await world.fault({ fault: "reorder", stream: "depth", count: 3 });
  await world.fault({ fault: "cut" });
  await world.forecast();
  await silences.during(async () => {
    await world.fault({ fault: "half_open" });
    await wait(8);
  });
  await world.fault({ fault: "well" });
  await world.forecast();
  await world.fault({ fault: "rest", kind: "hang" });
  await world.fault({ fault: "drop", stream: "trade", count: 5 });
  await wait(8);
  await world.fault({ fault: "rest", kind: "error" });
  await wait(4);
  await world.fault({ fault: "well" });
  await world.forecast();
  await world.wire.cut();
  await wait(10);
  const course = await restarted(world, async () => {
    world.signal("SIGKILL");
    await world.wire.mend();
  });
  await world.well();
  return { ...course, silences: silences.noted, sees: "each fault by its name in /health, then nothing" };
}

export async function deployDuringOutage(world: World, pace = 1): Promise<Course> {
  await world.forecast();
  await world.wire.cut();
  await Bun.sleep(10_000 * pace);
  world.signal("SIGTERM");
  const code = await world.ended();
  const begun_ms = performance.now();
  await world.start();
  await world.forecast();
  const recovered_ms = performance.now() - begun_ms;
  const sees = world.watcher.newest?.complaints[0] ?? "nothing";
  await Bun.sleep(5_000 * pace);
  await world.wire.mend();
  await world.well();
  return { detected_ms: null, recovered_ms, silences: [], sees: `exit ${code}; then ${sees}` };
}

/**
 * Cut at the moment of the new numbering: nobody can know what came between, and the exchange has none of its old
 * numbering, so that a vector is warm again when the look-back has passed.
 * @param awaited whether that is waited for.
 */
export async function renumbers(world: World, pace = 1, awaited = true): Promise<Course> {
  await world.forecast();
  const begun_ms = performance.now();
  await world.fault({ fault: "renumber" });
  await world.fault({ fault: "cut" });
  await Bun.sleep(10_000 * pace);
  const killed_us = systemClock.now();
  world.signal("SIGKILL");
  await world.ended();
  await world.start();
  await Bun.sleep(10_000 * pace);
  const sees = `${world.watcher.newest?.complaints.find((one) => one.startsWith("forecast"))}`;
  if (awaited) await world.forecast(LOOK_BACK_MS);
  return { detected_ms: null, recovered_ms: performance.now() - begun_ms, silences: [], killed_us, sees };
}

export const EXCHANGE_FAULTS: readonly Fault[] = [
  clockFault("exchange clock 30 s ahead, and back", SHIFT_S),
  clockFault("exchange clock 30 s behind, and back", -SHIFT_S),
  {
    name: "the exchange numbers anew",
    injected: "trade ids and update ids begin at 1, in streams and REST",
    ...{ detected_ms: null, recovered_ms: FEED },
    run: async (world) => {
      await world.forecast();
      const begun_ms = performance.now();
      await world.fault({ fault: "renumber" });
      await Bun.sleep(10_000);
      const views = world.watcher.views.filter(({ at_ms }) => at_ms > begun_ms);
      const cold = views.find(({ warm }) => !warm);
      const sees = cold?.complaints[0] ?? "nothing: forecasts go on";
      await world.forecast(LOOK_BACK_MS);
      const last = world.watcher.views.findLast(({ at_ms, warm }) => at_ms > begun_ms && !warm);
      const recovered_ms = last ? last.at_ms - begun_ms : 0;
      return { detected_ms: null, recovered_ms, silences: [], sees };
    },
  },
];

export const SERVICE_FAULTS: readonly Fault[] = [
  {
    name: "disk full, 25 s, while the database is away",
    injected: "a file system of 4 GiB for DATA_DIR, filled to the last block",
    ...{ detected_ms: 2_000, recovered_ms: FEED },
    own_disk: true,
    run: (world) =>
      course(world, {
        begin: async () => {
          world.disk!.fill();
          await world.wire.cut();
        },
        end: async () => {
          world.disk!.empty();
          await world.wire.mend();
        },
        lasts_ms: 25_000,
      }),
  },
  {
    name: "two services, the leader killed",
    injected: "a second one stands by; SIGKILL to the first",
    ...{ detected_ms: null, recovered_ms: TAKEN_OVER },
    run: (world) => takenOver(world, "SIGKILL"),
  },
  {
    name: "two services, the leader stopped and woken",
    injected: "a second one stands by; SIGSTOP to the first, SIGCONT once the second leads",
    ...{ detected_ms: null, recovered_ms: TAKEN_OVER },
    run: (world) => takenOver(world, "SIGSTOP"),
  },
];

export const SCENARIOS: readonly Fault[] = [
  {
    name: "a bad day",
    injected:
      "changed, broken, doubled and swapped frames, a cut, a half-open line, REST hanging and failing in a gap, the database away, SIGKILL, a start",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: (world) => badDay(world),
  },
  {
    name: "a deploy during an outage",
    injected: "connections to the database refused, SIGTERM, a start, the database back",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: (world) => deployDuringOutage(world),
  },
  {
    name: "an exchange that renumbers",
    injected: "a new numbering and a cut, SIGKILL 10 s later, a start",
    ...{ detected_ms: null, recovered_ms: LOOK_BACK_MS },
    run: (world) => renumbers(world),
  },
];
