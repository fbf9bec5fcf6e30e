/** Alerts and silences as lines for a person. */

import type { Micros } from "../../../src/base/units.ts";
import type { Alert, Silence } from "../../../src/record/alerts/alert.ts";
import { lengthText } from "../../../src/steer/alerts/message.ts";

export function alertLines(alerts: readonly Alert[], now_us: Micros): string[] {
  if (alerts.length === 0) return ["nothing is wrong"];
  return alerts.flatMap(({ rule, symbol, severity, summary, started_us, resolved_us, parts, notified }) => {
    const state = resolved_us === null ? "open" : "over";
    const length = lengthText((resolved_us ?? now_us) - started_us);
    const others = [...new Set(parts.map((part) => part.rule))].filter((name) => name !== rule);
    const told = Object.entries(notified).flatMap(([channel, steps]) =>
      Object.entries(steps).map(
        ([step, { given_up }]) => `${channel} ${given_up ? `not told (${step})` : step}`,
      ),
    );
    return [
      `${timeText(started_us)}  ${state.padEnd(4)}  ${severity.padEnd(7)}  ${rule}  ${symbol ?? "all"}  ${length}`,
      `  ${summary}`,
      ...(others.length > 0 ? [`  with ${others.join(", ")}`] : []),
      ...(told.length > 0 ? [`  told: ${told.join(", ")}`] : []),
    ];
  });
}

export const silenceLines = (silences: readonly Silence[]): string[] =>
  silences.map(
    ({ rule, until_us, silenced_by }) => `silenced: ${rule} until ${timeText(until_us)} by ${silenced_by}`,
  );

const timeText = (time_us: Micros): string =>
  new Date(time_us / 1_000).toISOString().slice(0, 19).replace("T", " ");
