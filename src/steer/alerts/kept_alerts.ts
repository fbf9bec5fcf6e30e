/** The alerts that are kept in memory: open, over and still to be told, and the newest that are over and told. */

import { LIMITS } from "../../base/limits.ts";
import type { Alert } from "../../record/alerts/alert.ts";

export class KeptAlerts {
  /** Over and told, the newest first. */
  told: readonly Alert[] = [];
  /** Open, or over and still to be told. */
  readonly #alerts = new Map<string, Alert>();

  get all(): Iterable<Alert> {
    return this.#alerts.values();
  }

  /** The newest first. */
  get open(): readonly Alert[] {
    return newestFirst([...this.#alerts.values()].filter(({ resolved_us }) => resolved_us === null));
  }

  /** Over, the newest first. */
  get recent(): readonly Alert[] {
    const untold = [...this.#alerts.values()].filter(({ resolved_us }) => resolved_us !== null);
    const told = this.told.filter(({ alert_id }) => !this.#alerts.has(alert_id));
    return newestFirst([...untold, ...told]).slice(0, LIMITS.alerts_recent_max);
  }

  get(alert_id: string): Alert | undefined {
    return this.#alerts.get(alert_id);
  }

  has(alert_id: string): boolean {
    return this.#alerts.has(alert_id);
  }

  put(alert: Alert): void {
    this.#alerts.set(alert.alert_id, alert);
  }

  delete(alert_id: string): void {
    this.#alerts.delete(alert_id);
  }

  /** It is over and told. */
  done(alert: Alert): void {
    this.#alerts.delete(alert.alert_id);
    this.told = newestFirst([alert, ...this.told]).slice(0, LIMITS.alerts_recent_max);
  }

  /** Where too many are kept, one that is over goes untold. */
  bound(): void {
    if (this.#alerts.size <= LIMITS.alerts_max) return;
    const over = [...this.#alerts.values()].find(({ resolved_us }) => resolved_us !== null);
    if (over) this.#alerts.delete(over.alert_id);
  }
}

const newestFirst = (alerts: Alert[]): Alert[] => alerts.sort((a, b) => b.started_us - a.started_us);
