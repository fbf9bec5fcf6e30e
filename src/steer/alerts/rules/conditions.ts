/** Every rule held against the service: what is wrong now, of which symbol, in a sentence with what was measured. */

import { LIMITS } from "../../../base/limits.ts";
import { type Micros, micros, US_PER_SEC } from "../../../base/units.ts";
import type { AlertPart } from "../../../record/alerts/alert.ts";
import type { AlertEvent } from "../../../record/alerts/alert_event.ts";
import { Condition } from "./condition.ts";
import { MetricWindow } from "./metric_window.ts";
import type { Readings, ReadPart } from "./readings.ts";
import type { MetricWatch, Rule, Rules } from "./rules.ts";

/** Now, by the wall clock and by the monotonic one (µs). */
export interface Now {
  readonly wall_us: Micros;
  readonly monotonic_us: number;
}

/** A rule that finds something wrong. */
export interface Finding {
  readonly rule: Rule;
  /** Null: of all. */
  readonly symbol: string | null;
  readonly summary: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly started_us: Micros;
  readonly seen_us: Micros;
}

interface Seen {
  readonly symbol: string | null;
  /** Undefined: not known, or between the bound and where it is well again. */
  readonly is_wrong: boolean | undefined;
  readonly summary: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

interface Kept {
  readonly condition: Condition;
  last: Finding | undefined;
}

const RANK = { ok: 0, degraded: 1, down: 2 } as const;

export class Conditions {
  readonly #rules: Rules;
  readonly #readings: Readings;
  readonly #started_us: number;
  readonly #windows = new Map<string, MetricWindow>();
  readonly #kept = new Map<string, Kept>();

  constructor(rules: Rules, readings: Readings, now: Now) {
    this.#rules = rules;
    this.#readings = readings;
    this.#started_us = now.monotonic_us;
    for (const { name, watch } of rules.rules) {
      if ("metric" in watch) this.#windows.set(name, new MetricWindow(watch));
    }
  }

  /** What was open before this process began. Nothing where there is no such rule any more. */
  restore(part: AlertPart, now: Now): void {
    const rule = this.#rules.rules.find(({ name }) => name === part.rule);
    if (!rule || part.over_us !== null) return;
    const kept = this.#of(rule, part.symbol);
    if (kept.condition.holds) return;
    const ago_us = Math.max(0, now.wall_us - part.seen_us);
    kept.condition.restore("event" in rule.watch ? now.monotonic_us - ago_us : undefined);
    kept.last = { ...part, rule };
  }

  /** One look: every finding that counts, in the order of the rules. */
  look(events: readonly AlertEvent[], now: Now): Finding[] {
    const parts = this.#readings.parts();
    for (const rule of this.#rules.rules) {
      if ("event" in rule.watch) this.#takeEvents(rule, events, now);
      else for (const seen of this.#seen(rule, parts, now)) this.#look(rule, seen, now);
    }
    return this.#rules.rules.flatMap((rule) => this.#holding(rule));
  }

  #holding({ name }: Rule): Finding[] {
    const found: Finding[] = [];
    for (const { condition, last } of this.#kept.values()) {
      if (last?.rule.name === name && condition.holds) found.push(last);
    }
    return found;
  }

  #look(rule: Rule, { symbol, is_wrong, summary, evidence }: Seen, now: Now): void {
    const kept = this.#of(rule, symbol);
    const { condition } = kept;
    // Not well yet, and perhaps only because it begins.
    if (is_wrong && this.#isStarting(now) && !condition.was_well && !condition.holds) return;
    condition.look(is_wrong, now.monotonic_us, rule.for_s * US_PER_SEC, rule.clear_for_s * US_PER_SEC);
    if (is_wrong !== true) return;
    const held_us = now.monotonic_us - (condition.wrong_since_us ?? now.monotonic_us);
    const started_us = micros(Math.max(0, now.wall_us - held_us));
    const before = condition.holds && kept.last ? kept.last.started_us : started_us;
    kept.last = {
      ...{ rule, symbol, summary, evidence, seen_us: now.wall_us },
      started_us: micros(Math.min(before, started_us)),
    };
    if (!condition.holds) kept.last = { ...kept.last, started_us };
  }

  /** An event without a symbol that says something is over ends it of every symbol. */
  #takeEvents(rule: Rule, events: readonly AlertEvent[], now: Now): void {
    const { event: kind } = rule.watch as { event: AlertEvent["kind"] };
    for (const [key, { condition }] of this.#kept) {
      if (!key.startsWith(`${rule.name} `)) continue;
      condition.look(false, now.monotonic_us, 0, rule.clear_for_s * US_PER_SEC);
    }
    for (const event of events) {
      if (event.kind !== kind) continue;
      const symbol = event.symbol ?? null;
      if (event.is_over) {
        for (const [key, { condition }] of this.#kept) {
          if (key === keyOf(rule, symbol) || (symbol === null && key.startsWith(`${rule.name} `)))
            condition.end();
        }
        continue;
      }
      const kept = this.#of(rule, symbol);
      const started_us = kept.condition.holds ? (kept.last?.started_us ?? now.wall_us) : now.wall_us;
      kept.condition.happen(now.monotonic_us);
      const { summary, evidence = {} } = event;
      kept.last = { rule, symbol, summary: cut(summary), evidence, started_us, seen_us: now.wall_us };
    }
  }

  #seen(rule: Rule, parts: readonly ReadPart[], now: Now): Seen[] {
    const { watch } = rule;
    if (rule.after_start && this.#isStarting(now)) return [];
    if ("health" in watch) {
      const mine = parts.filter(
        ({ name, symbol }) => name === watch.health || name === `${watch.health} ${symbol}`,
      );
      return mine.map(({ symbol = null, name, state, reason }) => ({
        symbol,
        is_wrong: RANK[state] >= RANK[watch.state],
        summary: cut(reason ?? `${name} is ${state}`),
        evidence: { part: name, state },
      }));
    }
    if (!("metric" in watch)) return [];
    const values = this.#windows.get(rule.name)!.read(this.#readings.samples(watch.metric), now.monotonic_us);
    return [...values].map(([symbol, value]) => ({
      symbol,
      is_wrong: isWrong(watch, value),
      summary: cut(measured(watch, value, symbol)),
      evidence: {
        metric: watch.metric,
        statistic: watch.statistic,
        value: rounded(value),
        bound: bound(watch),
      },
    }));
  }

  #isStarting({ monotonic_us }: Now): boolean {
    return monotonic_us - this.#started_us < this.#rules.start_s * US_PER_SEC;
  }

  #of(rule: Rule, symbol: string | null): Kept {
    const key = keyOf(rule, symbol);
    const kept = this.#kept.get(key) ?? { condition: new Condition(), last: undefined };
    this.#kept.set(key, kept);
    return kept;
  }
}

const keyOf = ({ name }: Rule, symbol: string | null): string => `${name} ${symbol ?? ""}`;

const bound = ({ above, below }: MetricWatch): number => above ?? below!;

function isWrong(watch: MetricWatch, value: number): boolean | undefined {
  if (!Number.isFinite(value)) return undefined;
  const { above, clear_at = bound(watch) } = watch;
  const beyond = (limit: number): boolean => (above !== undefined ? value > limit : value < limit);
  if (beyond(bound(watch))) return true;
  return beyond(clear_at) ? undefined : false;
}

function measured(watch: MetricWatch, value: number, symbol: string | null): string {
  const { metric, statistic, window_s, above } = watch;
  const of = symbol === null ? metric : `${metric} of ${symbol}`;
  const what = {
    last: `${of} is`,
    p95: `the 95th percentile of ${of} over ${window_s} s is`,
    increase: `${of} grew within ${window_s} s by`,
  }[statistic];
  return `${what} ${rounded(value)}, ${above !== undefined ? "more" : "less"} than ${bound(watch)}`;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

function cut(text: string): string {
  const max = LIMITS.alert_summary_chars_max;
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
