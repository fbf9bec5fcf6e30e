/** Two services on one database, as processes: one leads, the other waits and takes over. */

import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { US_PER_MS } from "../../../src/base/units.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { met } from "../../met.ts";
import { hasRedis, RedisServer } from "../../record/redis/redis_server.ts";
import { ownDatabase } from "../../record/server/prepared.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { ServiceProcess } from "./service_process.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function serve(environment: Record<string, string>): ServiceProcess {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
  const service = new ServiceProcess({
    ...{ HOST: "127.0.0.1", PORT: "0", DATA_DIR: data_dir, MODEL_DIR: join(data_dir, "models") },
    ...environment,
  });
  cleanups.push(() => service.discard());
  return service;
}

describe("two services on one database", () => {
  it("lead one after the other: the second waits, takes over, and the first ends when it wakes up", async () => {
    const database = await ownDatabase();
    cleanups.push(() => database.close());
    const source = simulatedSource({ seed: 3, start_us: START_US, ...QUIET });
    const exchange = new PaperExchange({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
    cleanups.push(() => exchange.close());
    const { ws_origin, rest_origin } = await exchange.start();
    // Where there is a Redis, an API machine shows what the leader gives on, whoever that is.
    const redis = hasRedis ? await RedisServer.start() : undefined;
    if (redis) cleanups.push(() => redis.close());
    const api = redis && serve({ ROLE: "api", REDIS_URL: redis.url });
    const environment = {
      ...(redis ? { ROLE: "ingest", REDIS_URL: redis.url } : {}),
      // What is late on a busy machine is a forecast all the same.
      DEADLINE_MS: "10000",
      ...{ BINANCE_SBE_URL: ws_origin, BINANCE_REST_URL: rest_origin, BINANCE_API_KEY: "paper" },
      DATABASE_URL: database.url,
    };
    const first = serve(environment);
    await first.listening();
    const sql = connectTo(database.url);
    cleanups.push(() => sql.end());
    // On a busy machine it has started before its database has answered.
    await met("the first leads", async () => {
      const leases = await sql<{ told: string }[]>`select told from leases`.catch(() => []);
      return leases.some(({ told }) => told.includes(`process ${first.pid}`));
    });
    const second = serve(environment);
    await met("the second waits", () => second.said.includes("waiting to take over"));
    expect(second.said).not.toContain('"listening"');
    await met("the second listens and stands by", () => second.said.includes('"standing by"'));
    const { url } = second;
    const why = `standing by: the lease of BTCUSDT is held by ${hostname()}, process ${first.pid}`;
    for (const path of ["/health", "/latest"]) {
      const answer = await fetch(`${url}${path}`);
      expect(answer.status, path).toBe(503);
      expect(await answer.text(), path).toContain(why);
    }
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    const refused = serve({ ...environment, SECOND_SERVICE: "refuse" });
    expect(await refused.exited).toBe(1);
    expect(refused.said).toMatch(/BTCUSDT expected to have no other service .* SECOND_SERVICE=wait/);

    const api_url = (await api?.listening())?.url;
    if (api_url) {
      await met("it shows the first's forecast", async () => (await fetch(`${api_url}/latest`)).ok);
      expect(await (await fetch(`${api_url}/health`)).text()).toMatch(/"age_ms":\d+/);
    }
    const stopped_ms = systemClock.now() / US_PER_MS;
    first.tell("SIGSTOP");
    const refused_by = async (): Promise<string> => await (await fetch(`${api_url}/latest`)).text();
    if (api_url) {
      await met("it says what is missing", async () =>
        /s old: the service that leads BTCUSDT has written nothing for \d+ s/.test(await refused_by()),
      );
    }
    await met("the second has taken over", () => second.said.includes("this service leads now"));
    const leads = /"time":(\d+)[^\n]*this service leads now/.exec(second.said);
    // Written down, not judged: how long it takes is the machine's too. The lease is for ten seconds.
    console.log(
      `two services: took over ${((Number(leads?.[1]) - stopped_ms) / 1_000).toFixed(1)} s after SIGSTOP`,
    );
    await met("the second listens", () => second.said.includes('"listening"'));
    await met(
      "the second serves where it stood by",
      async () => (await fetch(`${url}/latest`)).status === 200,
    );

    if (api_url) {
      await met("the API machine shows the second's", async () => (await fetch(`${api_url}/latest`)).ok);
    }
    first.tell("SIGCONT");
    expect(await first.exited).toBe(1);
    expect(first.said).toMatch(
      /BTCUSDT was taken over by another service .* started again, it waits as the second/,
    );
    const [lease] = await sql<{ fence: string; told: string }[]>`select fence, told from leases`;
    expect(Number(lease!.fence)).toBe(2);
    expect(lease!.told).toContain(`process ${second.pid}`);

    if (redis) {
      const client = redis.client();
      expect(await client.hget("writer:BTCUSDT", "fence")).toBe("2");
      await met("an outcome given on", async () => (await client.xlen("outcomes-1s")) > 0);
      // What the first had in hand when it was stopped came to nothing: it would be older than what is before it.
      for (const [stream, field] of [
        ["predictions-1s", "ts_sec"],
        ["outcomes-1s", "ts_sec"],
        ["market-sbe-trade", "trade_id"],
      ] as const) {
        const rows = await client.xrange(stream, "-", "+");
        const values = rows.map(([, entry]) => Number(entry[entry.indexOf(field) + 1]));
        expect(values.length, stream).toBeGreaterThan(0);
        expect(values, stream).toEqual([...new Set(values)].sort((a, b) => a - b));
      }
      expect(await api!.end("SIGTERM")).toBe(0);
    }

    const waiting = serve(environment);
    await met("a third waits", () => waiting.said.includes("waiting to take over"));
    expect(await waiting.end("SIGTERM")).toBe(0);
  });
});
