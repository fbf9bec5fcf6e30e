/**
 * What is raised on the realised error of a champion. *Broken*: it errs far more than no forecast would. *Dead*: its
 * signal is gone, by the paired sequence against forecasting no move and against the last good model, begun anew each
 * day (UTC) and after each alarm, for what it did before it died would hide it. *Worse than ridge* is a report, not an alarm. One object
 * per symbol and champion: another champion begins with none of this.
 */

import { type BrokenAlarm, type BrokenState, BrokenWatch } from "./broken.ts";
import { type PairedLook, PairedSequence, type PairedSequenceState } from "./paired_sequence.ts";
import { blockSeconds } from "./statistics/block_means.ts";

export interface AlarmsOptions {
  /** Horizon of the champion's forecasts, and the time from one to the next (s). */
  readonly horizon_s: number;
  /** Default 1. */
  readonly cadence_s?: number;
  /** The chance that a day on which all is well has an alarm that says dead. Default 0.05. */
  readonly alpha?: number;
  readonly state?: AlarmsState;
}

/** One outcome; log-returns. */
export interface AlarmTick {
  readonly ts_sec: number;
  readonly yhat_log_return: number;
  readonly realized_log_return: number;
  /** Running variance of the label, known before the tick; see `RecentMoves`. */
  readonly variance: number;
  /** Forecasts of the same tick, where these models were scored. */
  readonly yhat_last_good?: number | null | undefined;
  readonly yhat_ridge?: number | null | undefined;
}

export interface DeadAlarm {
  readonly alarm: "dead";
  readonly ts_sec: number;
  /** What it is worse than. */
  readonly against: "zero" | "last_good";
  readonly look: PairedLook;
}

export type Alarm = BrokenAlarm | DeadAlarm;

/** Plain data. */
export interface AlarmsState {
  readonly day: number | null;
  readonly raised_at_sec: number | null;
  readonly broken: BrokenState;
  readonly zero: PairedSequenceState;
  readonly last_good: PairedSequenceState;
  readonly ridge: PairedSequenceState;
}

const DAY_S = 86_400;
const QUIET_S = 3600;

export class Alarms {
  readonly #options: { readonly alpha: number; readonly block_s: number; readonly cadence_s: number };
  readonly #broken: BrokenWatch;
  #zero: PairedSequence;
  #last_good: PairedSequence;
  readonly #ridge: PairedSequence;
  #day: number | null;
  #raised_at_sec: number | null;

  constructor({ horizon_s, cadence_s = 1, alpha = 0.05, state }: AlarmsOptions) {
    const block_s = blockSeconds(horizon_s);
    this.#options = { alpha, block_s, cadence_s };
    this.#broken = new BrokenWatch(this.#options, state?.broken);
    this.#zero = this.#sequence(state?.zero);
    this.#last_good = this.#sequence(state?.last_good);
    this.#ridge = this.#sequence(state?.ridge);
    this.#day = state?.day ?? null;
    this.#raised_at_sec = state?.raised_at_sec ?? null;
  }

  /**
   * Outcomes in order of their forecasts.
   * @returns an alarm, and none again within an hour of it.
   */
  learn(tick: AlarmTick): Alarm | undefined {
    const { ts_sec, yhat_log_return, realized_log_return, variance } = tick;
    const error = realized_log_return - yhat_log_return;
    const excess = (error * error - realized_log_return * realized_log_return) / variance;
    if (!Number.isFinite(excess)) return undefined;
    this.#startDay(ts_sec);
    const broken = this.#broken.add(ts_sec, excess);
    const ended = this.#pair(this.#zero, tick, 0);
    this.#pair(this.#last_good, tick, tick.yhat_last_good);
    this.#pair(this.#ridge, tick, tick.yhat_ridge);
    const alarm = broken ?? (ended ? this.#dead(ts_sec) : undefined);
    if (!alarm || (this.#raised_at_sec !== null && ts_sec - this.#raised_at_sec < QUIET_S)) return undefined;
    this.#raised_at_sec = ts_sec;
    if (alarm.alarm === "dead") this.#beginAnew();
    return alarm;
  }

  /** How the champion (`a`) does beside ridge (`b`), since it is the champion. For a report. */
  besideRidge(): PairedLook {
    return this.#ridge.look();
  }

  /** Today, beside forecasting no move and beside the last good model. */
  today(): { readonly zero: PairedLook; readonly last_good: PairedLook } {
    return { zero: this.#zero.look(), last_good: this.#last_good.look() };
  }

  state(): AlarmsState {
    return {
      day: this.#day,
      raised_at_sec: this.#raised_at_sec,
      broken: this.#broken.state(),
      zero: this.#zero.state(),
      last_good: this.#last_good.state(),
      ridge: this.#ridge.state(),
    };
  }

  #startDay(ts_sec: number): void {
    const day = Math.floor(ts_sec / DAY_S);
    if (this.#day !== null && day > this.#day) this.#beginAnew();
    this.#day = Math.max(day, this.#day ?? day);
  }

  #beginAnew(): void {
    this.#zero = this.#sequence();
    this.#last_good = this.#sequence();
  }

  #pair(sequence: PairedSequence, tick: AlarmTick, yhat_b: number | null | undefined): boolean {
    if (yhat_b === null || yhat_b === undefined) return false;
    const { ts_sec, yhat_log_return: yhat_a, realized_log_return, variance } = tick;
    return sequence.add({ ts_sec, yhat_a, yhat_b, realized_log_return, variance });
  }

  // Half of alpha falls on the side of each sequence that is not looked at: the two sides looked at share the whole.
  #dead(ts_sec: number): DeadAlarm | undefined {
    for (const [against, sequence] of [
      ["last_good", this.#last_good],
      ["zero", this.#zero],
    ] as const) {
      const look = sequence.look();
      if (look.verdict === "b") return { alarm: "dead", ts_sec, against, look };
    }
    return undefined;
  }

  #sequence(state?: PairedSequenceState): PairedSequence {
    return new PairedSequence(state ? { ...this.#options, state } : this.#options);
  }
}
