/**
 * Where alerts are kept: on disk at once, in the database as soon as it answers. It also brings what others have put
 * there: alerts of the service before this one, silences, events of workers and commands.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { micros, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Alert, Silence } from "../../record/alerts/alert.ts";
import type { AlertEvent } from "../../record/alerts/alert_event.ts";
import {
  alertsToGoOnWith,
  dropOldAlerts,
  markTaken,
  readAlerts,
  readSilences,
  saveAlert,
  waitingEvents,
} from "../../record/alerts/alert_rows.ts";
import { AlertFile } from "./alert_file.ts";

export interface AlertStoreOptions {
  readonly data_dir: string;
  /** Undefined while the database is not open. */
  readonly sql: () => Sql | undefined;
  readonly symbols: () => readonly string[];
  /** Alerts that are open or have still to be told. */
  readonly kept: () => readonly Alert[];
  /** Of a service before this one, or newer in the database than here. */
  readonly onFound: (alerts: readonly Alert[]) => void;
  /** The newest that are over. */
  readonly onRecent: (alerts: readonly Alert[]) => void;
  readonly onEvent: (event: AlertEvent) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const DROP_EVERY_US = 3_600 * US_PER_SEC;

export class AlertStore {
  readonly #options: AlertStoreOptions;
  readonly #file: AlertFile;
  readonly #unsaved = new Map<string, Alert>();
  /** Events given on, not yet marked: first what they led to is saved. */
  readonly #taken = new Set<string>();
  #silences: readonly Silence[] = [];
  #file_stale = false;
  /** Symbols whose alerts have been looked for in the database. */
  #known_symbols: string | undefined;
  #polled_us = Number.NEGATIVE_INFINITY;
  #dropped_us = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #failed = false;

  constructor(options: AlertStoreOptions) {
    this.#options = options;
    this.#file = new AlertFile(options.data_dir);
  }

  get silences(): readonly Silence[] {
    return this.#silences;
  }

  /** Whether the database has said which alerts were open. */
  get restored(): boolean {
    return this.#known_symbols !== undefined;
  }

  /** What was open in the process before, by its file. Never rejects: without it the database tells. */
  async begin(): Promise<readonly Alert[]> {
    const { clock, log } = this.#options;
    try {
      const read = this.#file.read();
      return await withDeadline(read, {
        clock,
        limit: "alert_store_ms_max",
        what: "the file of open alerts",
      });
    } catch (error) {
      log.warn({ error: describeError(error) }, "alerts: the file of open alerts cannot be read");
      return [];
    }
  }

  changed(alert: Alert): void {
    this.#unsaved.set(alert.alert_id, alert);
    this.#file_stale = true;
  }

  /** It became another one, before it was saved. */
  forget(alert_id: string): void {
    this.#unsaved.delete(alert_id);
  }

  /** Keeps what has changed, in the background; what fails is tried again at the next call. */
  sync(): void {
    void this.flush();
  }

  /** As `sync`; resolves when it is through. Never rejects. */
  flush(): Promise<void> {
    this.#running ??= this.#keep().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #keep(): Promise<void> {
    const { clock, log } = this.#options;
    const bounded = <T>(work: Promise<T>, what: string): Promise<T> =>
      withDeadline(work, { clock, limit: "alert_store_ms_max", what });
    const results = await Promise.allSettled([
      bounded(this.#write(), "writing the file of open alerts"),
      bounded(this.#exchange(), "the database's answer about alerts"),
    ]);
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected" && !this.#failed) {
      const error = describeError(failed.reason);
      log.warn({ error }, "alerts: they could not be kept, this is tried again");
    }
    this.#failed = failed !== undefined;
  }

  async #write(): Promise<void> {
    if (!this.#file_stale) return;
    this.#file_stale = false;
    try {
      await this.#file.write(this.#options.kept());
    } catch (error) {
      this.#file_stale = true;
      throw error;
    }
  }

  async #exchange(): Promise<void> {
    const sql = this.#options.sql();
    if (!sql) return;
    await this.#restore(sql);
    const taken = [...this.#taken];
    for (const [id, alert] of [...this.#unsaved]) {
      await saveAlert(sql, alert);
      if (this.#unsaved.get(id) === alert) this.#unsaved.delete(id);
    }
    await this.#poll(sql, taken);
  }

  /** Once, and again when this service leads other symbols. */
  async #restore(sql: Sql): Promise<void> {
    const { symbols, kept, onFound, onRecent } = this.#options;
    const led = symbols();
    if (this.#known_symbols === led.join()) return;
    const ids = kept().map(({ alert_id }) => alert_id);
    const found = await alertsToGoOnWith(sql, led, ids);
    const recent = await readAlerts(sql, { state: "all", limit: LIMITS.alerts_recent_max });
    this.#known_symbols = led.join();
    onRecent(recent.filter(({ resolved_us }) => resolved_us !== null));
    onFound(found);
  }

  async #poll(sql: Sql, taken: readonly string[]): Promise<void> {
    const { clock, symbols, onEvent } = this.#options;
    const now_us = clock.monotonicUs();
    if (now_us - this.#polled_us < LIMITS.alert_poll_ms * US_PER_MS) return;
    this.#polled_us = now_us;
    if (taken.length > 0) await markTaken(sql, taken);
    for (const id of taken) this.#taken.delete(id);
    this.#silences = await readSilences(sql);
    for (const { event_id, event } of await waitingEvents(sql, symbols())) {
      if (this.#taken.has(event_id)) continue;
      this.#taken.add(event_id);
      onEvent(event);
    }
    if (now_us - this.#dropped_us < DROP_EVERY_US) return;
    this.#dropped_us = now_us;
    await dropOldAlerts(sql, micros(clock.now()));
  }
}
