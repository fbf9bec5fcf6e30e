/**
 * One fault is one alert. What goes wrong together (one group of rules, the same symbols) is one alert with several
 * parts; it is over when all of them are. No I/O: what is found goes in, alerts come out.
 */

import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import { type Alert, type AlertPart, SEVERITIES } from "../../record/alerts/alert.ts";
import type { Finding, Now } from "./rules/conditions.ts";
import type { Rule, Rules } from "./rules/rules.ts";

export interface AlertBookOptions {
  readonly rules: Rules;
  /** Symbols the service leads now. */
  readonly symbols: () => readonly string[];
  readonly service: string;
  readonly newId: () => string;
}

/** Found, and waiting a moment for what else is found with it. */
interface Waiting {
  readonly since_us: number;
  readonly findings: Map<string, Finding>;
}

export class AlertBook {
  readonly #options: AlertBookOptions;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #open = new Map<string, Alert>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: AlertBookOptions) {
    this.#options = options;
    this.#rules = new Map(options.rules.rules.map((rule) => [rule.name, rule]));
  }

  get open(): readonly Alert[] {
    return [...this.#open.values()];
  }

  /** Goes on with an alert of an earlier process. One that was opened here of the same fault becomes it. */
  restore(alert: Alert): { readonly replaced: string | undefined } {
    const group = this.#groupOf(alert);
    const double = this.open.find(
      (other) =>
        other.alert_id !== alert.alert_id &&
        this.#groupOf(other) === group &&
        this.#covers(other).some((symbol) => this.#covers(alert).includes(symbol)),
    );
    if (double) this.#open.delete(double.alert_id);
    this.#open.set(alert.alert_id, double ? this.#merged(alert, double) : alert);
    return { replaced: double?.alert_id };
  }

  /**
   * What is found wrong now.
   * @returns the alerts that have changed, as they are now; one that is over is no longer in the book.
   */
  take(findings: readonly Finding[], now: Now): Alert[] {
    const changed = new Set<string>();
    for (const finding of findings) {
      const mine = this.#alertOf(finding, now.wall_us);
      if (mine) {
        const next = this.#with(mine, finding, now.wall_us);
        if (next === mine) continue;
        this.#open.set(next.alert_id, next);
        changed.add(next.alert_id);
      } else this.#wait(finding, now);
    }
    for (const id of this.#openWaited(now)) changed.add(id);
    for (const id of this.#endOver(findings, now.wall_us)) changed.add(id);
    const result = [...changed].map((id) => this.#open.get(id)!);
    for (const { alert_id, resolved_us } of result) if (resolved_us !== null) this.#open.delete(alert_id);
    return result;
  }

  /** The alert is as the caller has changed it: who was told, or over as another service has found. */
  put(alert: Alert): void {
    if (!this.#open.has(alert.alert_id)) return;
    if (alert.resolved_us === null) this.#open.set(alert.alert_id, alert);
    else this.#open.delete(alert.alert_id);
  }

  /** The open alert a finding belongs to. */
  #alertOf(finding: Finding, now_us: Micros): Alert | undefined {
    const key = keyOf(finding);
    const mine = this.open.find(({ parts }) => parts.some((part) => keyOfPart(part) === key));
    if (mine) return mine;
    const group = this.open.filter((alert) => this.#groupOf(alert) === finding.rule.group);
    const within = group.find((alert) => {
      const covered = this.#covers(alert);
      return this.#symbolsOf(finding.symbol).every((symbol) => covered.includes(symbol));
    });
    const young_us = this.#options.rules.group_young_s * US_PER_SEC;
    return within ?? group.find(({ started_us }) => now_us - started_us < young_us);
  }

  #with(alert: Alert, finding: Finding, now_us: Micros): Alert {
    const key = keyOf(finding);
    const before = alert.parts.find((part) => keyOfPart(part) === key);
    const worse = rank(finding.rule.severity) > rank(alert.severity);
    if (before && before.over_us === null && !worse) {
      // What is measured moves all the time: kept as it is, unless an event came again.
      if (!("event" in finding.rule.watch) || before.seen_us === finding.seen_us) return alert;
    }
    const part = partOf(finding, before?.started_us);
    return this.#renewed(
      {
        ...alert,
        parts: [...alert.parts.filter((other) => other !== before), part],
        ...(worse ? { severity: finding.rule.severity, worse_us: now_us } : {}),
      },
      now_us,
    );
  }

  #wait(finding: Finding, now: Now): void {
    const { group } = finding.rule;
    const waiting = this.#waiting.get(group) ?? { since_us: now.monotonic_us, findings: new Map() };
    const key = keyOf(finding);
    if (!waiting.findings.has(key)) waiting.findings.set(key, finding);
    this.#waiting.set(group, waiting);
  }

  #openWaited(now: Now): string[] {
    const wait_us = this.#options.rules.group_wait_s * US_PER_SEC;
    return [...this.#waiting].flatMap(([group, { since_us, findings }]) => {
      if (now.monotonic_us - since_us < wait_us) return [];
      this.#waiting.delete(group);
      const alert = this.#opened([...findings.values()], now.wall_us);
      this.#open.set(alert.alert_id, alert);
      return [alert.alert_id];
    });
  }

  #opened(findings: readonly Finding[], now_us: Micros): Alert {
    const gravest = Math.max(...findings.map(({ rule }) => rank(rule.severity)));
    const order = [...this.#rules.keys()];
    const [lead] = findings
      .filter(({ rule }) => rank(rule.severity) === gravest)
      .sort((a, b) => order.indexOf(a.rule.name) - order.indexOf(b.rule.name));
    return this.#renewed(
      {
        alert_id: this.#options.newId(),
        rule: lead!.rule.name,
        symbol: null,
        severity: lead!.rule.severity,
        summary: lead!.summary,
        started_us: micros(Math.min(...findings.map(({ started_us }) => started_us))),
        ...{ resolved_us: null, worse_us: null, notified: {}, symbols: [], changed_us: now_us },
        parts: findings.map((finding) => partOf(finding)),
        service: this.#options.service,
      },
      now_us,
    );
  }

  /** Parts that are no longer found are over, and an alert whose parts are all over is. */
  #endOver(findings: readonly Finding[], now_us: Micros): string[] {
    const found = new Set(findings.map(keyOf));
    return this.open.flatMap((alert) => {
      if (alert.parts.every((part) => part.over_us !== null || found.has(keyOfPart(part)))) return [];
      const parts = alert.parts.map((part) =>
        part.over_us === null && !found.has(keyOfPart(part)) ? { ...part, over_us: now_us } : part,
      );
      const is_over = parts.every(({ over_us }) => over_us !== null);
      const resolved_us = is_over ? micros(Math.max(now_us, alert.started_us)) : null;
      this.#open.set(alert.alert_id, this.#renewed({ ...alert, parts, resolved_us }, now_us));
      return [alert.alert_id];
    });
  }

  #merged(older: Alert, newer: Alert): Alert {
    const keys = new Set(newer.parts.map(keyOfPart));
    return {
      ...older,
      parts: [...older.parts.filter((part) => !keys.has(keyOfPart(part))), ...newer.parts],
      notified: { ...newer.notified, ...older.notified },
      changed_us: newer.changed_us,
    };
  }

  #renewed(alert: Alert, now_us: Micros): Alert {
    const named = [...new Set(alert.parts.flatMap(({ symbol }) => symbol ?? []))];
    return {
      ...alert,
      symbol: named.length === 1 ? named[0]! : null,
      symbols: this.#options.symbols(),
      changed_us: now_us,
    };
  }

  #groupOf({ rule }: Alert): string {
    return this.#rules.get(rule)?.group ?? rule;
  }

  #covers({ parts }: Alert): string[] {
    return parts.flatMap(({ symbol }) => this.#symbolsOf(symbol));
  }

  /** What concerns no symbol of its own concerns all. */
  #symbolsOf(symbol: string | null): readonly string[] {
    return symbol === null ? this.#options.symbols() : [symbol];
  }
}

const rank = (severity: Alert["severity"]): number => SEVERITIES.indexOf(severity);
const keyOf = ({ rule, symbol }: Finding): string => `${rule.name} ${symbol ?? ""}`;
const keyOfPart = ({ rule, symbol }: AlertPart): string => `${rule} ${symbol ?? ""}`;

function partOf(
  { rule, symbol, summary, evidence, started_us, seen_us }: Finding,
  since_us?: Micros,
): AlertPart {
  return {
    ...{ rule: rule.name, symbol, summary, evidence, seen_us, over_us: null },
    started_us: since_us ?? started_us,
  };
}
