/** After a start, paper trading goes on from the day's stored signals as soon as the database answers. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { startOf } from "../../base/units.ts";
import { RoundJob } from "../../record/rounds/round_job.ts";
import { storedSignals } from "../../record/signals/stored_signals.ts";
import type { LiveSignals } from "../../signal/live_signals.ts";
import { uncut } from "./uncut.ts";

export interface SignalRestoreOptions {
  readonly sql: Sql;
  /** By symbol. */
  readonly signals: () => Iterable<readonly [symbol: string, signals: LiveSignals]>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class SignalRestore {
  readonly #options: SignalRestoreOptions;
  readonly #rounds: RoundJob;

  constructor(options: SignalRestoreOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#rounds = new RoundJob({
      clock,
      round: (signal) => this.#round(signal),
      pauseMs: () => LIMITS.signal_restore_every_ms,
      onFailed: ({ code, message }, before) =>
        log[before ? "debug" : "warn"](
          { code, reason: message },
          "stored signals could not be read: paper trading lacks the day until they can",
        ),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** What hangs in the database is left behind. May be called twice. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    const limit = {
      clock,
      limit: "signal_restore_close_ms_max" as const,
      what: "the end of reading signals",
    };
    await withDeadline(this.#rounds.close(), limit).catch(() => undefined);
  }

  async #round(cut: AbortSignal): Promise<void> {
    const { sql, log } = this.#options;
    for (const [symbol, signals] of this.#options.signals()) {
      const { wanted } = signals;
      if (!wanted || cut.aborted) continue;
      const [from_us, to_us] = [startOf(wanted.from_sec), startOf(wanted.before_sec)];
      await signals.restore(wanted, uncut(storedSignals(sql, { symbol, from_us, to_us }), cut));
      log.info({ symbol }, "paper trading goes on from the day's stored signals");
    }
  }
}
