/** Alerts kept: over a restart, without the database, by another service, silenced; and the command that shows them. */

import { afterEach, expect, it } from "vitest";
import { alertsCommand } from "../../../scripts/store/commands/alerts.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { tellAlerts } from "../../../src/record/alerts/alert_event.ts";
import { readAlerts, silenceRule } from "../../../src/record/alerts/alert_rows.ts";
import type { Database } from "../../../src/record/database.ts";
import type { Alerts } from "../../../src/steer/alerts/alerts.ts";
import { met } from "../../met.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { MailSink, WebhookSink } from "./sinks.ts";
import { healthRule, Recorded, rulesOf, World } from "./world.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const RULES = rulesOf([
  healthRule("feed"),
  healthRule("training", { watch: { event: "training_failed" }, for_s: 0, group: "training" }),
]);

/** By the database's clock, which silences go by. */
function world(): World {
  const one = new World(systemClock.now());
  cleanups.push(() => one.remove());
  return one;
}

/** A service's alerts, begun; the channel is the service's own, the mailbox behind it the same. */
async function begun(one: World, channel: Recorded): Promise<Alerts> {
  const alerts = one.alerts(RULES, [channel]);
  cleanups.push(() => alerts.close());
  await alerts.start();
  return alerts;
}

const steps = ({ sent }: Recorded): string[] => sent.map(({ step, rule }) => `${step} ${rule}`);

/** Looks until it holds: the clock, moved by hand, stands while the database is at it. */
async function until(
  what: string,
  one: World,
  alerts: Alerts,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  await met(what, async () => {
    one.clock.advance(1_000);
    await alerts.kept();
    return holds();
  });
}

it("without the database, a restart knows what is open, tells nobody twice, and tells that it is over", async () => {
  const one = world();
  const channel = new Recorded();
  const before = await begun(one, channel);
  one.set("feed", "down");
  await until("the raise", one, before, () => channel.sent.length === 1);
  const [open] = before.open;
  await before.close();

  const after = await begun(one, channel);
  expect(after.open).toMatchObject([{ alert_id: open!.alert_id, started_us: open!.started_us }]);
  one.clock.advance(60_000);
  one.set("feed", "ok");
  await until("the end", one, after, () => channel.sent.length === 2);
  expect(steps(channel)).toEqual(["raised feed", "resolved feed"]);
  expect(new Set(channel.sent.map(({ alert_id }) => alert_id)).size).toBe(1);
  await after.close();

  const last = await begun(one, channel);
  expect(last.open).toEqual([]);
  one.clock.advance(60_000);
  expect(channel.sent.length).toBe(2);
});

onEveryServer("alerts in the database", (server) => {
  async function opened(): Promise<{ one: World; database: Database }> {
    const database = await server.openDatabase();
    const one = world();
    one.sql = database.sql;
    return { one, database };
  }

  it("are kept with their parts and who was told; another service that leads the symbol goes on with them", async () => {
    const { one, database } = await opened();
    const channel = new Recorded();
    const before = await begun(one, channel);
    one.set("feed", "down", "BTCUSDT");
    await until("the raise", one, before, () => channel.sent.length === 1);
    const row = async () => (await readAlerts(database.sql, { state: "all", limit: 10 }))[0];
    await until("its row", one, before, async () => (await row())?.notified.webhook?.raised !== undefined);
    expect(await row()).toEqual(before.open[0]!);
    const [stored] = await database.sql`select state, rule, symbol, started_at, resolved_at from alerts`;
    expect(stored).toMatchObject({ state: "open", rule: "feed", symbol: "BTCUSDT", resolved_at: null });
    await before.close();

    // On another machine: nothing but the database tells of it.
    const other = world();
    other.sql = database.sql;
    other.clock.advanceTo(one.clock.now());
    other.set("feed", "down", "BTCUSDT");
    const after = await begun(other, channel);
    await until("what was open", other, after, () => after.open.length === 1);
    other.clock.advance(60_000);
    expect(channel.sent.length).toBe(1);
    other.set("feed", "ok", "BTCUSDT");
    await until("the end", other, after, () => channel.sent.length === 2);
    await until("its row", other, after, async () => (await row())?.notified.webhook?.resolved !== undefined);
    expect(steps(channel)).toEqual(["raised feed", "resolved feed"]);
    expect(await readAlerts(database.sql, { state: "open", limit: 10 })).toEqual([]);
    // One that leads other symbols does not take them for its own.
    const third = world();
    third.symbols = ["ETHUSDT"];
    third.sql = database.sql;
    const elsewhere = await begun(third, new Recorded());
    await until("its look", third, elsewhere, () => elsewhere.recent.length === 1);
    expect(elsewhere.open).toEqual([]);
  });

  it("take events of other processes, each once, also over a restart", async () => {
    const { one, database } = await opened();
    const channel = new Recorded();
    await tellAlerts(database.sql, { kind: "training_failed", symbol: "BTCUSDT", summary: "too few rows" });
    await tellAlerts(database.sql, { kind: "training_failed", symbol: "ETHUSDT", summary: "another's" });
    const before = await begun(one, channel);
    await until("the raise", one, before, () => channel.sent.length === 1);
    const waiting = async () =>
      (await database.sql<{ symbol: string }[]>`select symbol from alert_events where taken_at is null`).map(
        ({ symbol }) => symbol,
      );
    await until("the mark", one, before, async () => (await waiting()).join() === "ETHUSDT");
    await before.close();
    await database.sql`update alert_events set taken_at = null where symbol = 'BTCUSDT'`;
    const alerts = await begun(one, channel);
    await until("the mark again", one, alerts, async () => (await waiting()).join() === "ETHUSDT");
    expect(steps(channel).filter((step) => step.startsWith("raised"))).toEqual(["raised training"]);
  });

  it("of a silenced rule are kept and not told; what outlasts the silence is told then", async () => {
    const { one, database } = await opened();
    const channel = new Recorded();
    await silenceRule(database.sql, "feed", 3_600, "anna");
    const alerts = await begun(one, channel);
    await until("the silence", one, alerts, () => alerts.silences.length === 1);
    one.set("feed", "down");
    await until("the alert", one, alerts, () => alerts.open.length === 1);
    one.set("feed", "ok");
    await until("its end", one, alerts, () => alerts.open.length === 0);
    one.set("feed", "down");
    await until("the second", one, alerts, () => alerts.open.length === 1);
    one.clock.advance(60_000);
    expect(channel.sent).toEqual([]);
    await silenceRule(database.sql, "feed", 0, "anna");
    await until("the word", one, alerts, () => channel.sent.length === 1);
    expect(channel.sent[0]!.alert_id).toBe(alerts.open[0]!.alert_id);
  });

  it("are listed and silenced by command, which says what is wrong with a rule or a length", async () => {
    const { one, database } = await opened();
    const channel = new Recorded();
    const alerts = await begun(one, channel);
    one.set("feed", "down");
    await until(
      "its row",
      one,
      alerts,
      async () => (await readAlerts(database.sql, { state: "open", limit: 1 })).length === 1,
    );
    await until("who was told", one, alerts, () => channel.sent.length === 1);
    const run = (...args: string[]) => alertsCommand(args, { DATABASE_URL: database.url });
    const silenced = await run("silence", "staleness", "--for", "2h", "--by", "anna");
    expect(silenced.lines[0]).toMatch(/^nobody is told of staleness until 20/);
    const { lines } = await run("list");
    expect(lines[0]).toMatch(/ {2}open {2}warning {2}feed {2}all {2}\d+ s$/);
    expect(lines).toContain("  feed does not work");
    expect(lines.at(-1)).toMatch(/^silenced: staleness until .* by anna$/);
    const refused = async (...args: string[]): Promise<string> =>
      run(...args).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await refused("silence", "stale", "--for", "2h")).toContain(
      "silence expected a rule (feed, staleness",
    );
    expect(await refused("silence", "staleness", "--for", "soon")).toContain("30m, 2h or 3d");
    expect(await refused("look")).toContain("expected list, silence <rule> or test");
  });
});

it("a test reaches every channel that is set, and says which did not take it, without its secret", async () => {
  const [webhook, mail] = [new WebhookSink().start(), await new MailSink().start()];
  cleanups.push(
    () => webhook.stop(),
    () => mail.stop(),
  );
  const down = "http://127.0.0.1:9/s3cr3t";
  const environment = { ALERT_WEBHOOK_URL: webhook.url, ALERT_EMAIL: "anna@example.org", SMTP_URL: mail.url };
  const well = await alertsCommand(["test"], environment);
  expect(well.failed).toBe(false);
  expect(webhook.taken[0]!.body).toMatchObject({ state: "test", rule: "test" });
  expect(mail.mails[0]!.text).toContain("nothing is wrong");
  const ill = await alertsCommand(["test"], { ...environment, SLACK_WEBHOOK_URL: down });
  expect(ill.failed).toBe(true);
  expect(ill.lines[0]).toMatch(/^slack: ALERT_CHANNEL: http:\/\/127\.0\.0\.1:9 expected to take a message/);
  expect([...well.lines, ...ill.lines].join()).not.toContain("s3cr3t");
  expect((await alertsCommand(["test"], {})).lines[0]).toContain("no channel is set");
});
