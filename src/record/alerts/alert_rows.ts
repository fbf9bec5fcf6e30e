/** Tables `alerts`, `alert_silences` and `alert_events`: written and read by the service, read and silenced by commands. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import { textsLiteral } from "../sql/array_literal.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";
import type { Alert, AlertPart, Notified, Severity, Silence } from "./alert.ts";
import type { AlertEvent } from "./alert_event.ts";

interface AlertRow {
  alert_id: string;
  rule: string;
  symbol: string | null;
  severity: Severity;
  summary: string;
  started_at: string;
  resolved_at: string | null;
  evidence: { parts: AlertPart[]; worse_us: Micros | null };
  notified: Notified;
  symbols: string[];
  service: string;
  changed_at: string;
}

/** Adds it, or puts it in place of what was known of it. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function saveAlert(sql: Sql, alert: Alert): Promise<void> {
  const { alert_id, rule, symbol, severity, summary, parts, worse_us, notified, symbols, service } = alert;
  const resolved_at = alert.resolved_us === null ? null : textFromMicros(alert.resolved_us);
  const evidence = JSON.stringify({ parts, worse_us });
  await asked(sql`
    insert into alerts (
      alert_id, rule, symbol, state, severity, summary, started_at, resolved_at, evidence, notified, symbols,
      service, changed_at
    )
    values (
      ${alert_id}, ${rule}, ${symbol}, ${resolved_at === null ? "open" : "resolved"}, ${severity}, ${summary},
      ${textFromMicros(alert.started_us)}, ${resolved_at}, ${evidence}::text::jsonb,
      ${JSON.stringify(notified)}::text::jsonb, ${texts(symbols)}::text[], ${service},
      ${textFromMicros(alert.changed_us)}
    )
    on conflict (alert_id) do update
    set
      symbol = excluded.symbol,
      state = excluded.state,
      severity = excluded.severity,
      started_at = excluded.started_at,
      resolved_at = excluded.resolved_at,
      evidence = excluded.evidence,
      notified = excluded.notified,
      symbols = excluded.symbols,
      service = excluded.service,
      changed_at = excluded.changed_at
    where alerts.changed_at <= excluded.changed_at`);
}

/** Open alerts of services that led one of these symbols, and those with these ids. */
export async function alertsToGoOnWith(
  sql: Sql,
  symbols: readonly string[],
  ids: readonly string[],
): Promise<Alert[]> {
  const rows = await asked(sql<AlertRow[]>`
    select *, to_jsonb(symbols) as symbols
    from alerts
    where (state = 'open' and symbols && ${texts(symbols)}::text[])
      or alert_id::text = any(${texts(ids)}::text[])
    order by started_at
    limit ${LIMITS.alerts_max}`);
  return rows.map(alertOf);
}

export interface AlertQuery {
  readonly state: "open" | "all";
  readonly limit: number;
}

/** The newest first. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function readAlerts(sql: Sql, { state, limit }: AlertQuery): Promise<Alert[]> {
  const rows = await asked(sql<AlertRow[]>`
    select *, to_jsonb(symbols) as symbols
    from alerts
    where state = 'open' or ${state === "all"}
    order by started_at desc, alert_id
    limit ${limit}`);
  return rows.map(alertOf);
}

/** Those that last. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function readSilences(sql: Sql): Promise<Silence[]> {
  const rows = await asked(sql<{ rule: string; until: string; silenced_by: string }[]>`
    select rule, until, silenced_by
    from alert_silences
    where until > now()
    order by rule`);
  return rows.map(({ rule, until, silenced_by }) => ({
    ...{ rule, silenced_by },
    until_us: microsFromText(until),
  }));
}

/**
 * Nobody is told of the rule for so long; 0 ends it.
 * @returns until when.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function silenceRule(sql: Sql, rule: string, for_s: number, by: string): Promise<Micros> {
  const [row] = await asked(sql<{ until: string }[]>`
    insert into alert_silences (rule, until, silenced_by)
    values (${rule}, now() + ${for_s} * interval '1 second', ${by})
    on conflict (rule) do update
    set until = excluded.until, silenced_by = excluded.silenced_by, made_at = now()
    returning until`);
  return microsFromText(row!.until);
}

/** An event of another process, waiting. */
export interface WaitingEvent {
  readonly event_id: string;
  readonly event: AlertEvent;
}

/** The oldest first; of these symbols or of none. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function waitingEvents(sql: Sql, symbols: readonly string[]): Promise<WaitingEvent[]> {
  type Row = Required<AlertEvent> & { event_id: string; symbol: string | null };
  const rows = await asked(sql<Row[]>`
    select event_id, kind, symbol, is_over, summary, evidence
    from alert_events
    where taken_at is null
      and (symbol is null or symbol = any(${texts(symbols)}::text[]))
    order by event_id
    limit ${LIMITS.alert_events_waiting_max}`);
  return rows.map(({ event_id, symbol, ...event }) => ({
    event_id,
    event: symbol === null ? event : { ...event, symbol },
  }));
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function markTaken(sql: Sql, event_ids: readonly string[]): Promise<void> {
  await asked(sql`
    update alert_events
    set taken_at = now()
    where event_id = any(${texts(event_ids)}::bigint[])`);
}

/** Deletes what is over and older than it is kept. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function dropOldAlerts(sql: Sql, now_us: Micros): Promise<void> {
  const before = textFromMicros(micros(Math.max(0, now_us - LIMITS.alerts_kept_days * 86_400 * US_PER_SEC)));
  await asked(sql`delete from alerts where resolved_at < ${before}`);
  await asked(sql`delete from alert_events where taken_at < ${before}`);
  await asked(sql`delete from alert_silences where until < ${before}`);
}

const texts = (values: readonly string[]): string => textsLiteral(values, 0, values.length);

function alertOf(row: AlertRow): Alert {
  const { started_at, resolved_at, changed_at, evidence, ...same } = row;
  return {
    ...{ alert_id: same.alert_id, rule: same.rule, symbol: same.symbol, severity: same.severity },
    ...{ summary: same.summary, notified: same.notified, symbols: same.symbols, service: same.service },
    started_us: microsFromText(started_at),
    resolved_us: resolved_at === null ? null : microsFromText(resolved_at),
    worse_us: evidence.worse_us ?? null,
    parts: evidence.parts ?? [],
    changed_us: microsFromText(changed_at),
  };
}
