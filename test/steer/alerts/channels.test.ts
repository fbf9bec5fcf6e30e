/** Real sinks on loopback: what they receive, what a channel that is down costs, and that no secret is told. */

import { afterEach, expect, it } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { channelsOf } from "../../../src/steer/alerts/channels/of_config.ts";
import type { AlertMessage } from "../../../src/steer/alerts/message.ts";
import { met } from "../../met.ts";
import { MailSink, WebhookSink } from "./sinks.ts";
import { healthRule, rulesOf, World } from "./world.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function sinks() {
  const [slack, webhook, mail] = [
    new WebhookSink().start(),
    new WebhookSink().start(),
    await new MailSink().start(),
  ];
  for (const sink of [slack, webhook, mail]) cleanups.push(() => sink.stop());
  const config = readConfig({
    SLACK_WEBHOOK_URL: slack.url,
    ALERT_WEBHOOK_URL: webhook.url,
    ALERT_EMAIL: "anna@example.org, ops@example.org",
    SMTP_URL: mail.url,
  });
  return { slack, webhook, mail, config };
}

async function world(given: Awaited<ReturnType<typeof sinks>>) {
  const one = new World();
  const sending = { messages: 0 };
  const channels = channelsOf(given.config, one.clock).map((channel) => ({
    ...channel,
    send: (message: AlertMessage, signal: AbortSignal) => {
      sending.messages++;
      return channel.send(message, signal).finally(() => {
        sending.messages--;
      });
    },
  }));
  const alerts = one.alerts(rulesOf([healthRule("feed", { title: "<Feed> & more" })]), channels);
  cleanups.push(
    () => one.remove(),
    () => alerts.close(),
  );
  await one.pass(alerts, LIMITS.alert_restore_ms_max / 1_000 + 1);
  return { one, alerts, sending };
}

/** Looks until it holds. The clock, moved by hand, stands while a sink that answers is still at it. */
async function until(
  what: string,
  { one, alerts, sending }: Awaited<ReturnType<typeof world>>,
  holds: () => boolean,
  hangs = 0,
): Promise<void> {
  await met(what, async () => {
    if (sending.messages <= hangs) await one.pass(alerts, 1);
    return holds();
  });
}

it("one fault is one message and one that it is over, in each channel's own form", async () => {
  const given = await sinks();
  const { slack, webhook, mail } = given;
  const here = await world(given);
  here.one.set("feed", "down");
  await until("the raise", here, () =>
    [slack.taken, webhook.taken, mail.mails].every(({ length }) => length === 1),
  );
  const [open] = here.alerts.open;
  expect(slack.taken[0]!.body).toEqual({
    text: expect.stringMatching(/^\[WARNING\] &lt;Feed&gt; &amp; more\nfeed does not work\.\nSince /),
  });
  expect(webhook.taken[0]).toMatchObject({
    path: "/services/T0/s3cr3t",
    body: {
      ...{ state: "raised", alert_id: open!.alert_id, rule: "feed", severity: "warning", symbol: null },
      ...{ summary: "feed does not work", remedy: "Look at feed.", resolved_at: null, also: [] },
      started_at: expect.stringMatching(/^2027-01-15T08:00:\d\d/),
    },
  });
  expect(mail.mails[0]).toMatchObject({ to: ["anna@example.org", "ops@example.org"] });
  expect(mail.mails[0]!.text).toContain("Subject: foretick WARNING: <Feed> & more");
  expect(mail.mails[0]!.text).toContain(`Message-ID: <${open!.alert_id}.raised@foretick>`);
  expect(mail.mails[0]!.text).toContain("\nWhat to do: Look at feed.\n");
  expect(mail.logins).toEqual(["foretick"]);

  here.one.set("feed", "ok");
  await until("the end", here, () =>
    [slack.taken, webhook.taken, mail.mails].every(({ length }) => length === 2),
  );
  expect(webhook.taken[1]!.body).toMatchObject({ state: "resolved", alert_id: open!.alert_id });
  expect(String(slack.taken[1]!.body.text)).toMatch(/^\[OVER\]/);
  expect(mail.mails[1]!.text).toContain(`In-Reply-To: <${open!.alert_id}.raised@foretick>`);
  await here.one.pass(here.alerts, 30);
  expect([slack.asked, webhook.asked, mail.mails.length]).toEqual([2, 2, 2]);
});

it("a channel that is down, hangs or fails is tried again, later and later, keeps no other waiting, and misses nothing", async () => {
  const given = await sinks();
  const { slack, webhook, mail } = given;
  await slack.stop();
  webhook.answer = () => new Response("busy", { status: 503 });
  const here = await world(given);
  here.one.set("feed", "down");
  await until("the mail", here, () => mail.mails.length === 1);
  await until("failures", here, () =>
    here.alerts.deliveries.every(({ counters, channel }) => channel.name === "mail" || counters.failed >= 3),
  );
  here.one.set("feed", "ok");
  await until("the end by mail", here, () => mail.mails.length === 2);
  const health = here.alerts.deliveries.map(({ last_error }) => last_error?.message ?? "");
  expect(health[0]).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+ expected to take a message, did not answer.*Check SLACK_WEBHOOK_URL$/,
  );
  expect(health[1]).toMatch(/answered 503 \(busy\)\. Check ALERT_WEBHOOK_URL$/);
  expect(health.join()).not.toContain("s3cr3t");
  await until("only theirs left", here, () => here.alerts.untold === 2);
  const failures = (): number => here.alerts.deliveries[1]!.counters.failed;
  const failed = failures();
  await until("a failure", here, () => failures() > failed);
  const before_s = here.one.clock.monotonicUs() / 1e6;
  await until("the one after it", here, () => failures() > failed + 1);
  // The fourth wait at the earliest: eight seconds.
  expect(here.one.clock.monotonicUs() / 1e6 - before_s).toBeGreaterThan(5);

  slack.start();
  webhook.answer = () => new Response(null, { status: 204 });
  await until("all of it", here, () => here.alerts.untold === 0);
  expect(slack.taken.length).toBe(2);
  expect(webhook.taken.map(({ body }) => body.state)).toEqual(["raised", "resolved"]);
  expect(mail.mails.length).toBe(2);
});

it("a webhook that asks for patience gets it, and one that does not answer has failed at its deadline", async () => {
  const given = await sinks();
  const { slack, webhook } = given;
  slack.answer = () => new Response("slow down", { status: 429, headers: { "Retry-After": "120" } });
  webhook.answer = () => "hang";
  const here = await world(given);
  here.one.set("feed", "down");
  await until("the refusal", here, () => here.alerts.deliveries[0]!.counters.failed === 1, 1);
  await until("the deadline", here, () => here.alerts.deliveries[1]!.counters.failed >= 1, 1);
  expect(here.alerts.deliveries[1]!.last_error!.message).toContain(
    `expected within ${LIMITS.alert_send_ms_max} ms`,
  );
  slack.answer = () => new Response("ok");
  const asked_s = here.one.clock.monotonicUs() / 1e6;
  await until("its next try", here, () => slack.taken.length === 1, 1);
  expect(here.one.clock.monotonicUs() / 1e6 - asked_s).toBeGreaterThan(80);
});

it("a message that is refused for what it is, is given up after a few tries, counted, and holds up no other", async () => {
  const given = await sinks();
  const { slack, webhook, mail } = given;
  webhook.answer = () => new Response("no such hook", { status: 404 });
  mail.refuses = 451;
  const here = await world(given);
  here.one.set("feed", "down");
  await until("giving up", here, () => here.alerts.deliveries[1]!.counters.given_up === 1);
  expect(webhook.asked).toBe(LIMITS.alert_refusals_max);
  // 451: not now.
  await until("a mail that failed", here, () => here.alerts.deliveries[2]!.counters.failed >= 2);
  expect(here.alerts.deliveries[2]!.counters.given_up).toBe(0);
  expect(here.alerts.deliveries[2]!.last_error!.message).toMatch(
    /^the mail server 127\.0\.0\.1:\d+ expected to take a message, did not, answered 451/,
  );
  mail.refuses = undefined;
  here.one.set("feed", "ok");
  await until("the end by the others", here, () => slack.taken.length === 2 && mail.mails.length === 2);
  // Who was not told of it is not told that it is over.
  expect(webhook.asked).toBe(LIMITS.alert_refusals_max);
});

it("follows no redirect, which would take the secret along", async () => {
  const given = await sinks();
  const { slack, webhook } = given;
  slack.answer = () => new Response(null, { status: 307, headers: { Location: webhook.url } });
  const here = await world(given);
  here.one.set("feed", "down");
  await until("the failure", here, () => here.alerts.deliveries[0]!.counters.failed > 0);
  expect(here.alerts.deliveries[0]!.last_error!.message).toContain("sent on to http://127.0.0.1");
  expect(webhook.taken.every(({ body }) => "alert_id" in body)).toBe(true);
});

it("settings: two that belong together, and no secret shown where one is wrong", () => {
  const refusal = (environment: Record<string, string>): string => {
    try {
      readConfig(environment);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refusal({ ALERT_EMAIL: "anna@example.org" })).toContain("SMTP_URL: expected beside ALERT_EMAIL");
  expect(refusal({ ALERT_EMAIL: "anna", SMTP_URL: "smtp://h" })).toContain("mail addresses");
  const wrong = refusal({
    SLACK_WEBHOOK_URL: "ftp://x/s3cr3t",
    SMTP_URL: "http://s3cr3t@h",
    ALERT_EMAIL: "a@b",
  });
  expect(wrong).toContain("SLACK_WEBHOOK_URL: expected the address of a webhook");
  expect(wrong).not.toContain("s3cr3t");
});
