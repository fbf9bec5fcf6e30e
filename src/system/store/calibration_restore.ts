/**
 * Brings back what a model's forecasts were worth before a restart, or before it got a role again: a model that begins to
 * forecast is given its stored outcomes as soon as the database answers. Until then it learns from nothing, as a
 * new one does.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Calibrations, PastOutcome } from "../../predict/calibrations.ts";
import { pastOutcomes } from "../../record/outcomes/past_outcomes.ts";

export interface CalibrationRestoreOptions {
  readonly sql: Sql;
  /** By symbol. */
  readonly calibrations: () => Iterable<readonly [symbol: string, calibrations: Calibrations]>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class CalibrationRestore {
  readonly #options: CalibrationRestoreOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #warned = false;
  #closed = false;

  constructor(options: CalibrationRestoreOptions) {
    this.#options = options;
  }

  start(): void {
    this.#arm();
  }

  /** What hangs in the database is left behind. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const { clock } = this.#options;
    const limit = { clock, ms: LIMITS.calibration_close_ms_max, what: "the end of reading outcomes" };
    await withDeadline(this.#running, limit).catch(() => undefined);
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(LIMITS.calibration_restore_every_ms, () => {
      this.#running = this.#round().finally(() => this.#arm());
    });
  }

  async #round(): Promise<void> {
    const { sql, calibrations, log } = this.#options;
    try {
      for (const [symbol, worths] of calibrations()) {
        for (const wanted of worths.unrestored) {
          const { past, count } = this.#counted(pastOutcomes(sql, symbol, wanted));
          await worths.restore(wanted, past);
          if (this.#closed) return;
          const { model_version: version, horizon_s } = wanted;
          log.info({ symbol, version, horizon_s, outcomes: count() }, "calibrated by what came true before");
        }
      }
      this.#warned = false;
    } catch (error) {
      const level = this.#warned ? "debug" : "warn";
      this.#warned = true;
      log[level](
        { error: describeError(error) },
        "stored outcomes could not be read: intervals and probabilities begin anew until they can",
      );
    }
  }

  /** Ends where this is closed. */
  #counted(rows: AsyncGenerator<PastOutcome>): { past: AsyncGenerator<PastOutcome>; count: () => number } {
    let count = 0;
    const isClosed = (): boolean => this.#closed;
    async function* past(): AsyncGenerator<PastOutcome> {
      for await (const row of rows) {
        if (isClosed()) return;
        count++;
        yield row;
      }
    }
    return { past: past(), count: () => count };
  }
}
