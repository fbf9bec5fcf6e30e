/** The service needs only the feed: a database that is away, or does not answer, costs no forecast and no row. */

import { afterEach, expect, it } from "vitest";
import type { Dependency } from "../../../src/serve/ports.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { FlakyWire } from "../../record/write/flaky_wire.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A running service, with every instant whose prediction a client has seen. */
interface Watched {
  readonly running: Running;
  readonly seen: number[];
}

async function watched(database_url: string, wait_for_database: boolean): Promise<Watched> {
  const source = simulatedSource({ seed: 11, start_us: START_US, ...QUIET });
  const options = { source, speed: 1, history_s: 700, start_on: "first_subscriber" } as const;
  // A busy machine may hold up a tick: what is asked here is whether the database does.
  const overrides = { database_url, parity_every_s: 0, deadline_ms: 900 };
  const running = await startRunning(options, overrides, { wait_for_database });
  cleanups.push(() => running.close());
  const seen: number[] = [];
  running.pipeline.ports.subscribe((event) => {
    if (event.kind === "prediction") seen.push(event.prediction.ts_sec);
  });
  return { running, seen };
}

async function database({ running }: Watched): Promise<Dependency> {
  const answer = await fetch(`${running.pipeline.url}/health`);
  const { dependencies } = (await answer.json()) as { dependencies: Dependency[] };
  return dependencies.find(({ name }) => name === "database")!;
}

/** Every trade of the exchange since the first one stored, and every prediction a client saw, is in the database. */
async function expectNothingLost({ running, seen }: Watched): Promise<void> {
  const { pipeline, worker } = running;
  const shown = [...seen];
  const stored_all = (): Promise<boolean> =>
    pipeline.writer.flush().then(
      () => true,
      () => false,
    );
  await met("all rows in the database", stored_all);
  const { sql } = pipeline.database;
  const [trades] = await sql`
    select max(trade_id) - min(trade_id) + 1 - count(*) as missing, count(*) - count(distinct trade_id) as twice
    from trades`;
  expect(trades).toMatchObject({ missing: "0", twice: "0" });
  const stored = await sql<{ sec: string }[]>`select extract(epoch from ts)::bigint as sec from predictions`;
  const secs = new Set(stored.map(({ sec }) => Number(sec)));
  expect(shown.filter((sec) => !secs.has(sec))).toEqual([]);
  expect(pipeline.writer.stats.rows_lost).toBe(0);
  expect(worker.lane.ledger.missing()).toEqual([]);
}

onEveryServer("a service whose database does not answer", (server) => {
  for (const way of ["refuses connections", "takes connections and never answers"] as const) {
    it(`starts where it ${way}, says so, and has lost nothing once it is connected`, async () => {
      const wire = new FlakyWire(await server.migratedDatabase());
      await wire.mend();
      if (way === "refuses connections") await wire.cut();
      else wire.silence();
      cleanups.push(() => wire.cut());
      const one = await watched(wire.url, false);
      await met("predictions", () => one.seen.length > 3);
      expect(one.running.pipeline.store.database).toBeUndefined();
      expect(await database(one)).toMatchObject({ state: "degraded" });
      expect((await database(one)).reason).toContain("has not opened since the start");
      expect((await fetch(`${one.running.pipeline.url}/health/ready`)).status).toBe(200);
      const rows = await fetch(`${one.running.pipeline.url}/predictions`);
      expect(await rows.json()).toMatchObject({ served_from: "memory" });

      await wire.cut();
      await wire.mend();
      await met("the database", () => one.running.pipeline.store.database !== undefined);
      await met("a health without complaint", async () => (await database(one)).state === "ok");
      await met("more predictions", () => one.seen.length > 10);
      await expectNothingLost(one);
    });
  }

  it("goes on forecasting within seconds where the streams are cut while the database hangs", async () => {
    const wire = new FlakyWire(await server.migratedDatabase());
    await wire.mend();
    cleanups.push(() => wire.cut());
    const one = await watched(wire.url, true);
    await met("predictions", () => one.seen.length > 3);
    wire.silence();
    one.running.exchange.cutConnections();
    await met("the break", () => one.running.worker.lane.counters.disconnects > 0);
    const cut_at = one.seen.length;
    await met("predictions after it", () => one.seen.length > cut_at + 8);
    const gaps = one.seen.slice(cut_at).map((sec, index) => sec - one.seen[cut_at - 1 + index]!);
    // The reconnection and the wait for the look-back; not the half minutes a hung statement takes to be cut.
    expect(Math.max(...gaps)).toBeLessThan(15);
    await wire.cut();
    await wire.mend();
    await met("a health without complaint", async () => (await database(one)).state === "ok");
    await expectNothingLost(one);
  });
});
