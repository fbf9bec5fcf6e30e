/** Webhooks: Slack's form, which many chats take, and a plain one for programs. Their URL is a secret. */

import type { Clock } from "../../../base/clock.ts";
import { ForetickError, fail } from "../../../base/errors.ts";
import { readText, redirectOf, retryAfterSeconds } from "../../../base/http.ts";
import { LIMITS } from "../../../base/limits.ts";
import { isoOf, US_PER_MS } from "../../../base/units.ts";
import type { AlertMessage } from "../message.ts";
import type { Channel } from "./channel.ts";

/** One that asks for patience, or fails in itself, may take the message later. */
const LATER: readonly number[] = [408, 425, 429];

export function slackChannel(url: string, clock: Clock): Channel {
  const setting = "SLACK_WEBHOOK_URL";
  return webhook({
    name: "slack",
    setting,
    url,
    clock,
    bodyOf: (message) => ({ text: slackText(message.text) }),
  });
}

export function webhookChannel(url: string, clock: Clock): Channel {
  const setting = "ALERT_WEBHOOK_URL";
  return webhook({ name: "webhook", setting, url, clock, bodyOf: plainBody });
}

interface WebhookOptions extends Pick<Channel, "name" | "setting"> {
  readonly url: string;
  readonly clock: Clock;
  readonly bodyOf: (message: AlertMessage) => object;
}

function webhook({ name, setting, url, clock, bodyOf }: WebhookOptions): Channel {
  const address = new URL(url).origin;
  return {
    ...{ name, setting, address },
    close: () => {},
    send: async (message, signal) => {
      const answer = await posted(url, bodyOf(message), signal).catch((error: unknown) => {
        // The error of a request may hold its URL.
        const code = (error as { code?: unknown }).code;
        return fail(
          "ALERT_CHANNEL",
          `${address} expected to take a message, did not answer${typeof code === "string" ? ` (${code})` : ""}. Check ${setting}`,
        );
      });
      await taken(answer, { url, address, setting, now_ms: clock.now() / US_PER_MS });
    },
  };
}

function posted(url: string, body: object, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    ...{ method: "POST", redirect: "manual", signal },
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  });
}

async function taken(
  answer: Response,
  { url, address, setting, now_ms }: { url: string; address: string; setting: string; now_ms: number },
): Promise<void> {
  const { status, headers } = answer;
  const elsewhere = redirectOf(answer, url);
  // Read and left: an answer that has not ended keeps its connection.
  const said = await readText(answer, "alert_answer_bytes_max", "ALERT_CHANNEL").catch(() => "");
  if (answer.ok) return;
  const sent_on = elsewhere === undefined ? "" : `, sent on to ${elsewhere}, which is not followed`;
  const words = said
    .replace(/[\p{Cc}\s]+/gu, " ")
    .slice(0, 80)
    .trim();
  const message = `${address} expected to take a message, answered ${status}${sent_on}${words ? ` (${words})` : ""}. Check ${setting}`;
  if (status >= 400 && status < 500 && !LATER.includes(status)) fail("ALERT_REFUSED", message);
  const retry_after_s = retryAfterSeconds(headers, now_ms, LIMITS.alert_retry_ms_max / 1_000);
  throw new ForetickError("ALERT_CHANNEL", message, { details: { retry_after_s } });
}

/** Slack reads &, < and > as its markup. */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function plainBody(message: AlertMessage): object {
  const { step, started_us, resolved_us, ...same } = message;
  return {
    ...{ state: step, ...same },
    started_at: isoOf(started_us),
    resolved_at: resolved_us === null ? null : isoOf(resolved_us),
  };
}
