/** The alerts of the service: what is wrong, told once, and told again when it is over. See docs/alerts.md. */

import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import type { Clock, Timer } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { isFull } from "../../base/reached.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Alert, Silence } from "../../record/alerts/alert.ts";
import { type AlertEvent, alertEventSchema } from "../../record/alerts/alert_event.ts";
import { parsed } from "../../record/registry/inputs.ts";
import { AlertBook } from "./alert_book.ts";
import { AlertStore } from "./alert_store.ts";
import type { Channel } from "./channels/channel.ts";
import { Delivery, type Due, stepDue } from "./delivery.ts";
import { KeptAlerts } from "./kept_alerts.ts";
import { messageOf } from "./message.ts";
import { Conditions, type Now } from "./rules/conditions.ts";
import type { Readings } from "./rules/readings.ts";
import type { Rule, Rules } from "./rules/rules.ts";

export interface AlertsOptions {
  readonly rules: Rules;
  readonly readings: Readings;
  readonly channels: readonly Channel[];
  readonly data_dir: string;
  /** Undefined while the database is not open. */
  readonly sql: () => Sql | undefined;
  /** For people, e.g. the host's name. */
  readonly service: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId?: () => string;
}

export class Alerts {
  readonly deliveries: readonly Delivery[];
  readonly rules: readonly Rule[];
  readonly #options: AlertsOptions;
  readonly #conditions: Conditions;
  readonly #book: AlertBook;
  readonly #store: AlertStore;
  readonly #by_name: ReadonlyMap<string, Rule>;
  readonly #kept = new KeptAlerts();
  #events: AlertEvent[] = [];
  #events_dropped = 0;
  readonly #began_us: number;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: AlertsOptions) {
    const { rules, readings, service, clock, log, channels, newId = randomUUID } = options;
    this.#options = options;
    this.rules = rules.rules;
    this.#by_name = new Map(rules.rules.map((rule) => [rule.name, rule]));
    this.#began_us = clock.monotonicUs();
    this.#conditions = new Conditions(rules, readings, this.#now());
    this.#book = new AlertBook({ rules, symbols: () => readings.symbols(), service, newId });
    this.deliveries = channels.map(
      (channel) =>
        new Delivery({
          ...{ channel, clock, log },
          next: () => this.#due(channel.name),
          onTold: (due, outcome) => this.#onTold(due, channel.name, outcome),
        }),
    );
    this.#store = new AlertStore({
      ...{ data_dir: options.data_dir, sql: options.sql, clock, log },
      symbols: () => readings.symbols(),
      kept: () => [...this.#kept.all],
      onFound: (found) => this.#onFound(found),
      onRecent: (recent) => {
        this.#kept.told = recent;
      },
      onEvent: (event) => this.onEvent(event),
    });
  }

  /** The newest first. */
  get open(): readonly Alert[] {
    return this.#kept.open;
  }

  /** Over, the newest first. */
  get recent(): readonly Alert[] {
    return this.#kept.recent;
  }

  get silences(): readonly Silence[] {
    const { clock } = this.#options;
    return this.#store.silences.filter(({ until_us }) => until_us > clock.now());
  }

  /** Messages that channels have still to take. */
  get untold(): number {
    const names = this.#options.channels.map(({ name }) => name);
    const due = [...this.#kept.all].flatMap((alert) => names.filter((name) => stepDue(alert, name)));
    return due.length;
  }

  /** Events dropped because too many waited. */
  get events_dropped(): number {
    return this.#events_dropped;
  }

  /** Events that the next look at the rules takes up. */
  get waiting(): readonly AlertEvent[] {
    return this.#events;
  }

  /**
   * Something happened in another part of the service. Returns at once.
   * @throws ForetickError REQUEST_INVALID naming the field.
   */
  onEvent(event: AlertEvent): void {
    const taken = parsed("alert event", alertEventSchema, event);
    if (isFull("alert_events_waiting_max", this.#events.length)) {
      this.#events.shift();
      this.#events_dropped++;
    }
    this.#events.push(taken);
  }

  /** Goes on where the process before ended, then looks every second. Never rejects. */
  async start(): Promise<void> {
    const found = await this.#store.begin();
    for (const alert of found) this.#goOnWith(alert);
    if (!this.#stopped) this.#lookLater();
  }

  /** Looks no more: what ends because the service ends is no fault. May be called twice. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.deliveries.map((delivery) => delivery.close()));
    await this.#store.flush();
    // Once more: what was told while the first was under way.
    await this.#store.flush();
  }

  /** Resolves when what has changed is kept, or could not be. Never rejects. */
  kept(): Promise<void> {
    return this.#store.flush();
  }

  /** One look at everything, now. */
  look(): void {
    const now = this.#now();
    const events = this.#events.splice(0);
    for (const alert of this.#book.take(this.#conditions.look(events, now), now)) this.#onChanged(alert);
    if (this.#mayTell(now)) for (const delivery of this.deliveries) delivery.kick();
    this.#store.sync();
  }

  #lookLater(): void {
    const { clock, log } = this.#options;
    this.#timer = clock.after(LIMITS.alert_look_ms, () => {
      try {
        this.look();
      } catch (error) {
        log.error(
          { error: describeError(error) },
          "alerts: a look at the rules failed, the next one goes on",
        );
      }
      if (!this.#stopped) this.#lookLater();
    });
  }

  #now(): Now {
    const { clock } = this.#options;
    return { wall_us: clock.now(), monotonic_us: clock.monotonicUs() };
  }

  /** Nobody is told twice: first it is known what was open before. */
  #mayTell({ monotonic_us }: Now): boolean {
    return this.#store.restored || monotonic_us - this.#began_us > LIMITS.alert_restore_ms_max * US_PER_MS;
  }

  #onChanged(alert: Alert): void {
    const { log } = this.#options;
    const { alert_id, rule, symbol, severity, summary, resolved_us } = alert;
    const told = { alert_id, rule, symbol, severity };
    const is_new = !this.#kept.has(alert_id);
    if (is_new) log.warn(told, `alert: ${summary}`);
    if (resolved_us !== null) log.info(told, `alert over: ${summary}`);
    // Silenced from its beginning to its end: nobody needs to know.
    const silent = resolved_us !== null && this.#isSilenced(rule);
    this.#keep(silent ? this.#withoutTelling(alert) : alert);
  }

  #withoutTelling(alert: Alert): Alert {
    const skipped = { raised: { at_us: alert.changed_us, given_up: true } } as const;
    const untold = this.#options.channels.filter(({ name }) => !alert.notified[name]?.raised);
    const notified = Object.fromEntries(untold.map(({ name }) => [name, skipped]));
    return { ...alert, notified: { ...alert.notified, ...notified } };
  }

  #keep(alert: Alert): void {
    const { channels } = this.#options;
    this.#kept.put(alert);
    this.#book.put(alert);
    this.#store.changed(alert);
    const is_done = alert.resolved_us !== null && !channels.some(({ name }) => stepDue(alert, name));
    this.#kept.bound();
    if (is_done) this.#kept.done(alert);
  }

  #due(channel: string): Due | undefined {
    const now = this.#now();
    if (!this.#mayTell(now)) return undefined;
    for (const alert of this.#kept.all) {
      const step = stepDue(alert, channel);
      if (!step || (step !== "resolved" && this.#isSilenced(alert.rule))) continue;
      return { alert, step, message: messageOf(alert, step, this.#by_name.get(alert.rule), now.wall_us) };
    }
    return undefined;
  }

  #onTold({ alert, step }: Due, channel: string, outcome: "sent" | "given_up"): void {
    // It may have changed while it was told.
    const current = this.#kept.get(alert.alert_id);
    if (!current) return;
    const at_us = this.#options.clock.now();
    const told = { at_us, ...(outcome === "given_up" ? { given_up: true as const } : {}) };
    const notified = { ...current.notified, [channel]: { ...current.notified[channel], [step]: told } };
    this.#keep({ ...current, notified, changed_us: at_us });
    this.#store.sync();
  }

  #isSilenced(rule: string): boolean {
    return this.silences.some((silence) => silence.rule === rule || silence.rule === "*");
  }

  /** What the database knows is taken where it is newer: another service may have gone on in between. */
  #onFound(found: readonly Alert[]): void {
    for (const alert of found) {
      const mine = this.#kept.get(alert.alert_id);
      if (mine && mine.changed_us >= alert.changed_us) continue;
      if (!mine) this.#goOnWith(alert);
      else {
        this.#book.put(alert);
        this.#keep(alert);
      }
    }
  }

  #goOnWith(alert: Alert): void {
    this.#kept.put(alert);
    if (alert.resolved_us !== null) return;
    for (const part of alert.parts) this.#conditions.restore(part, this.#now());
    const { replaced } = this.#book.restore(alert);
    if (replaced !== undefined) {
      this.#kept.delete(replaced);
      this.#store.forget(replaced);
      const merged = this.#book.open.find(({ alert_id }) => alert_id === alert.alert_id);
      if (merged) this.#keep(merged);
    }
  }
}
