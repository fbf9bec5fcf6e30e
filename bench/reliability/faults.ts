/** The faults, each with what it is injected by and the bounds it must stay within. Order of the table. */

import { course, drained, type Fault, restarted } from "./course.ts";
import { POISON_FAULTS } from "./poison.ts";
import { EXCHANGE_FAULTS, SCENARIOS, SERVICE_FAULTS } from "./scenarios.ts";

/** Busy streams are known to be silent within this (ms). */
const SEEN = 2_000;
/** After this the usual pauses of the streams are known (ms). */
const LEARNT = 20_000;
/** The feed is back within this of the fault's end (ms). */
const FEED = 3_000;
/** The process is back within this (ms). */
const PROCESS = 10_000;

const FEED_FAULTS: readonly Fault[] = [
  {
    name: "connection cut",
    injected: "the exchange resets every socket",
    ...{ detected_ms: SEEN, recovered_ms: FEED },
    run: (world) => course(world, { begin: () => world.exchange.cutConnections() }),
  },
  {
    name: "exchange shuts down a server",
    injected: "serverShutdown on every connection",
    ...{ detected_ms: null, recovered_ms: FEED },
    run: (world) => course(world, { begin: () => world.exchange.announceShutdown(), lasts_ms: 4_000 }),
  },
  {
    name: "quotes silent, 10 s",
    injected: "the bestBidAsk stream sends nothing",
    ...{ detected_ms: SEEN + 500, recovered_ms: FEED },
    run: (world) =>
      course(world, {
        begin: () => world.exchange.faults.pause("bestBidAsk"),
        end: () => world.exchange.faults.resume("bestBidAsk"),
        lasts_ms: 10_000,
        silent: true,
        after_ms: LEARNT,
      }),
  },
  {
    name: "trades silent, 20 s",
    injected: "the trade stream sends nothing; REST goes on",
    ...{ detected_ms: 5_000, recovered_ms: FEED },
    run: (world) =>
      course(world, {
        begin: () => world.exchange.faults.pause("trade"),
        end: () => world.exchange.faults.resume("trade"),
        lasts_ms: 20_000,
        after_ms: LEARNT,
      }),
  },
  {
    name: "half-open connection, 15 s",
    injected: "sockets stay open and carry nothing",
    ...{ detected_ms: SEEN + 500, recovered_ms: FEED },
    run: (world) => {
      const { faults } = world.exchange;
      const streams = ["trade", "bestBidAsk", "depth"] as const;
      return course(world, {
        begin: () => streams.forEach((stream) => void faults.pause(stream)),
        end: () => streams.forEach((stream) => void faults.resume(stream)),
        lasts_ms: 15_000,
        silent: true,
        after_ms: LEARNT,
      });
    },
  },
  {
    name: "a lost depth diff",
    injected: "one diff reaches no client",
    ...{ detected_ms: SEEN, recovered_ms: FEED },
    run: (world) => course(world, { begin: () => world.exchange.faults.dropDiffs(1), lasts_ms: 2_000 }),
  },
];

const STORE_FAULTS: readonly Fault[] = [
  {
    name: "database refuses, 30 s",
    injected: "its connections are cut and new ones refused",
    ...{ detected_ms: SEEN, recovered_ms: FEED },
    run: (world) =>
      course(world, { begin: () => world.wire.cut(), end: () => world.wire.mend(), lasts_ms: 30_000 }),
  },
  {
    name: "database hung, 30 s, and the feed reconnects",
    injected: "its connections stay open and carry nothing; every stream socket is reset after 5 s",
    ...{ detected_ms: SEEN + 500, recovered_ms: FEED },
    run: (world) =>
      course(world, {
        begin: async () => {
          world.wire.silence();
          await Bun.sleep(5_000);
          world.exchange.cutConnections();
        },
        end: async () => {
          await world.wire.cut();
          await world.wire.mend();
        },
        lasts_ms: 25_000,
      }),
  },
];

const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: "kill -9",
    injected: "SIGKILL, then a start",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: (world) => restarted(world, () => world.signal("SIGKILL")),
  },
  {
    name: "kill -9 while the database is away",
    injected: "connections refused for 20 s, SIGKILL, the database back, a start",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: (world) =>
      restarted(world, async () => {
        await world.wire.cut();
        await Bun.sleep(20_000);
        world.signal("SIGKILL");
        await world.wire.mend();
      }),
  },
  {
    name: "start while the database is away",
    injected: "SIGTERM, connections refused, a start, the database back after 10 s",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: async (world) => {
      await world.forecast();
      world.signal("SIGTERM");
      await world.ended();
      await world.wire.cut();
      const begun_ms = performance.now();
      await world.start();
      await world.forecast();
      const recovered_ms = performance.now() - begun_ms;
      const sees = world.watcher.newest?.complaints[0] ?? "nothing";
      await Bun.sleep(10_000);
      await world.wire.mend();
      await world.until("no complaint", () => world.watcher.newest?.complaints.length === 0);
      return { detected_ms: null, recovered_ms, silences: [], sees };
    },
  },
  {
    name: "stopped for 15 s",
    injected: "SIGSTOP, SIGCONT",
    ...{ detected_ms: null, recovered_ms: PROCESS },
    run: (world) =>
      course(world, {
        begin: () => world.signal("SIGSTOP"),
        end: () => world.signal("SIGCONT"),
        lasts_ms: 15_000,
      }),
  },
  {
    name: "drain, all well",
    injected: "SIGTERM",
    ...{ detected_ms: null, recovered_ms: 5_000 },
    run: (world) => drained(world),
  },
  {
    name: "drain, database hung",
    injected: "the database carries nothing from 5 s before, SIGTERM",
    ...{ detected_ms: null, recovered_ms: 10_000 },
    run: async (world) => {
      await world.forecast();
      world.wire.silence();
      await Bun.sleep(5_000);
      return drained(world);
    },
  },
];

export const FAULTS: readonly Fault[] = [
  ...FEED_FAULTS,
  ...POISON_FAULTS,
  ...EXCHANGE_FAULTS,
  ...STORE_FAULTS,
  ...PROCESS_FAULTS,
  ...SERVICE_FAULTS,
  ...SCENARIOS,
];
