/** A running service whose exchange falls silent: one alert, one that it is over, by every channel, over a restart. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readAlerts } from "../../src/record/alerts/alert_rows.ts";
import type { AlertsJson } from "../../src/serve/messages/alerts.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { SHIPPED_RULES } from "../../src/steer/alerts/rules/rules.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { QUIET, START_US } from "../sim/markets.ts";
import { MailSink, WebhookSink } from "../steer/alerts/sinks.ts";
import { met, type Running, startRunning } from "./running.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The rules as shipped, sooner well again. */
function soonerRules(): string {
  const dir = mkdtempSync(join(tmpdir(), "foretick-rules-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  const { rules, ...given } = JSON.parse(readFileSync(SHIPPED_RULES, "utf8")) as { rules: object[] };
  const path = join(dir, "alerts.json");
  const sooner = rules.map((rule) => ({ ...rule, clear_for_s: 4 }));
  writeFileSync(path, JSON.stringify({ ...given, rules: sooner }));
  return path;
}

async function shown({ pipeline }: Running): Promise<AlertsJson> {
  return (await (await fetch(`${pipeline.url}/alerts`)).json()) as AlertsJson;
}

onEveryServer("a service whose exchange falls silent", (server) => {
  it("is one alert and one end to each channel, also to one that was down, and over a restart in between", async () => {
    const [slack, webhook, mail] = [
      new WebhookSink().start(),
      new WebhookSink().start(),
      await new MailSink().start(),
    ];
    for (const sink of [slack, webhook, mail]) cleanups.push(() => sink.stop());
    const source = simulatedSource({ seed: 31, start_us: START_US, ...QUIET });
    const options = { source, speed: 1, history_s: 700, start_on: "first_subscriber" } as const;
    let one = await startRunning(options, {
      database_url: await server.migratedDatabase(),
      ...{ alert_rules: soonerRules(), deadline_ms: 5_000 },
      ...{ slack_webhook_url: slack.url, alert_webhook_url: webhook.url },
      ...{ smtp_url: mail.url, alert_email: ["anna@example.org"], alert_email_from: undefined },
    });
    cleanups.push(() => one.close());
    const forecasts = () => one.pipeline.workers.get("BTCUSDT")!.predictor.counters.predictions;
    const warm = () => one.pipeline.workers.get("BTCUSDT")!.state.vector?.warm === true;
    await met("warm forecasts", () => forecasts() > 3 && warm());
    expect(one.pipeline.alerts!.open).toEqual([]);

    await slack.stop();
    for (const stream of ["trade", "bestBidAsk", "depth"] as const) one.exchange.faults.pause(stream);
    await met("the alert", () => webhook.taken.length === 1 && mail.mails.length === 1);
    const [open] = (await shown(one)).open;
    expect(open).toMatchObject({ state: "open", severity: "urgent", resolved_at: null });
    expect(["feed", "staleness", "no_forecast"]).toContain(open!.rule);
    expect(webhook.taken[0]!.body).toMatchObject({ alert_id: open!.alert_id, state: "raised" });
    const metrics = await (await fetch(`${one.pipeline.url}/metrics`)).text();
    expect(metrics).toContain(`foretick_alerts_open{rule="${open!.rule}"} 1`);

    one = await one.restart();
    expect((await shown(one)).open.map(({ alert_id }) => alert_id)).toEqual([open!.alert_id]);
    slack.start();
    await met("the alert by the channel that was down", () => slack.taken.length === 1);
    one.exchange.well();
    await met("the end", () => [slack.taken, webhook.taken, mail.mails].every(({ length }) => length === 2));
    await met("its row", async () => {
      const [row] = await readAlerts(one.pipeline.database.sql, { state: "all", limit: 5 });
      return row?.resolved_us !== null && Object.keys(row!.notified).length === 3;
    });
    const before = forecasts();
    await met("ten more forecasts", () => forecasts() > before + 10);
    expect(webhook.taken.map(({ body }) => [body.state, body.alert_id])).toEqual([
      ["raised", open!.alert_id],
      ["resolved", open!.alert_id],
    ]);
    expect([slack.taken.length, mail.mails.length]).toEqual([2, 2]);
    expect(await readAlerts(one.pipeline.database.sql, { state: "all", limit: 5 })).toHaveLength(1);
    expect((await shown(one)).recent[0]).toMatchObject({ alert_id: open!.alert_id, state: "resolved" });
    const health = one.pipeline.ports.health().dependencies.find(({ name }) => name === "alerts");
    expect(health).toMatchObject({ state: "ok", facts: { channels: "slack, webhook, mail", open: 0 } });
  });
});

it("a fault in the file of rules ends the start with a sentence that names it", async () => {
  const path = soonerRules();
  writeFileSync(path, readFileSync(path, "utf8").replace("foretick_latency_ms", "foretick_latencies"));
  const source = simulatedSource({ seed: 31, start_us: START_US, ...QUIET });
  const failed = await startRunning({ source, speed: 1 }, { alert_rules: path }).then(
    (one) => one.close(),
    (error: Error) => error.message,
  );
  expect(failed).toContain("rule latency_p95: watch.metric: foretick_latencies is no metric of this service");
});
