/**
 * How good each model of a symbol has been lately: sums of minutes, those of the store and, where memory holds a whole
 * minute, those of what is in memory, so that a figure is never behind the newest outcome. A figure is of one series
 * (one model in one role, one horizon, one label), and of what it forecast of live vectors or of one kind of approximation.
 */

import { LIMITS } from "../base/limits.ts";
import type { Label } from "../features/label.ts";
import { addRow, emptySums, type MinuteSums } from "../judge/minute_sums.ts";
import { type Quality, type QualityMinute, qualityOf } from "../judge/quality.ts";
import type { JoinedPrediction } from "./prediction.ts";
import { cadenceOf } from "./score/recent_vectors.ts";
import { type Series, type SeriesChoice, sameSeries } from "./series.ts";
import { type FigureSource, figureSourceOf } from "./source.ts";

export const QUALITY_WINDOWS_S = { "15m": 900, "1h": 3_600, "1d": 86_400, "7d": 604_800 } as const;
export type QualityWindow = keyof typeof QUALITY_WINDOWS_S;

export interface QualitySeries extends Series {
  readonly label: Label;
  readonly source: FigureSource;
}

/** Whose figures. */
export interface QualityChoice extends SeriesChoice {
  /** Default live. */
  readonly source?: FigureSource | undefined;
}

/** Figures of a series over a window, and what there is to hold them against. */
export interface QualityAnswer extends QualitySeries {
  readonly window: QualityWindow;
  /** The first minute of the window, and the one its newest outcome's forecast is of (minutes since 1970). */
  readonly from_minute: number;
  readonly newest_minute: number;
  readonly quality: Quality;
  /** Mean absolute and root mean squared move (log-return): the errors of forecasting no move. */
  readonly zero: { readonly mae: number | null; readonly rmse: number | null };
}

interface Held {
  readonly series: QualitySeries;
  /** Of the store. */
  readonly minutes: Map<number, MinuteSums>;
}

const MINUTE_S = 60;
/** Windows beyond it are computed anew once a minute, not once an outcome: a week is ten thousand minutes. */
const SHORT_MINUTES = 180;
const WINDOW_MINUTES_MAX = QUALITY_WINDOWS_S["7d"] / MINUTE_S;

export class QualityMinutes {
  readonly #live: (choice: SeriesChoice) => readonly JoinedPrediction[];
  readonly #held = new Map<string, Held>();
  /** Figures as they were last asked for, by series and window, and how many rows they were of. */
  readonly #known = new Map<string, { readonly of: string; readonly answer: QualityAnswer }>();
  #takes = 0;
  #long_takes = 0;

  /** @param live predictions of a series in memory, oldest first, without a hole. */
  constructor(live: (choice: SeriesChoice) => readonly JoinedPrediction[]) {
    this.#live = live;
  }

  /**
   * Minutes as they are stored, in place of those held of the same stretch; those that have left the longest window
   * are forgotten.
   */
  take(from_minute: number, rows: Iterable<QualitySeries & QualityMinute>): void {
    let [newest, oldest] = [0, Number.POSITIVE_INFINITY];
    for (const { minutes } of this.#held.values()) {
      for (const minute of minutes.keys()) if (minute >= from_minute) minutes.delete(minute);
    }
    for (const { minute, sums, ...series } of rows) {
      this.#of(series).minutes.set(minute, sums);
      newest = Math.max(newest, minute);
      oldest = Math.min(oldest, minute);
    }
    this.#takes++;
    // What is read once an hour changes what was computed of days.
    if (newest - oldest > SHORT_MINUTES) this.#long_takes++;
    for (const [key, { minutes }] of this.#held) {
      for (const minute of minutes.keys()) if (minute <= newest - WINDOW_MINUTES_MAX) minutes.delete(minute);
      if (minutes.size === 0) this.#held.delete(key);
    }
  }

  /** Undefined where no outcome of such a series is known. */
  figures({ source = "live", ...choice }: QualityChoice, window: QualityWindow): QualityAnswer | undefined {
    const series = this.#meant(choice, source);
    if (!series) return undefined;
    const rows = this.#live(series);
    const newest = rows.findLast((row) => row.label === series.label && row.realized_log_return !== null);
    const of =
      QUALITY_WINDOWS_S[window] <= SHORT_MINUTES * MINUTE_S
        ? `${this.#takes} ${newest?.ts_sec} ${rows.length}`
        : `${this.#long_takes} ${minuteOf(newest?.ts_sec ?? 0)}`;
    const key = `${keyOf(series)} ${window}`;
    const known = this.#known.get(key);
    if (known?.of === of) return known.answer;
    const live = rows.filter((row) => row.label === series.label);
    const answer = this.#answer(series, live, window);
    if (answer) {
      this.#known.delete(key);
      this.#known.set(key, { of, answer });
      const [oldest] = this.#known.keys();
      if (this.#known.size > LIMITS.quality_answers_kept) this.#known.delete(oldest!);
    }
    return answer;
  }

  #answer(
    series: QualitySeries,
    live: readonly JoinedPrediction[],
    window: QualityWindow,
  ): QualityAnswer | undefined {
    const minutes = new Map(this.#held.get(keyOf(series))?.minutes);
    for (const [minute, sums] of sumsOf(live, series.source)) {
      if (sums.n > 0) minutes.set(minute, sums);
      else minutes.delete(minute);
    }
    if (minutes.size === 0) return undefined;
    const newest_minute = Math.max(...minutes.keys());
    const from_minute = newest_minute - QUALITY_WINDOWS_S[window] / MINUTE_S + 1;
    const within = [...minutes].flatMap(([minute, sums]) => (minute >= from_minute ? { minute, sums } : []));
    const feature_set = live.at(-1)?.feature_set;
    const cadence_s = feature_set === undefined ? cadenceIn(within) : cadenceOf(feature_set);
    const quality = qualityOf(within, { horizon_s: series.horizon_s, cadence_s });
    return { ...series, window, from_minute, newest_minute, quality, zero: zeroOf(within) };
  }

  /** Of several, the one with the newest forecast, as `RecentPredictions` decides it. */
  #meant(choice: SeriesChoice, source: FigureSource): QualitySeries | undefined {
    const live = this.#live(choice).at(-1);
    if (live) {
      const { model_version, role, horizon_s, label } = live;
      return { model_version, role, horizon_s, label, source };
    }
    const role = choice.role === "served" ? "champion" : choice.role;
    let meant: { series: QualitySeries; newest: number } | undefined;
    for (const { series, minutes } of this.#held.values()) {
      const wanted = { ...series, ...withoutUndefined({ ...choice, role }) };
      if (!sameSeries(series, wanted) || series.source !== source) continue;
      const newest = Math.max(...minutes.keys());
      if (!meant || newest > meant.newest) meant = { series, newest };
    }
    return meant?.series;
  }

  #of(series: QualitySeries): Held {
    const key = keyOf(series);
    const held = this.#held.get(key) ?? { series, minutes: new Map<number, MinuteSums>() };
    this.#held.set(key, held);
    return held;
  }
}

/** Sums of the minutes that memory holds as a whole: all but the first. */
function sumsOf(live: readonly JoinedPrediction[], source: FigureSource): Map<number, MinuteSums> {
  const first = minuteOf(live[0]?.ts_sec ?? 0);
  const minutes = new Map<number, ReturnType<typeof emptySums>>();
  for (const row of live) {
    const minute = minuteOf(row.ts_sec);
    if (minute === first) continue;
    let sums = minutes.get(minute);
    if (!sums) {
      sums = emptySums();
      minutes.set(minute, sums);
    }
    const { yhat_log_return, realized_log_return, lower_log_return, upper_log_return } = row;
    if (realized_log_return === null || figureSourceOf(row.source) !== source) continue;
    addRow(sums, { yhat_log_return, realized_log_return, lower: lower_log_return, upper: upper_log_return });
  }
  return minutes;
}

const minuteOf = (ts_sec: number): number => Math.floor(ts_sec / MINUTE_S);

/** A model that is not in memory: as often as its fullest minute says. */
const cadenceIn = (minutes: readonly QualityMinute[]): number =>
  Math.max(1, Math.round(MINUTE_S / Math.max(...minutes.map(({ sums }) => sums.n))));

function zeroOf(minutes: readonly QualityMinute[]): QualityAnswer["zero"] {
  let [n, abs_y, yy] = [0, 0, 0];
  for (const { sums } of minutes) {
    n += sums.n;
    abs_y += sums.abs_y;
    yy += sums.yy;
  }
  return { mae: n === 0 ? null : abs_y / n / 1e8, rmse: n === 0 ? null : Math.sqrt(yy / n) / 1e8 };
}

const keyOf = ({ model_version, role, horizon_s, label, source }: QualitySeries): string =>
  `${model_version} ${role} ${horizon_s} ${label} ${source}`;

const withoutUndefined = <T extends object>(of: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as never;
