/**
 * Brings back what a model's forecasts were worth before a restart, or before it got a role again: a model that begins to
 * forecast is given its stored outcomes as soon as the database answers. Until then it learns from nothing, as a
 * new one does.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Calibrations, PastOutcome } from "../../predict/calibrations.ts";
import { pastOutcomes } from "../../record/outcomes/past_outcomes.ts";
import { RoundJob } from "../../record/rounds/round_job.ts";
import { uncut } from "./uncut.ts";

export interface CalibrationRestoreOptions {
  readonly sql: Sql;
  /** By symbol. */
  readonly calibrations: () => Iterable<readonly [symbol: string, calibrations: Calibrations]>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is read of the store. Default: its outcomes. */
  readonly past?: typeof pastOutcomes;
}

export class CalibrationRestore {
  readonly #options: CalibrationRestoreOptions;
  readonly #rounds: RoundJob;

  constructor(options: CalibrationRestoreOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#rounds = new RoundJob({
      clock,
      round: (signal) => this.#round(signal),
      pauseMs: () => LIMITS.calibration_restore_every_ms,
      onFailed: ({ code, message }, before) =>
        log[before ? "debug" : "warn"](
          { code, reason: message },
          "stored outcomes could not be read: intervals and probabilities begin anew until they can",
        ),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** What hangs in the database is left behind. May be called twice. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    const limit = { clock, limit: "calibration_close_ms_max" as const, what: "the end of reading outcomes" };
    await withDeadline(this.#rounds.close(), limit).catch(() => undefined);
  }

  async #round(cut: AbortSignal): Promise<void> {
    const { sql, calibrations, log, past = pastOutcomes } = this.#options;
    for (const [symbol, worths] of calibrations()) {
      for (const wanted of worths.unrestored) {
        if (cut.aborted) return;
        const counted = { outcomes: 0 };
        await worths.restore(wanted, counting(uncut(past(sql, symbol, wanted), cut), counted));
        const { model_version: version, horizon_s } = wanted;
        log.info({ symbol, version, horizon_s, ...counted }, "calibrated by what came true before");
      }
    }
  }
}

async function* counting(
  rows: AsyncIterable<PastOutcome>,
  counted: { outcomes: number },
): AsyncGenerator<PastOutcome> {
  for await (const row of rows) {
    counted.outcomes++;
    yield row;
  }
}
