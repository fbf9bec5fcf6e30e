/** Readers that go away: nothing of theirs runs on in the database. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { abandonable, isStrayCancel } from "../../../src/record/sql/abandonable.ts";
import { asked } from "../../../src/record/sql/asked.ts";
import { type RunningServer, startServer } from "../../../src/serve/server.ts";
import { AbandonableReads } from "../../../src/system/callers/abandonable_reads.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { FakeMarket } from "../../serve/fake_market.ts";
import { onEveryServer } from "../server/servers.ts";

onEveryServer("abandoned queries", (server) => {
  let database: Database;
  let watcher: ReturnType<typeof connectTo>;
  let running: RunningServer | undefined;
  const market = new FakeMarket();

  beforeAll(async () => {
    database = await server.openDatabase();
    watcher = connectTo(database.url, { application_name: "watcher" });
  });
  afterAll(async () => {
    await running?.close();
    await watcher?.end();
  });

  const sleeping = async (): Promise<number> => {
    const [row] = await watcher<{ n: string }[]>`
      select count(*) as n
      from pg_stat_activity
      where datname = current_database() and state = 'active' and query like '%pg_sleep%'
        and pid <> pg_backend_pid()`;
    return Number(row?.n);
  };

  it("end with their signal, those that run and those that wait, and leave others and their connections alone", async () => {
    const wish = new AbortController();
    const client = database.connect({ connections: 4, pipelined: false });
    let cancelled = 0;
    const sql = abandonable(client, wish.signal, () => cancelled++);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }] as never);
    const ours = Array.from({ length: 10 }, () => rejection(asked(sql`select pg_sleep(600)`)));
    const others = Array.from({ length: 3 }, (_, n) => asked(client`select ${n}::int as n`));
    await met("a query sleeps", async () => (await sleeping()) > 0);
    wish.abort();
    for (const error of await Promise.all(ours)) expect(isStrayCancel(error)).toBe(true);
    expect((await Promise.all(others)).map(([row]) => row?.n)).toEqual([0, 1, 2]);
    expect(cancelled).toBe(10);
    await client.end();
    await met("none sleeps", async () => (await sleeping()) === 0);
    expect(() => sql`select 2`).toThrow("no longer waited for");
  });

  it("of 500 callers that hang up leave nothing that runs, and are counted", async () => {
    market.tick(1_732_180_000);
    const reads = new AbandonableReads(() => database, systemClock, market.metrics);
    market.database = (_query, signal) =>
      reads.ask(signal, async (_history, sql) => {
        await asked(sql`select pg_sleep(600)`);
        return [];
      });
    running = await startServer({
      ...{ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger, clock: systemClock },
    });
    const count = (name: string): number => Number(market.metrics.samples(name)[0]?.value);
    const { port } = running;
    for (let batch = 0; batch < 20; batch++) {
      const sockets = Array.from({ length: 25 }, () => connect(port, "127.0.0.1"));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      for (const socket of sockets) {
        socket.on("error", () => {});
        socket.write("GET /predictions HTTP/1.1\r\nhost: x\r\n\r\n");
      }
      await met("25 requests wait", () => count("foretick_database_requests") === 25);
      expect(await sleeping()).toBeLessThanOrEqual(4);
      for (const socket of sockets) socket.destroy();
      await met("none waits", () => count("foretick_database_requests") === 0);
    }
    await met("none sleeps", async () => (await sleeping()) === 0);
    expect(count("foretick_queries_abandoned_total")).toBe(500);
    expect(await asked(database.sql`select 1 as one`)).toEqual([{ one: 1 }] as never);
  });

  it("are no more at once than may be: one more is told to come back, and forecasts go on", async () => {
    const { port, url } = running!;
    const sockets = Array.from({ length: LIMITS.database_requests_max }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write("GET /predictions HTTP/1.1\r\nhost: x\r\n\r\n");
    }
    const waiting = (): number => Number(market.metrics.samples("foretick_database_requests")[0]?.value);
    await met("as many wait as may", () => waiting() === LIMITS.database_requests_max);
    const refused = await fetch(`${url}/predictions`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ code: "BUSY" });
    expect((await fetch(`${url}/latest`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await met("none sleeps", async () => (await sleeping()) === 0);
  });
});
