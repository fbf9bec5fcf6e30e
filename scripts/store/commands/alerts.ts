/** `bun run alerts …` as a function of its arguments: it reads or silences in the database, or sends a test. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "../../../src/base/clock.ts";
import { type Config, readConfig } from "../../../src/base/config.ts";
import { withDeadline } from "../../../src/base/deadline.ts";
import { describeError, fail } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { readAlerts, readSilences, silenceRule } from "../../../src/record/alerts/alert_rows.ts";
import type { Database } from "../../../src/record/database.ts";
import { channelsOf } from "../../../src/steer/alerts/channels/of_config.ts";
import { testMessage } from "../../../src/steer/alerts/message.ts";
import { readRules, SHIPPED_RULES } from "../../../src/steer/alerts/rules/rules.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, lengthSeconds, numberFlag, readFlags } from "../../flags/source.ts";
import { alertLines, silenceLines } from "../../lines/steer/alerts.ts";
import { actorOf, withStore } from "../with_store.ts";

const USAGE = `usage: bun run alerts <what> [<rule>] [flags]

  list              what is open; with --all also what is over, the newest first
  silence <rule>    nobody is told of the rule ("*": of any) --for 2h; its alerts are kept all the same. --for 0 ends it
  test              sends a test to every channel that is set, and says which took it (exit code 1: one did not)

  --all             also what is over
  --limit           alerts listed (default 50)
  --json            as JSON lines
  --for             how long, e.g. 30m, 2h, 3d
  --by              who; recorded (default the user's name)
  --database-url    default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  all: { type: "boolean" },
  json: { type: "boolean" },
  limit: { type: "string" },
  for: { type: "string" },
  by: { type: "string" },
  "database-url": { type: "string" },
} as const;

/** Number of the migration that made the tables. */
const SCHEMA = 25;

export interface Said {
  readonly lines: readonly string[];
  /** Something that was asked for was not done. */
  readonly failed: boolean;
}

/** @throws ForetickError CONFIG_INVALID, STORE_UNREACHABLE, … with a sentence for a person. */
export async function alertsCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Said> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, args);
  const [verb, rule] = rest;
  if (flags.help)
    return { lines: [withExample(USAGE, OPTIONS, "alerts silence feed", { for: "2h" })], failed: false };
  const config = readConfig(environment);
  if (verb === "test" && rest.length === 1) return sendTest(config);
  const store = { config, url: databaseUrl(flags, config), schema: SCHEMA };
  if (verb === "list" && rest.length === 1) {
    const lines = await withStore({ ...store, use: "read" }, (database) => list(database, flags));
    return { lines, failed: false };
  }
  if (verb === "silence" && rest.length === 2) {
    const for_s = lengthFlag(flags);
    requireRule(config, rule!);
    const by = actorOf(flags);
    const lines = await withStore({ ...store, use: "write" }, async ({ sql }) => {
      const until_us = await silenceRule(sql, rule!, for_s, by);
      if (for_s === 0) return [`${rule} is told of again`];
      return [`nobody is told of ${rule} until ${new Date(until_us / 1_000).toISOString()}`];
    });
    return { lines, failed: false };
  }
  return fail(
    "CONFIG_INVALID",
    `alerts expected list, silence <rule> or test, was ${rest.join(" ") || "nothing"}\n\n${USAGE}`,
  );
}

async function list({ sql }: Database, flags: Flags): Promise<string[]> {
  const limit = numberFlag(flags, "limit", 50, 1, 10_000);
  const alerts = await readAlerts(sql, { state: flags.all ? "all" : "open", limit });
  if (flags.json) return alerts.map((alert) => JSON.stringify(alert));
  return [...alertLines(alerts, systemClock.now()), ...silenceLines(await readSilences(sql))];
}

async function sendTest(config: Config): Promise<Said> {
  const channels = channelsOf(config, systemClock);
  if (channels.length === 0) {
    const settings = "SLACK_WEBHOOK_URL, ALERT_WEBHOOK_URL, or ALERT_EMAIL with SMTP_URL";
    return { lines: [`no channel is set: set ${settings}`], failed: true };
  }
  const message = testMessage(hostname(), randomUUID(), systemClock.now());
  const results = await Promise.all(
    channels.map(async (channel) => {
      const cut = new AbortController();
      const what = `the answer of ${channel.address}`;
      const options = {
        clock: systemClock,
        limit: "alert_send_ms_max" as const,
        what,
        onGivenUp: () => cut.abort(),
      };
      try {
        await withDeadline(channel.send(message, cut.signal), options);
        return { line: `${channel.name}: ${channel.address} took it`, failed: false };
      } catch (error) {
        return { line: `${channel.name}: ${describeError(error)}`, failed: true };
      } finally {
        channel.close();
      }
    }),
  );
  return { lines: results.map(({ line }) => line), failed: results.some(({ failed }) => failed) };
}

function requireRule(config: Config, rule: string): void {
  const names = readRules(config.alert_rules ?? SHIPPED_RULES).rules.map(({ name }) => name);
  if (rule === "*" || names.includes(rule)) return;
  fail("CONFIG_INVALID", `silence expected a rule (${names.join(", ")}) or "*", was ${rule}`);
}

/** "2h" in seconds. */
function lengthFlag({ for: text = "" }: Flags): number {
  const s = text === "0" ? 0 : lengthSeconds(String(text));
  if (s >= 0 && s <= LIMITS.alert_silence_s_max) return s;
  return fail(
    "CONFIG_INVALID",
    `--for expected a length up to 30d such as 30m, 2h or 3d, was ${text || "nothing"}`,
  );
}
