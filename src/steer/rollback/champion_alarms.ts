/**
 * The alarms on one champion of one symbol, fed with what came true. They begin anew where another version was the
 * champion in between, so that a model which comes back is not judged by what it did before.
 */

import { type Alarm, Alarms } from "../../judge/alarms.ts";
import type { PairedLook } from "../../judge/paired_sequence.ts";
import type { JudgedTick } from "../../record/outcomes/judged_ticks.ts";
import { RunningVariance } from "../running_variance.ts";

export interface ChampionAlarmsOptions {
  readonly version: string;
  readonly horizon_s: number;
  readonly cadence_s: number;
  /** Versions that a champion is reported beside, never alarmed by. */
  readonly isRidge: (version: string) => boolean;
}

/** How a champion does, for a report: `b` errs less where a mean is above 0. */
export interface ChampionReport {
  /** Ticks it was judged by since it is the champion, or since the service looks. */
  readonly ticks: number;
  readonly beside_zero: PairedLook;
  readonly beside_last_good: PairedLook;
  readonly beside_ridge: PairedLook;
}

export class ChampionAlarms {
  readonly version: string;
  readonly #options: ChampionAlarmsOptions;
  readonly #variance: RunningVariance;
  #alarms: Alarms;
  #alarm: Alarm | undefined;
  #ticks = 0;
  #newest_sec = Number.NEGATIVE_INFINITY;

  constructor(options: ChampionAlarmsOptions) {
    this.#options = options;
    this.version = options.version;
    this.#variance = new RunningVariance(options);
    this.#alarms = new Alarms(options);
  }

  /** The last tick it was fed; −∞ before the first. */
  get newest_sec(): number {
    return this.#newest_sec;
  }

  /** The last alarm since it is the champion, until it is answered. */
  get alarm(): Alarm | undefined {
    return this.#alarm;
  }

  answered(): void {
    this.#alarm = undefined;
  }

  /** Ticks in order; those before it was the champion teach how the price moves. */
  learn({ ts_sec, realized_log_return, forecasts }: JudgedTick): void {
    if (ts_sec <= this.#newest_sec) return;
    this.#newest_sec = ts_sec;
    const variance = this.#variance.next(ts_sec, realized_log_return);
    const champion = forecasts.find(({ role }) => role === "champion");
    if (!champion) return;
    if (champion.model_version !== this.version) {
      if (this.#ticks > 0) this.#alarms = new Alarms(this.#options);
      this.#alarm = undefined;
      this.#ticks = 0;
      return;
    }
    this.#ticks++;
    const { isRidge } = this.#options;
    const alarm = this.#alarms.learn({
      ...{ ts_sec, realized_log_return, variance },
      yhat_log_return: champion.yhat_log_return,
      yhat_last_good: forecasts.find(({ role }) => role === "fallback")?.yhat_log_return,
      yhat_ridge: forecasts.find(({ role, model_version }) => role !== "champion" && isRidge(model_version))
        ?.yhat_log_return,
    });
    this.#alarm = alarm ?? this.#alarm;
  }

  report(): ChampionReport {
    const { zero, last_good } = this.#alarms.today();
    return {
      ticks: this.#ticks,
      beside_zero: zero,
      beside_last_good: last_good,
      beside_ridge: this.#alarms.besideRidge(),
    };
  }
}
