/** The JSON of `/alerts`. */

import { z } from "zod";
import { isoOf } from "../../base/units.ts";
import { type AlertPart, SEVERITIES, type Silence } from "../../record/alerts/alert.ts";
import { instant } from "../describe/answers.ts";
import type { AlertView } from "../ports.ts";
import { isoOrNull } from "./nullable.ts";

const alertPartSchema = z.strictObject({
  rule: z.string(),
  symbol: z.string().nullable(),
  summary: z.string(),
  started_at: instant,
  over_at: instant.nullable().meta({ description: "Null while it is wrong." }),
});
type AlertPartJson = z.output<typeof alertPartSchema>;

const alertSchema = z
  .strictObject({
    alert_id: z.string(),
    state: z.enum(["open", "resolved"]),
    rule: z.string(),
    title: z.string(),
    severity: z.enum(SEVERITIES),
    symbol: z.string().nullable().meta({ description: "Null: all of the service." }),
    summary: z.string(),
    remedy: z.string().meta({ description: "What a person does about it." }),
    started_at: instant,
    resolved_at: instant.nullable().meta({ description: "Null while it is open." }),
    parts: z.array(alertPartSchema).meta({ description: "All that belongs to the same fault." }),
  })
  .meta({ id: "Alert" });
export type AlertJson = z.output<typeof alertSchema>;

/** Answer of `/alerts`. The newest first. */
export const alertsSchema = z
  .strictObject({
    as_of: instant,
    open: z.array(alertSchema),
    recent: z.array(alertSchema),
    silences: z
      .array(z.strictObject({ rule: z.string(), until: instant }))
      .meta({ description: "Rules of which nobody is told for a while." }),
  })
  .meta({ id: "Alerts" });
export type AlertsJson = z.output<typeof alertsSchema>;

export function alertJson({ alert, rule }: AlertView): AlertJson {
  const { alert_id, severity, symbol, summary, started_us, resolved_us, parts } = alert;
  return {
    ...{ alert_id, state: resolved_us === null ? "open" : "resolved", rule: alert.rule },
    ...{ title: rule?.title ?? alert.rule, severity, symbol, summary, remedy: rule?.remedy ?? "" },
    ...{ started_at: isoOf(started_us), resolved_at: isoOrNull(resolved_us), parts: parts.map(partJson) },
  };
}

export const silenceJson = ({ rule, until_us }: Silence): AlertsJson["silences"][number] => ({
  ...{ rule, until: isoOf(until_us) },
});

const partJson = ({ rule, symbol, summary, started_us, over_us }: AlertPart): AlertPartJson => ({
  ...{ rule, symbol, summary, started_at: isoOf(started_us), over_at: isoOrNull(over_us) },
});
