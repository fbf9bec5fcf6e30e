/** Rules and dashboard at a real Prometheus that scrapes a running service and an API machine. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { startApi } from "../../src/system/api/start.ts";
import { QUIET, START_US } from "../sim/markets.ts";
import { met, startRunning } from "../system/running.ts";
import { text, yaml } from "./files.ts";
import { havePrometheus, LOOK_MS, PrometheusServer, promtool } from "./prometheus_server.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(text("ops/grafana/dashboards/foretick.json")) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const queries = panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr));
const rules = yaml<{ groups: { rules: { alert: string; expr: string; annotations: object }[] }[] }>(
  "ops/prometheus_rules.yml",
).groups.flatMap((group) => group.rules);

/** Names of metrics in an expression. */
const namesIn = (expression: string): string[] => expression.match(/\bforetick_\w+/g) ?? [];

/** What a service says it has, also where there is no sample yet; a histogram under its three names. */
async function namesAt(url: string): Promise<string[]> {
  const said = (await (await fetch(`${url}/metrics`)).text()).matchAll(/^# TYPE (\S+) (\w+)$/gm);
  return [...said].flatMap(([, name, kind]) =>
    kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name! + end) : [name!],
  );
}

it("the dashboard's panels name their data source and ask something, and every alert says what to do", () => {
  const { datasources } = yaml<{ datasources: { uid: string }[] }>(
    "ops/grafana/provisioning/datasources/prometheus.yml",
  );
  expect(panels.length).toBeGreaterThan(20);
  for (const { title, datasource, targets } of panels) {
    expect([title, datasource?.uid, (targets?.length ?? 0) > 0]).toEqual([title, datasources[0]!.uid, true]);
  }
  for (const { alert, annotations } of rules) {
    expect([alert, Object.keys(annotations)]).toEqual([alert, ["summary", "remedy"]]);
  }
});

describe.skipIf(!havePrometheus())("a real Prometheus", () => {
  it("accepts configuration and rules as they are", () => {
    expect(promtool("check", "config", "ops/prometheus.yml")).toMatchObject({ status: 0 });
    expect(promtool("check", "rules", "--lint-fatal", "ops/prometheus_rules.yml")).toMatchObject({
      status: 0,
    });
  });

  it("scrapes the service, evaluates every rule and panel of metrics there are, and tells of a feed that falls silent", async () => {
    const source = simulatedSource({ seed: 41, start_us: START_US, ...QUIET });
    // Nothing is at this Redis: its metrics are there all the same.
    const redis_url = "redis://127.0.0.1:1";
    const running = await startRunning(
      { source, speed: 1, history_s: 60, start_on: "first_subscriber" },
      { redis_url },
    );
    closers.push(() => running.close());
    const environment = { HOST: "127.0.0.1", PORT: "0", ROLE: "api", REDIS_URL: redis_url };
    const api = await startApi({ config: readConfig(environment), clock: systemClock, log: silentLogger });
    closers.push(() => api.close());
    const service_url = running.pipeline.url;
    const hostOf = (url: string): string => new URL(url).host;
    const prometheus = await PrometheusServer.start({ ingest: hostOf(service_url), api: hostOf(api.url) });
    closers.push(() => prometheus.close());

    const names = new Set([...(await namesAt(service_url)), ...(await namesAt(api.url))]);
    expect(names.size).toBeGreaterThan(80);
    const variables = dashboard.templating.list.map(({ query }) => query);
    const asked = [...queries, ...variables, ...rules.map(({ expr }) => expr)].flatMap(namesIn);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);

    const soon = (what: string, holds: () => Promise<boolean>): Promise<void> => met(what, holds, LOOK_MS);
    await soon(
      "both are scraped",
      async () => (await prometheus.query('up{job="foretick"} == 1')).length === 2,
    );
    const found = await prometheus.query("foretick_feed_live");
    expect(found.map(({ metric, value }) => [metric.process, value[1]])).toEqual([["ingest", "1"]]);
    for (const query of queries) await prometheus.query(query.replaceAll("$symbol", ".*"));
    await soon("every rule is evaluated", async () => {
      const evaluated = await prometheus.rules();
      return evaluated.length === rules.length && evaluated.every(({ health }) => health !== "unknown");
    });
    expect((await prometheus.rules()).filter(({ health }) => health !== "ok")).toEqual([]);

    const firing = async (): Promise<string[]> =>
      (await prometheus.query('ALERTS{alertstate="firing",process="ingest"}')).map(
        ({ metric }) => metric.alertname!,
      );
    await soon("the feed is live", async () => !(await firing()).includes("ForetickFeedDown"));
    for (const stream of ["trade", "bestBidAsk", "depth"] as const) running.exchange.faults.pause(stream);
    await soon("the alert", async () => (await firing()).includes("ForetickFeedDown"));
  });
});
