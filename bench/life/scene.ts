/** What the sections of `bench/life.ts` share: seconds of a label series with what is known at each of them. */

import { purposeRng } from "../../src/base/rng.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";
import { type LabelSeriesOptions, labelSeries } from "../../src/sim/label_series.ts";

export const DAY_S = 86_400;
export const HORIZON_S = 10;

export interface Settings {
  /** Runs of each statistic that is a share of runs. */
  readonly runs: number;
  /** Days of each long run. */
  readonly days: number;
}

export interface Moment {
  readonly ts_sec: number;
  /** Outcome and its conditional mean. */
  readonly y: number;
  readonly mean: number;
  readonly last: number;
  /** Known before the tick. */
  readonly size: number;
  readonly variance: number;
}

/** Seconds of so many days, from midnight or from a later second on. */
export function* moments(options: LabelSeriesOptions, days: number): Generator<Moment> {
  const moves = new RecentMoves();
  const series = labelSeries(options);
  const seconds = Math.round(days * DAY_S);
  const { from_sec = 0 } = options;
  for (let ts_sec = from_sec; ts_sec < from_sec + seconds; ts_sec++) {
    const { last, y, mean } = series.next().value;
    moves.observe(last);
    yield { ts_sec, y, mean, last, size: moves.size, variance: moves.variance };
  }
}

/** Standard normal noise that lasts as long as signals do. */
export function lastingNoise(seed: number, purpose: string): () => number {
  const rng = purposeRng(seed, purpose);
  const keep = 0.5 ** (1 / 5);
  const surprise = Math.sqrt(1 - keep * keep);
  let value = rng.normal();
  return () => {
    value = keep * value + surprise * rng.normal();
    return value;
  };
}

/** Long-run deviation of a ten-second label. */
export const LABEL_SD = 1e-4 * Math.sqrt(HORIZON_S);
/** Deviation of a mean that explains `r2` of labels as they are now. */
export const meanSd = (r2: number, variance: number): number => Math.sqrt(r2 * variance);

export const percent = (share: number, places = 1): string => `${(share * 100).toFixed(places)} %`;
export const middle = (values: readonly number[], q = 0.5): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;
