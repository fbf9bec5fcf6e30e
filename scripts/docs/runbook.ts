/** docs/runbook.md: what each word of trouble means and what to do, from the tables that the code itself uses. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_TABLE, type ErrorCode, fail, type Remedy } from "../../src/base/errors.ts";
import { LIMIT_KINDS } from "../../src/base/limits/kinds.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { ERROR_ADVICE } from "../../src/base/runbook/errors.ts";
import { PART_ADVICE } from "../../src/base/runbook/parts.ts";
import type { Rules } from "../../src/steer/alerts/rules/rules.ts";

const LIMITS_DIR = join(import.meta.dirname, "../../src/base/limits");

const DOES: Readonly<Record<Remedy, string>> = {
  drop_frame: "drops the frame",
  resync_book: "fetches the book again",
  reconnect: "connects again",
  retry: "tries again",
  skip_tick: "skips the tick",
  reject: "refuses what was asked",
  stop: "stops, or does not start",
};

export function runbook({ rules }: Rules): string {
  return `<!-- Written by \`bun scripts/docs.ts\` from src/base/ and ops/alerts.json. Change those, not this page. -->

# Runbook

Look up the word you see. \`/health\` names a part and a reason, an alert a rule, a log line or an answer a code.
\`bun run doctor\` tries what a service needs from outside, step by step, and says what to do about each.

## Parts of /health

| Part | When it is not ok | What to do |
|---|---|---|
${rowsOf(PART_ADVICE)}

## Alerts

When each begins and ends is in [alerts.md](alerts.md).

| Rule | What is wrong | What to do |
|---|---|---|
${rules.map(({ name, title, remedy }) => `| \`${name}\` | ${title} | ${remedy} |`).join("\n")}

## Error codes

| Code | What has happened | What the process does | What to do |
|---|---|---|---|
${errorRows()}

## Limits

What bounds the process: at a limit it does what the line says. Those of a kind go through one place in the code, which counts each time one is met in
\`foretick_limit_reached_total{limit}\`:

| Kind | At it |
|---|---|
${Object.entries(LIMIT_KINDS)
  .map(([kind, { policy }]) => `| ${kind} | ${policy} |`)
  .join("\n")}

| Limit | Value | Kind | What it bounds |
|---|--:|---|---|
${limitRows()}
`;
}

const rowsOf = (
  advice: Readonly<Record<string, { readonly means: string; readonly to_do: string }>>,
): string =>
  Object.entries(advice)
    .map(([name, { means, to_do }]) => `| \`${name}\` | ${means} | ${to_do} |`)
    .join("\n");

const errorRows = (): string =>
  (Object.keys(ERROR_TABLE) as ErrorCode[])
    .map((code) => {
      const { means, to_do } = ERROR_ADVICE[code];
      return `| \`${code}\` | ${means} | ${DOES[ERROR_TABLE[code].remedy]} | ${to_do} |`;
    })
    .join("\n");

/** The sentence of each limit is the comment above it. @throws ForetickError CONFIG_INVALID where one has none. */
function limitRows(): string {
  const sentences = limitSentences();
  return Object.entries(LIMITS)
    .map(([name, value]) => {
      const sentence =
        sentences.get(name) ?? fail("CONFIG_INVALID", `limit ${name} expected a comment, has none`);
      const shown = typeof value === "number" ? grouped(value) : JSON.stringify(value);
      return `| \`${name}\` | ${shown} | ${kindOf(name)} | ${sentence.replaceAll("|", "\\|")} |`;
    })
    .join("\n");
}

/** "counted": of no kind, and counted where it is met. */
function kindOf(name: string): string {
  const found = Object.entries(LIMIT_KINDS).find(([, { limits }]) =>
    (limits as readonly string[]).includes(name),
  );
  if (found) return found[0];
  return name === "event_loop_lag_ms_max" ? "counted" : "";
}

function limitSentences(): Map<string, string> {
  const files = readdirSync(LIMITS_DIR).filter((name) => name.endsWith(".ts"));
  const text = files.map((name) => readFileSync(join(LIMITS_DIR, name), "utf8")).join("\n");
  const found = text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([a-z][a-z0-9_]*):/g);
  return new Map(
    [...found].map(([, comment, name]) => [name!, comment!.replace(/\s*\n\s*\*\s*/g, " ").trim()]),
  );
}

const grouped = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en-US") : String(value);
