/**
 * Tells when an alias of the registry may have moved: at once, by the database's own notification, and every so
 * often without one, since a notification is lost with the connection it would have come on.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Database } from "./database.ts";

/** What the trigger `model_aliases_moved` notifies on. */
export const MODEL_CHANNEL = "foretick_models";

export interface ChampionWatchOptions {
  readonly database: Pick<Database, "connect">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly poll_s: number;
  /** Never called while its last call is under way; what comes meanwhile is one more call. */
  readonly onMaybeMoved: () => Promise<void>;
}

export class ChampionWatch {
  readonly #options: ChampionWatchOptions;
  readonly #sql: Sql;
  #listening = false;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #look_again = false;
  #closed = false;

  constructor(options: ChampionWatchOptions) {
    this.#options = options;
    this.#sql = options.database.connect({
      application_name: "foretick models",
      onNotify: (channel) => {
        if (channel === MODEL_CHANNEL) this.#look();
      },
      onClose: () => {
        this.#listening = false;
      },
    });
  }

  /** Whether a move would be told at once. */
  get listening(): boolean {
    return this.#listening;
  }

  start(): void {
    void this.#round();
  }

  /** Resolves when the look under way is done. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#looking;
    await this.#sql.end({ timeout: 1 }).catch(() => undefined);
  }

  async #round(): Promise<void> {
    await this.#listen();
    this.#look();
    if (this.#closed) return;
    const { clock, poll_s } = this.#options;
    this.#timer = clock.after(poll_s * 1_000, () => void this.#round());
  }

  async #listen(): Promise<void> {
    if (this.#listening || this.#closed) return;
    try {
      await this.#sql.unsafe(`listen ${MODEL_CHANNEL}`);
      this.#listening = true;
    } catch (error) {
      if (this.#closed) return;
      this.#options.log.warn(
        { error: describeError(error) },
        `not told of new champions; looking every ${this.#options.poll_s} s`,
      );
    }
  }

  #look(): void {
    if (this.#closed) return;
    if (this.#looking) {
      this.#look_again = true;
      return;
    }
    this.#looking = this.#options.onMaybeMoved().finally(() => {
      this.#looking = undefined;
      if (!this.#look_again) return;
      this.#look_again = false;
      this.#look();
    });
  }
}
