import { describe, expect, it } from "vitest";
import { PART_ADVICE } from "../../../src/base/runbook/parts.ts";
import type { Dependency } from "../../../src/serve/ports.ts";
import { serve } from "../asked_app.ts";

describe("GET /health", () => {
  it("is ready while nothing is down, and names what is degraded", async () => {
    const { market, get } = serve();
    expect(await get("/health")).toMatchObject({ status: 200, body: { status: "ok", ready: true } });
    market.dependencies[0] = { name: "database", state: "degraded", reason: "unreachable", facts: {} };
    const { status, body } = await get("/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "degraded", live: true, ready: true });
    const to_do = PART_ADVICE.database.to_do;
    expect(body.dependencies).toContainEqual({ ...market.dependencies[0], to_do });
    expect(body.dependencies).toContainEqual({ ...market.dependencies[1], to_do: null });
  });

  it("is 503 but still live when something is down", async () => {
    const { market, get } = serve();
    market.dependencies[2] = { name: "feed BTCUSDT", state: "down", reason: "silent for 70 s", facts: {} };
    expect(await get("/health")).toMatchObject({ status: 503, body: { status: "down", ready: false } });
    expect(await get("/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
    expect(await get("/health/live")).toMatchObject({ status: 200, body: { live: true } });
  });

  it("stays ready while one symbol of several has no forecast, and is not once none has", async () => {
    const { market, get } = serve();
    const forecast = (symbol: string, state: Dependency["state"]): Dependency => ({
      ...{ name: `forecast ${symbol}`, symbol, state, facts: {} },
      reason: state === "ok" ? null : "its book is empty",
    });
    market.dependencies = [forecast("BTCUSDT", "down"), forecast("ETHUSDT", "ok")];
    expect(await get("/health")).toMatchObject({ status: 200, body: { status: "degraded", ready: true } });
    expect(await get("/health/ready")).toMatchObject({ status: 200, body: { ready: true } });
    market.dependencies = [forecast("BTCUSDT", "down"), forecast("ETHUSDT", "down")];
    expect(await get("/health")).toMatchObject({ status: 503, body: { status: "down", ready: false } });
    market.dependencies = [
      forecast("BTCUSDT", "ok"),
      { name: "feed", state: "down", reason: "the streams are connecting", facts: {} },
    ];
    expect(await get("/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
  });

  it("is live while it makes progress, not because it answers", async () => {
    const { market, get } = serve();
    market.liveness = { live: false, reason: "no second has closed for 90 s" };
    expect(await get("/health/live")).toMatchObject({
      status: 503,
      body: { live: false, reason: "no second has closed for 90 s" },
    });
    expect((await get("/health")).body).toMatchObject({ live: false });
  });
});

describe("GET /metrics", () => {
  it("answers in the Prometheus text format and counts requests by route and status", async () => {
    const { get } = serve();
    await get("/latest");
    const { headers, body } = await get("/metrics");
    expect(headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(body.text).toContain("# TYPE foretick_stream_published_total counter");
    expect(body.text).toContain('foretick_http_request_seconds_count{route="/latest",status="503"} 1');
  });
});
