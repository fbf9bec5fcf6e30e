/** An API machine beside the service it shows: the same answers byte for byte, from Redis alone. */

import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { PredictionMessage } from "../../../src/serve/messages/stream.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { type Api, startApi } from "../../../src/system/api/start.ts";
import { describeOnRedis, RedisServer } from "../../record/redis/redis_server.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, startRunning } from "../running.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface HealthJson {
  readonly dependencies: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason: string | null;
    readonly facts: Readonly<Record<string, unknown>>;
  }[];
}

const text = async (url: string): Promise<string> => (await fetch(url)).text();
const part = async (url: string, name: string) => {
  const { dependencies } = (await (await fetch(`${url}/health`)).json()) as HealthJson;
  return dependencies.find((one) => one.name === name)!;
};

describeOnRedis("an API machine", () => {
  it("answers as the leader does, gives each forecast on once, and says how old what it shows is", async () => {
    const redis = await RedisServer.start();
    closers.push(() => redis.close());
    const source = simulatedSource({ seed: 5, start_us: START_US, ...QUIET });
    const running = await startRunning(
      { source, speed: 1, history_s: 700, start_on: "first_subscriber" },
      { redis_url: redis.url, redis_prefix: "a:", deadline_ms: 5_000 },
    );
    closers.push(() => running.close());
    const api: Api = await startApi({
      config: readConfig({
        ...{ HOST: "127.0.0.1", PORT: "0", ROLE: "api", REDIS_URL: redis.url, REDIS_PREFIX: "a:" },
      }),
      ...{ clock: systemClock, log: silentLogger },
    });
    closers.push(() => api.close());
    const streamed: PredictionMessage[] = [];
    const socket = new WebSocket(`${api.url.replace("http", "ws")}/stream?role=champion`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as PredictionMessage | { type: "hello" };
      if (message.type === "prediction") streamed.push(message);
    };
    closers.push(() => socket.close());
    const leader = running.pipeline.url;

    // A tick may come between the two questions: then they are asked again.
    for (const path of ["/latest", "/latest?role=champion", "/features/latest"]) {
      let [mine, theirs] = ["", ""];
      await met(`the same at ${path}`, async () => {
        const answers = await Promise.all([fetch(api.url + path), fetch(leader + path)]);
        [mine, theirs] = (await Promise.all(answers.map((answer) => answer.text()))) as [string, string];
        return answers.every(({ ok }) => ok) && mine === theirs;
      });
      expect(mine).toMatch(/^\{"symbol":"BTCUSDT","ts_sec":\d+/);
    }
    const latest = JSON.parse(await text(`${api.url}/latest`)) as Record<string, unknown>;
    for (const name of ["role", "lower_price", "upper_price", "interval_coverage", "p_up", "confidence"]) {
      expect(latest, name).toHaveProperty(name);
    }
    await met("three streamed", () => streamed.length >= 3);
    const seconds = streamed.map(({ ts_sec }) => ts_sec);
    expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b));
    expect((await part(api.url, "redis")).state).toBe("ok");
    expect((await part(leader, "redis")).facts.state).toBe("ok");
    expect(Number((await part(api.url, "forecast BTCUSDT")).facts.age_ms)).toBeLessThan(60_000);
    expect((await part(api.url, "database")).facts).toEqual({ state: "off" });
    const parity = await fetch(`${api.url}/parity`);
    expect(parity.status).toBe(503);
    expect(await parity.text()).toContain("set DATABASE_URL there for what is older");
    expect(await text(`${api.url}/predictions`)).toContain('"served_from":"memory"');

    await redis.kill();
    await met("what is too old to be refused", async () => !(await fetch(`${api.url}/latest`)).ok);
    expect(await text(`${api.url}/latest`)).toMatch(
      /the last prediction is \d+ s old: Redis does not answer since/,
    );
    expect((await part(leader, "redis")).reason).toMatch(/^away since .*nothing listens there. Start Redis/);
    expect((await fetch(`${leader}/latest`)).ok).toBe(true);
    expect((await fetch(`${api.url}/health`)).status).toBe(503);
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);

    await redis.start();
    await met("it to show what is now again", async () => (await fetch(`${api.url}/latest`)).ok);
    const after = streamed.map(({ ts_sec }) => ts_sec);
    expect(after).toEqual([...new Set(after)].sort((a, b) => a - b));
  });
});
