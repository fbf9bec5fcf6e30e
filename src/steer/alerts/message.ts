/** What a person is told of an alert: plain text, what is wrong, since when, what to do, and that it is over. */

import { LIMITS } from "../../base/limits.ts";
import { isoOf, type Micros, US_PER_SEC } from "../../base/units.ts";
import type { Alert, AlertStep, Severity } from "../../record/alerts/alert.ts";
import type { Rule } from "./rules/rules.ts";

export interface AlertMessage {
  readonly alert_id: string;
  readonly step: AlertStep | "test";
  readonly rule: string;
  readonly severity: Severity;
  readonly symbol: string | null;
  /** One line. */
  readonly subject: string;
  /** Lines. */
  readonly text: string;
  readonly summary: string;
  /** Other rules that are part of the same fault. */
  readonly also: readonly string[];
  readonly remedy: string;
  readonly started_us: Micros;
  readonly resolved_us: Micros | null;
  readonly service: string;
}

/** A message this long after what it tells says so (µs). */
const LATE_US = 120 * US_PER_SEC;
/** Other parts named in a message; the rest is counted (parts). */
const PARTS_TOLD = 8;

/** @param rule the alert's own; undefined where the file has it no longer. */
export function messageOf(
  alert: Alert,
  step: AlertStep,
  rule: Rule | undefined,
  now_us: Micros,
): AlertMessage {
  const { alert_id, symbol, severity, summary, started_us, resolved_us, service } = alert;
  const title = `${rule?.title ?? alert.rule}${symbol === null ? "" : `, ${symbol}`}`;
  const remedy = rule?.remedy ?? "See /health and the log.";
  const others = alert.parts.filter((part) => part.rule !== alert.rule || part.symbol !== alert.symbol);
  const also = others
    .filter((part) => part.summary !== summary)
    .map((part) => `${part.rule}${part.symbol === null ? "" : ` ${part.symbol}`}`);
  const told = [...new Set(also)];
  const parts = told.slice(0, PARTS_TOLD).join(", ");
  const more = told.length > PARTS_TOLD ? ` and ${told.length - PARTS_TOLD} more` : "";
  const happened_us =
    { raised: started_us, worse: alert.worse_us, resolved: resolved_us }[step] ?? started_us;
  const lines = {
    raised: [`${summary}.`, `Since ${timeText(started_us)}.`],
    worse: [`A warning has become urgent. ${summary}.`, `Since ${timeText(started_us)}.`],
    resolved: [
      `Over since ${timeText(resolved_us ?? now_us)}; it began at ${timeText(started_us)} and lasted ${lengthText((resolved_us ?? now_us) - started_us)}.`,
      `It was: ${summary}.`,
    ],
  }[step];
  const head = { raised: severity.toUpperCase(), worse: "WORSE", resolved: "OVER" }[step];
  const text = [
    `[${head}] ${title}`,
    ...lines,
    ...(told.length > 0 ? [`Part of the same fault: ${parts}${more}.`] : []),
    ...(step === "resolved" ? [] : [`What to do: ${remedy}`]),
    ...(now_us - happened_us > LATE_US
      ? ["This message comes late: the channel did not take it before."]
      : []),
    `foretick on ${service}, alert ${alert_id}`,
  ];
  return {
    ...{
      alert_id,
      step,
      rule: alert.rule,
      severity,
      symbol,
      summary,
      remedy,
      started_us,
      resolved_us,
      service,
    },
    subject: oneLine(`foretick ${head}: ${title}`),
    text: bounded(text.join("\n")),
    also: told,
  };
}

/** A message that tells nothing but that the channel works. */
export function testMessage(service: string, alert_id: string, now_us: Micros): AlertMessage {
  const summary = "This is a test of the alerts: nothing is wrong";
  return {
    ...{ alert_id, step: "test", rule: "test", severity: "warning", symbol: null, summary, service },
    subject: "foretick TEST: this channel works",
    text: `[TEST] This channel works\n${summary}.\nSent ${timeText(now_us)}.\nforetick on ${service}`,
    ...{ also: [], remedy: "Nothing.", started_us: now_us, resolved_us: now_us },
  };
}

const timeText = (time_us: Micros): string => `${isoOf(time_us).slice(0, 19).replace("T", " ")} UTC`;

/** "1 h 4 min", "12 s". */
export function lengthText(length_us: number): string {
  const s = Math.max(0, Math.round(length_us / US_PER_SEC));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 172_800) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`;
  return `${Math.floor(s / 86_400)} days ${Math.floor((s % 86_400) / 3_600)} h`;
}

/** Control characters are no part of a header line. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, " ").slice(0, 200);

function bounded(text: string): string {
  const max = LIMITS.alert_message_chars_max;
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
