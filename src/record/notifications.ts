/**
 * Listens on one of the database's channels, on a connection of its own. A notification is lost with the connection it
 * would have come on, so whoever listens also looks every so often, and calls `listen` before each look.
 */

import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import type { Database } from "./database.ts";

export interface NotificationsOptions {
  readonly database: Pick<Database, "connect">;
  readonly clock: Clock;
  /** What a trigger notifies on. */
  readonly channel: string;
  readonly application_name: string;
  readonly onNotified: () => void;
}

export class Notifications {
  readonly #options: NotificationsOptions;
  #sql: Sql;
  #listening = false;

  constructor(options: NotificationsOptions) {
    this.#options = options;
    this.#sql = this.#connect();
  }

  get listening(): boolean {
    return this.#listening;
  }

  /** Does nothing while it listens. Rejects where the database does not let it, as a pooler between them may not. */
  async listen(): Promise<void> {
    if (this.#listening) return;
    const { clock, channel } = this.#options;
    await withDeadline(this.#sql.unsafe(`listen ${channel}`), {
      ...{ clock, limit: "registry_ms_max", what: "the database's answer to listen" },
      onGivenUp: () => this.#reconnect(),
    });
    this.#listening = true;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: 1 }).catch(() => undefined);
  }

  #connect(): Sql {
    const { database, channel, application_name, onNotified } = this.#options;
    return database.connect({
      ...{ application_name, passing: true },
      onNotify: (notified) => {
        if (notified === channel) onNotified();
      },
      onClose: () => {
        this.#listening = false;
      },
    });
  }

  /** A connection that does not answer is left for a new one. */
  #reconnect(): void {
    void this.#sql.end({ timeout: 0 }).catch(() => undefined);
    this.#sql = this.#connect();
  }
}
