/**
 * What happened and may be worth an alert: a rollback, a deployment that failed, a training that failed, drift. The
 * service's own parts give it to `Alerts.onEvent`; another process (a worker, a command) leaves it in table
 * `alert_events`, from where the service takes it.
 */

import type { Sql } from "postgres";
import { z } from "zod";
import { LIMITS } from "../../base/limits.ts";
import { parsed } from "../registry/inputs.ts";
import { asked } from "../sql/asked.ts";

/** Each is watched by a rule of ops/alerts.json. */
export const ALERT_EVENT_KINDS = ["rollback", "deployment", "training_failed", "drift"] as const;

export const alertEventSchema = z.strictObject({
  kind: z.enum(ALERT_EVENT_KINDS),
  /** Undefined: it concerns all of the service. */
  symbol: z
    .string()
    .regex(/^[A-Z0-9]{3,20}$/, "expected a symbol such as BTCUSDT")
    .optional(),
  /** One sentence for a person, without secrets: what happened and what it means. */
  summary: z
    .string()
    .trim()
    .min(1)
    .transform((text) => text.slice(0, LIMITS.alert_summary_chars_max)),
  /** What it rests on, as measured. */
  evidence: z.record(z.string(), z.json()).default({}),
  /** true: what the last event of this kind and symbol told of is over, such as by a training that succeeded. */
  is_over: z.boolean().default(false),
});

export type AlertEvent = z.input<typeof alertEventSchema>;
export type OnAlertEvent = (event: AlertEvent) => void;

/**
 * Leaves an event for the service, from another process.
 * @throws ForetickError REQUEST_INVALID naming the field; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function tellAlerts(sql: Sql, event: AlertEvent): Promise<void> {
  const { kind, symbol, summary, evidence, is_over } = parsed("alert event", alertEventSchema, event);
  await asked(sql`
    insert into alert_events (kind, symbol, is_over, summary, evidence)
    values (${kind}, ${symbol ?? null}, ${is_over}, ${summary}, ${JSON.stringify(evidence)}::text::jsonb)`);
}
