/** `/metrics` on a port of its own, and what a scrape costs a tick. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { startMetricsServer } from "../../src/serve/metrics_server.ts";
import { startServer } from "../../src/serve/server.ts";
import { startApi } from "../../src/system/api/start.ts";
import { refusal } from "../base/rejection.ts";
import { freePort } from "../free_port.ts";
import { FakeMarket } from "./fake_market.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const status = async (url: string, init: RequestInit = {}): Promise<number> => {
  const answer = await fetch(url, init);
  await answer.text();
  return answer.status;
};

function metricsOf(names: number): { metrics: Metrics; read: () => number } {
  const metrics = new Metrics();
  let read = 0;
  for (let at = 0; at < names; at++)
    metrics.observe("gauge", `foretick_test_${at}`, "A test's.", () => {
      read++;
      return at;
    });
  return { metrics, read: () => read };
}

describe("METRICS_PORT", () => {
  it("has the metrics and nothing else, and the main port has them no longer", async () => {
    const market = new FakeMarket();
    const shared = { hostname: "127.0.0.1", port: 0, log: silentLogger };
    const main = await startServer({ ...shared, ports: market, metrics_apart: true });
    closers.push(() => main.close());
    const apart = startMetricsServer({ ...shared, metrics: () => market.metrics });
    closers.push(() => apart.close());
    const answer = await fetch(`${apart.url}/metrics`);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await answer.text()).toContain("foretick_stream_clients 0");
    expect(await status(`${apart.url}/metrics`, { method: "HEAD" })).toBe(200);
    expect(await status(`${apart.url}/metrics`, { method: "POST" })).toBe(405);
    for (const path of ["/", "/latest", "/health"])
      expect([path, await status(apart.url + path)]).toEqual([path, 404]);
    expect(await status(`${main.url}/metrics`)).toBe(404);
    expect(await status(`${main.url}/health/live`)).toBe(200);
    const taken = { ...shared, port: Number(new URL(apart.url).port), metrics: () => market.metrics };
    const refused = await refusal(Promise.resolve().then(() => startMetricsServer(taken)));
    expect([refused.code, refused.message]).toEqual([
      "LISTEN_FAILED",
      expect.stringContaining("set METRICS_PORT to a free one"),
    ]);
  });

  it("ends with the service: a scrape under way is waited for so long and no longer", async () => {
    const clock = new ManualClock(0);
    const hanging = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    class Hanging extends Metrics {
      override async text(): Promise<string> {
        asked.resolve();
        await hanging.promise;
        return "";
      }
    }
    const shared = { hostname: "127.0.0.1", port: 0, log: silentLogger, clock };
    const server = startMetricsServer({ ...shared, metrics: () => new Hanging() });
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    await asked.promise;
    const cut = once(socket, "close");
    const closed = server.close();
    expect(server.close()).toBe(closed);
    clock.advance(LIMITS.serve_drain_max_ms);
    await Promise.all([cut, closed]);
    hanging.resolve();
  });

  it("is opened by an API machine that is configured so", async () => {
    const port = await freePort();
    const environment = { HOST: "127.0.0.1", PORT: "0", ROLE: "api", REDIS_URL: "redis://127.0.0.1:1" };
    const config = readConfig({ ...environment, METRICS_PORT: String(port) });
    const api = await startApi({ config, clock: systemClock, log: silentLogger });
    closers.push(() => api.close());
    const apart = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await apart.text()).toContain("foretick_");
    expect(await status(`${api.url}/metrics`)).toBe(404);
    await api.close();
    expect(await status(`http://127.0.0.1:${port}/metrics`).catch(() => "closed")).toBe("closed");
  });
});

it("reads a few metrics in a turn of the event loop: a tick amid a scrape waits for those", async () => {
  const { metrics, read } = metricsOf(10 * LIMITS.metrics_a_turn);
  let [before, most, done] = [0, 0, false];
  const tick = (): void => {
    most = Math.max(most, read() - before);
    before = read();
    if (!done) setImmediate(tick);
  };
  setImmediate(tick);
  const text = await metrics.text();
  done = true;
  expect(read()).toBe(10 * LIMITS.metrics_a_turn);
  expect(most).toBeLessThanOrEqual(LIMITS.metrics_a_turn);
  const shown = text.match(/^foretick_test_\d+ \d+$/gm);
  expect(shown).toHaveLength(10 * LIMITS.metrics_a_turn);
});
