/**
 * What can go wrong in a simulated run, each kind with its parameters drawn from the seed. A schedule of them is plain
 * data: it can be printed, cut down and played again.
 */

import type { Rng } from "../../src/base/rng.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import type { StreamName } from "../../src/binance/events.ts";
import { applyCommand, type Command } from "../../src/sim/exchange/control/commands.ts";
import type { FRAME_FAULTS } from "../../src/sim/exchange/streams/frame_faults.ts";
import type { World } from "./world.ts";

export interface Fault {
  readonly kind: FaultKind;
  readonly at_s: number;
  /** How long it lasts; 0: a moment. */
  readonly for_s: number;
  readonly stream?: StreamName;
  readonly count?: number;
  readonly by?: number;
}

/** Begins it; what is returned ends it. */
type Begin = (world: World, fault: Fault) => (() => void) | undefined;

interface Kind {
  readonly begin: Begin;
  /** Longest duration (s); left out: a moment. */
  readonly lasts_s?: number;
  readonly stream?: true;
  readonly count?: number;
  readonly by?: readonly number[];
}

const STREAMS = ["trade", "bestBidAsk", "depth"] as const;

const command = (of: (fault: Fault) => object): Begin => {
  return ({ exchange }, fault) => {
    applyCommand(exchange, of(fault) as Command);
    return undefined;
  };
};

/** Sets what is wrong with a part of the world; ended, it is well again unless something else is wrong by then. */
function state<Name extends string>(part: (world: World) => { fault: Name | undefined }, name: Name): Begin {
  return (world) => {
    part(world).fault = name;
    return () => {
      if (part(world).fault === name) part(world).fault = undefined;
    };
  };
}

function stall(streams: (fault: Fault) => readonly StreamName[]): Begin {
  return ({ exchange }, fault) => {
    for (const stream of streams(fault)) exchange.faults.pause(stream);
    return () => {
      for (const stream of streams(fault)) exchange.faults.resume(stream);
    };
  };
}

const rest = (kind: "error" | "hang" | "stale" | "huge"): Begin => {
  return ({ exchange }) => {
    exchange.rest_faults.begin(kind, { bytes: 1 });
    return () => {
      if (exchange.rest_faults.fault === kind) exchange.rest_faults.end();
    };
  };
};

/** The process is gone, and another one is started when the fault ends. */
function gone(end: (world: World) => void): Begin {
  return (world) => {
    end(world);
    return () => world.startAgain();
  };
}

const frame = (fault: (typeof FRAME_FAULTS)[number]): Kind => ({
  stream: true,
  count: 6,
  begin: command(({ stream, count }) => ({ fault, stream, count })),
});

export const KINDS = {
  drop: frame("drop"),
  duplicate: frame("duplicate"),
  reorder: frame("reorder"),
  truncate: frame("truncate"),
  mutate: frame("mutate"),
  stall: { stream: true, lasts_s: 20, begin: stall(({ stream }) => [stream!]) },
  stall_all: { lasts_s: 15, begin: stall(() => STREAMS) },
  hold: {
    ...{ stream: true, lasts_s: 6 },
    begin: ({ exchange }, { stream }) => {
      exchange.faults.hold(stream!);
      return () => exchange.release(stream!);
    },
  },
  half_open: { begin: command(() => ({ fault: "half_open" })) },
  cut: { begin: command(() => ({ fault: "cut" })) },
  shutdown: { begin: command(() => ({ fault: "shutdown" })) },
  bogus_time: {
    ...{ stream: true, count: 3, by: [-3_600, -5, 2, 30, 3_000, 31_536_000] },
    begin: command(({ stream, count, by }) => ({ fault: "bogus_time", stream, by_s: by, count })),
  },
  bogus_ids: {
    ...{ stream: true, count: 2, by: [-1_000, 5, 1_000, 10_000_000, 9_000_000_000_000] },
    begin: command(({ stream, count, by }) => ({ fault: "ids", stream, by, count })),
  },
  renumber: { begin: command(() => ({ fault: "renumber" })) },
  exchange_clock: {
    ...{ lasts_s: 12, by: [-30, -2, 3, 30] },
    begin: (world, { by }) => {
      const shift = (by_s: number): void =>
        applyCommand(world.exchange, { fault: "clock", by_s, streams: [...STREAMS], server: true });
      shift(by!);
      return () => shift(0);
    },
  },
  wall_clock: {
    ...{ lasts_s: 15, by: [-300, -1, 2, 299] },
    begin: (world, { by }) => {
      world.setClock(by! * US_PER_SEC);
      return () => world.setClock(0);
    },
  },
  rest_error: { lasts_s: 12, begin: rest("error") },
  rest_hang: { lasts_s: 12, begin: rest("hang") },
  rest_stale: { lasts_s: 12, begin: rest("stale") },
  rest_huge: { lasts_s: 8, begin: rest("huge") },
  network_down: {
    lasts_s: 12,
    begin: ({ network }) => {
      network.goDown();
      return () => network.comeUp();
    },
  },
  store_slow: { lasts_s: 15, begin: state((world) => world.store, "slow") },
  store_hung: { lasts_s: 20, begin: state((world) => world.store, "hung") },
  store_refusing: { lasts_s: 20, begin: state((world) => world.store, "refusing") },
  store_restarted: {
    begin: ({ store }) => {
      store.restart();
      return undefined;
    },
  },
  disk_full: { lasts_s: 15, begin: state((world) => world.disk, "full") },
  disk_torn: { lasts_s: 6, begin: state((world) => world.disk, "torn") },
  disk_hung: { lasts_s: 12, begin: state((world) => world.disk, "hung") },
  disk_slow: { lasts_s: 15, begin: state((world) => world.disk, "slow") },
  disk_lost_sync: { lasts_s: 15, begin: state((world) => world.disk, "lost_sync") },
  model_dead: { lasts_s: 15, begin: state((world) => world.model, "dead") },
  model_silent: { lasts_s: 15, begin: state((world) => world.model, "silent") },
  model_slow: { lasts_s: 12, begin: state((world) => world.model, "slow") },
  model_nan: { lasts_s: 12, begin: state((world) => world.model, "nan") },
  model_swapped: {
    begin: ({ running }) => {
      running?.models.swap();
      return undefined;
    },
  },
  killed: { lasts_s: 12, begin: gone((world) => world.kill()) },
  power_cut: { lasts_s: 12, begin: gone((world) => world.powerCut()) },
  stopped: { lasts_s: 14, begin: gone((world) => world.stop()) },
} satisfies Record<string, Kind>;

export type FaultKind = keyof typeof KINDS;

const NAMES = Object.keys(KINDS) as FaultKind[];
/** Faults begin from then on: the service is warm by then (s). */
const FROM_S = 8;
const WITHIN_S = 18;
const FAULTS_MAX = 4;
const BESIDE = 0.6;

export function drawSchedule(rng: Rng): Fault[] {
  const count = 1 + rng.below(FAULTS_MAX);
  const schedule: Fault[] = [];
  while (schedule.length < count) schedule.push(drawFault(rng, schedule.at(-1)));
  return schedule.sort((a, b) => a.at_s - b.at_s);
}

/** What breaks a service is the second fault while it deals with the first: more often than not it comes then. */
function drawFault(rng: Rng, before: Fault | undefined): Fault {
  const beside = rng.uniform() < BESIDE ? before : undefined;
  const kind = NAMES[rng.below(NAMES.length)]!;
  const { lasts_s = 0, stream, count, by }: Kind = KINDS[kind];
  const [from_s, within_s] = beside ? [beside.at_s, Math.max(beside.for_s, 2)] : [FROM_S, WITHIN_S];
  const at_s = rounded(from_s + rng.uniform() * within_s);
  const for_s = lasts_s === 0 ? 0 : rounded(0.3 + rng.uniform() ** 1.5 * lasts_s);
  return {
    ...{ kind, at_s, for_s },
    ...(stream ? { stream: STREAMS[rng.below(STREAMS.length)]! } : {}),
    ...(count ? { count: 1 + rng.below(count) } : {}),
    ...(by ? { by: by[rng.below(by.length)]! } : {}),
  };
}

const rounded = (seconds: number): number => Math.round(seconds * 1e4) / 1e4;

/** When the last of it is over (s). */
export const endOf = (schedule: readonly Fault[]): number =>
  Math.max(FROM_S, ...schedule.map(({ at_s, for_s }) => at_s + for_s));

/** Plays a schedule into a world: begins and ends are timers of its clock. */
export function arm(world: World, schedule: readonly Fault[]): void {
  for (const fault of schedule) {
    world.clock.after(fault.at_s * 1_000 - world.at_s * 1_000, () => {
      world.note(`fault ${JSON.stringify(fault)}`);
      const end = (KINDS[fault.kind].begin as Begin)(world, fault);
      if (end)
        world.clock.after(fault.for_s * 1_000, () => {
          world.note(`end of ${fault.kind}`);
          end();
        });
    });
  }
}
