/**
 * One candidate beside what it would replace, on the same ticks of one symbol: does it err more, far more than no forecast
 * would, does it miss ticks, has its output collapsed, how long does it take. Fed with what came true.
 */

import { LIMITS } from "../../base/limits.ts";
import { type BrokenAlarm, BrokenWatch } from "../../judge/broken.ts";
import { type PairedLook, PairedSequence } from "../../judge/paired_sequence.ts";
import { blockSeconds } from "../../judge/statistics/block_means.ts";
import type { JudgedTick } from "../../record/outcomes/judged_ticks.ts";
import { RunningVariance } from "../running_variance.ts";

export interface CandidateWatchOptions {
  readonly version: string;
  /** What it is compared with; null: whichever is the champion. */
  readonly version_before: string | null;
  readonly horizon_s: number;
  readonly cadence_s: number;
  /** Ticks from here on judge it; those before teach how the price moves. */
  readonly from_sec: number;
}

export interface CandidateLook {
  readonly cadence_s: number;
  /** Ticks it forecast, in all and since the step began. */
  readonly ticks: number;
  readonly step_ticks: number;
  /** From the beginning of the step to the newest tick it forecast. */
  readonly step_s: number;
  /** Of the newest ticks since its first: those at which a forecast was due, and the share of them without one. */
  readonly due: number;
  readonly missed_share: number;
  /** 99th percentile over these. */
  readonly p99_ms: number;
  /** Its forecasts do not change any more though the price does. */
  readonly collapsed: boolean;
  readonly broken: BrokenAlarm | undefined;
  /** `a` is what it would replace. */
  readonly beside: PairedLook;
}

/** Forecasts that a collapse is seen by, and the deviation below which they are one: a share of the outcomes' size. */
const COLLAPSE_TICKS = 120;
const COLLAPSE_SHARE = 1e-3;

interface Recent {
  readonly yhat: number | undefined;
  readonly latency_ms: number;
  readonly y: number;
}

export class CandidateWatch {
  readonly #options: CandidateWatchOptions;
  readonly #variance: RunningVariance;
  readonly #sequence: PairedSequence;
  readonly #broken_watch: BrokenWatch;
  readonly #recent: Recent[] = [];
  #broken: BrokenAlarm | undefined;
  #ticks = 0;
  #step_from_sec: number;
  #step_ticks = 0;
  #newest_sec = Number.NEGATIVE_INFINITY;
  /** After a gap, until its next forecast. */
  #awaited_from_sec: number | undefined;
  #newest_forecast_sec = Number.NEGATIVE_INFINITY;

  constructor(options: CandidateWatchOptions) {
    const { horizon_s, cadence_s, from_sec } = options;
    const blocks = { block_s: blockSeconds(horizon_s), cadence_s };
    this.#options = options;
    this.#variance = new RunningVariance(options);
    this.#sequence = new PairedSequence(blocks);
    this.#broken_watch = new BrokenWatch(blocks);
    this.#step_from_sec = from_sec;
  }

  /** The last tick it was fed; −∞ before the first. */
  get newest_sec(): number {
    return this.#newest_sec;
  }

  /** Ticks from here on are those of the step. To be said before they are learned. */
  beginStep(from_sec: number): void {
    if (from_sec <= this.#step_from_sec) return;
    this.#step_from_sec = from_sec;
    this.#step_ticks = 0;
  }

  /** Ticks in order. */
  learn(tick: JudgedTick): void {
    const { ts_sec, realized_log_return: y, forecasts } = tick;
    if (ts_sec <= this.#newest_sec) return;
    // A tick without any forecast: the service was away, and loads the candidate after the champion.
    if (ts_sec - this.#newest_sec > this.#options.cadence_s) this.#awaited_from_sec = ts_sec;
    this.#newest_sec = ts_sec;
    const variance = this.#variance.next(ts_sec, y);
    const { version, version_before, cadence_s, from_sec } = this.#options;
    if (ts_sec < from_sec || ts_sec % cadence_s !== 0) return;
    const own = forecasts.find(({ model_version }) => model_version === version);
    const other = forecasts.find(({ role, model_version }) =>
      version_before === null
        ? role === "champion" && model_version !== version
        : model_version === version_before,
    );
    if (own) {
      this.#ticks++;
      this.#newest_forecast_sec = ts_sec;
      if (ts_sec >= this.#step_from_sec) this.#step_ticks++;
      this.#judge(ts_sec, y, variance, own.yhat_log_return, other?.yhat_log_return);
    }
    if (own) this.#awaited_from_sec = undefined;
    if (this.#ticks === 0 || this.#isAwaited(ts_sec)) return;
    this.#recent.push({ yhat: own?.yhat_log_return, latency_ms: own?.latency_ms ?? 0, y });
    if (this.#recent.length > 1.1 * LIMITS.deployment_recent_ticks)
      this.#recent.splice(0, this.#recent.length - LIMITS.deployment_recent_ticks);
  }

  look(): CandidateLook {
    const forecasts = this.#recent.filter(({ yhat }) => yhat !== undefined);
    const latencies = forecasts.map(({ latency_ms }) => latency_ms).sort((a, b) => a - b);
    const due = this.#recent.length;
    return {
      cadence_s: this.#options.cadence_s,
      ticks: this.#ticks,
      step_ticks: this.#step_ticks,
      step_s: Math.max(0, this.#newest_forecast_sec - this.#step_from_sec),
      due,
      missed_share: due === 0 ? 0 : 1 - forecasts.length / due,
      p99_ms: latencies[Math.ceil(0.99 * latencies.length) - 1] ?? 0,
      collapsed: hasCollapsed(forecasts.slice(-COLLAPSE_TICKS)),
      broken: this.#broken,
      beside: this.#sequence.look(),
    };
  }

  #isAwaited(ts_sec: number): boolean {
    const from_sec = this.#awaited_from_sec;
    return from_sec !== undefined && ts_sec - from_sec <= LIMITS.deployment_load_s_max;
  }

  #judge(ts_sec: number, y: number, variance: number, yhat: number, yhat_a: number | undefined): void {
    const excess = ((y - yhat) ** 2 - y * y) / variance;
    if (!Number.isFinite(excess)) return;
    this.#broken = this.#broken_watch.add(ts_sec, excess) ?? this.#broken;
    if (yhat_a === undefined) return;
    this.#sequence.add({ ts_sec, yhat_a, yhat_b: yhat, realized_log_return: y, variance });
  }
}

function hasCollapsed(recent: readonly Recent[]): boolean {
  if (recent.length < COLLAPSE_TICKS) return false;
  const size = Math.sqrt(recent.reduce((sum, { y }) => sum + y * y, 0) / recent.length);
  const forecasts = recent.map(({ yhat }) => yhat!);
  return size > 0 && Math.max(...forecasts) - Math.min(...forecasts) < COLLAPSE_SHARE * size;
}
