/**
 * Reports when an alias of the registry may have moved: at once, by the database's own notification, and
 * every so often without one, since a notification is lost with the connection it would have come on.
 */

import type { Clock } from "../../base/clock.ts";
import { describeError, fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Database } from "../database.ts";
import { Notifications } from "../notifications.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";

/** What the trigger `model_aliases_moved` notifies on. */
const MODEL_CHANNEL = "foretick_models";

export interface ChampionWatchOptions {
  readonly database: Pick<Database, "connect">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly poll_s: number;
  /**
   * Never called while its last call is under way; what comes meanwhile is one more call. Resolves with whether the
   * registry answered: where it did not, it is called again soon.
   */
  readonly onMaybeMoved: () => Promise<boolean>;
}

export class ChampionWatch {
  readonly #options: ChampionWatchOptions;
  readonly #rounds: RoundJob;
  readonly #notifications: Notifications;
  #looking: Promise<void> | undefined;
  #look_again = false;
  #answered = true;
  #warned = false;

  constructor(options: ChampionWatchOptions) {
    this.#options = options;
    this.#rounds = new RoundJob({
      clock: options.clock,
      round: () => this.#round(),
      cut: async () => {
        await this.#looking;
        await this.#notifications.close();
      },
      pauseMs: (last_error) => roundPauseMs(options.poll_s * 1_000, last_error),
      // The one who looked has told.
      onFailed: () => {},
    });
    this.#notifications = new Notifications({
      ...{ database: options.database, clock: options.clock },
      ...{ channel: MODEL_CHANNEL, application_name: "foretick models", onNotified: () => this.#look() },
    });
  }

  /** Whether a move would be notified at once. */
  get listening(): boolean {
    return this.#notifications.listening;
  }

  start(): void {
    void this.#rounds.run().then(() => this.#rounds.start());
  }

  /** Resolves when the look under way is done. May be called twice. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #round(): Promise<void> {
    await this.#listen();
    this.#look();
    await this.#looking;
    if (!this.#answered) fail("STORE_UNREACHABLE", "the registry of models expected to answer, did not");
  }

  async #listen(): Promise<void> {
    if (this.#rounds.isClosing) return;
    try {
      await this.#notifications.listen();
      this.#warned = false;
    } catch (error) {
      if (this.#rounds.isClosing || this.#warned) return;
      this.#warned = true;
      this.#options.log.warn(
        { error: describeError(error) },
        `the database sends no notifications of new champions: checking every ${this.#options.poll_s} s`,
      );
    }
  }

  #look(): void {
    if (this.#rounds.isClosing) return;
    if (this.#looking) {
      this.#look_again = true;
      return;
    }
    this.#looking = this.#options.onMaybeMoved().then((answered) => {
      this.#answered = answered;
      this.#looking = undefined;
      if (!this.#look_again) return;
      this.#look_again = false;
      this.#look();
    });
  }
}
