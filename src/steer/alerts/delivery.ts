/**
 * One channel's messages, one at a time and in order. What it has not taken is sent again, later and later; nothing
 * waits for it. What is due is not kept here: it follows from the alerts, so a restart goes on where it was.
 */

import type { Clock } from "../../base/clock.ts";
import { pause, withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { ALERT_STEPS, type Alert, type AlertStep } from "../../record/alerts/alert.ts";
import type { Channel } from "./channels/channel.ts";
import type { AlertMessage } from "./message.ts";

export interface Due {
  readonly alert: Alert;
  readonly step: AlertStep;
  readonly message: AlertMessage;
}

export interface DeliveryOptions {
  readonly channel: Channel;
  /** What it is to be told next; undefined: nothing. */
  readonly next: () => Due | undefined;
  /** It has been told, or is given up. */
  readonly onTold: (due: Due, outcome: "sent" | "given_up") => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Delivery {
  readonly channel: Channel;
  readonly counters = { sent: 0, failed: 0, given_up: 0 };
  readonly #options: DeliveryOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #failures = 0;
  #last_error: ForetickError | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.channel = options.channel;
  }

  /** Why it did not take the last message; undefined where it did. */
  get last_error(): ForetickError | undefined {
    return this.#last_error;
  }

  /** Sends what is due, in the background. */
  kick(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Cuts a wait; a message under way has a moment. May be called twice. */
  async close(): Promise<void> {
    const { clock, channel } = this.#options;
    this.#closing.abort();
    const ended = this.#running ?? Promise.resolve();
    await withDeadline(ended, { clock, limit: "alert_close_ms", what: `the end of ${channel.name}` }).catch(
      () => {},
    );
    channel.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const tries = { id: "", refused: 0, since_us: 0 };
    while (!signal.aborted) {
      const due = this.#options.next();
      if (!due) return;
      const id = `${due.alert.alert_id} ${due.step}`;
      if (tries.id !== id)
        Object.assign(tries, { id, refused: 0, since_us: this.#options.clock.monotonicUs() });
      const wait_ms = await this.#try(due, tries);
      if (wait_ms > 0) await pause(this.#options.clock, wait_ms, signal);
    }
  }

  /** @returns how long to wait before the next try (ms). */
  async #try(due: Due, tries: { refused: number; readonly since_us: number }): Promise<number> {
    const { channel, clock, log, onTold } = this.#options;
    const cut = new AbortController();
    try {
      await withDeadline(channel.send(due.message, cut.signal), {
        ...{
          clock,
          limit: "alert_send_ms_max",
          what: `the answer of ${channel.address}`,
          code: "ALERT_CHANNEL",
        },
        remedy: `Check ${channel.setting}`,
        onGivenUp: () => cut.abort(),
      });
      if (this.#failures > 0) log.info({ channel: channel.name }, "alerts: the channel takes messages again");
      this.#failures = 0;
      this.#last_error = undefined;
      this.counters.sent++;
      onTold(due, "sent");
      return 0;
    } catch (error) {
      const known =
        error instanceof ForetickError ? error : new ForetickError("ALERT_CHANNEL", describeError(error));
      return this.#onFailure(due, known, tries);
    }
  }

  #onFailure(due: Due, error: ForetickError, tries: { refused: number; readonly since_us: number }): number {
    const { channel, clock, log, onTold } = this.#options;
    this.counters.failed++;
    this.#failures++;
    this.#last_error = error;
    const told = {
      channel: channel.name,
      alert_id: due.alert.alert_id,
      step: due.step,
      error: error.message,
    };
    if (this.#failures === 1) log.warn(told, "alerts: a message was not taken, it is sent again");
    if (error.code === "ALERT_REFUSED") tries.refused++;
    const tried_s = (clock.monotonicUs() - tries.since_us) / US_PER_SEC;
    if (tries.refused >= LIMITS.alert_refusals_max || tried_s > LIMITS.alert_retry_s_max) {
      this.counters.given_up++;
      log.error(told, "alerts: a message was given up");
      onTold(due, "given_up");
    }
    const asked_ms = Number(error.details.retry_after_s ?? 0) * 1_000;
    const own_ms = LIMITS.alert_retry_ms * 2 ** Math.min(this.#failures - 1, 20);
    return Math.min(LIMITS.alert_retry_ms_max, Math.max(asked_ms, own_ms));
  }
}

/** What of an alert the channel has still to be told; undefined: nothing. */
export function stepDue(alert: Alert, channel: string): AlertStep | undefined {
  const told = alert.notified[channel] ?? {};
  if (told.raised?.given_up) return undefined;
  return ALERT_STEPS.find((step) => {
    if (told[step]) return false;
    if (step === "raised") return true;
    if (!told.raised) return false;
    if (step === "resolved") return alert.resolved_us !== null;
    // Told as urgent already.
    return alert.worse_us !== null && alert.resolved_us === null && told.raised.at_us < alert.worse_us;
  });
}
