import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { createApp } from "../../src/serve/app.ts";
import { foretickClient } from "../../src/serve/client.ts";
import { openApiText } from "../../src/serve/describe/text.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { FakeMarket } from "./fake_market.ts";

const market = new FakeMarket();
for (let sec = 1_732_180_000; sec < 1_732_180_003; sec++) market.tick(sec);
const hub = new StreamHub(market, systemClock);
const app = createApp({ ports: market, hub, clock: systemClock, log: silentLogger });

describe("the description", () => {
  it("is the file that is committed, and what the service gives: `bun scripts/openapi.ts` writes it", async () => {
    const committed = readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8");
    expect(openApiText()).toBe(committed);
    expect(await (await app.request("/openapi.json")).json()).toEqual(JSON.parse(committed));
  });

  it("has every route there is but the page's and its own", () => {
    const { paths } = JSON.parse(openApiText());
    const described = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = app.routes
      .filter(({ path, method }) => method !== "ALL" && !/^\/(page\/.*|docs|openapi\.json)?$/.test(path))
      .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect([...new Set(served)].sort()).toEqual(described.sort());
  });

  it("is browsable at /docs without anything from elsewhere", async () => {
    for (const path of ["/docs", "/page/docs/docs.css", "/page/docs/docs.ts"]) {
      const answer = await app.request(path);
      expect(answer.status).toBe(200);
      expect(await answer.text()).not.toMatch(/https?:\/\//);
    }
  });
});

describe("the typed client", () => {
  it("asks for a forecast by name and reads it by name", async () => {
    const foretick = foretickClient("http://localhost", {
      fetch: (input: string | URL | Request, init?: RequestInit) => app.request(input, init),
    });
    const answer = await foretick.latest.$get({ query: { symbol: "BTCUSDT" } });
    if (answer.status !== 200) throw new Error(`expected 200, was ${answer.status}`);
    const { predicted_price, horizon_s } = await answer.json();
    expect(predicted_price).toBeGreaterThan(0);
    expect(horizon_s).toBe(10);
    const refused = await foretick.latest.$get({ query: { symbol: "NOSUCH" } });
    expect(refused.status).toBe(404);
  });
});
