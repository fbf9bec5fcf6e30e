/** Labels with a signal of known strength, and judged ticks made of them. */

import { unixSec } from "../../src/base/units.ts";
import type { JudgedTick } from "../../src/record/outcomes/judged_ticks.ts";
import { labelSeries } from "../../src/sim/label_series.ts";

const DAY_S = 86_400;

export interface SeriesTick {
  readonly ts_sec: number;
  /** Outcome, and its conditional mean: log-returns. */
  readonly y: number;
  readonly mean: number;
}

interface SeriesOptions {
  readonly from_sec: number;
  readonly seed?: number;
  readonly r2?: number;
}

export function* seriesFrom(
  { from_sec, seed = 1, r2 = 0.2 }: SeriesOptions,
  seconds: number,
): Generator<SeriesTick> {
  const series = labelSeries({ seed, r2, from_sec: from_sec % DAY_S });
  for (let ts_sec = from_sec; ts_sec < from_sec + seconds; ts_sec++) {
    const { y, mean } = series.next().value;
    yield { ts_sec, y, mean };
  }
}

/** What one tick's models forecast: by version, role first. */
export const tickOf = (
  { ts_sec, y }: SeriesTick,
  forecasts: readonly (readonly [
    role: JudgedTick["forecasts"][number]["role"],
    version: string,
    yhat: number,
  ])[],
  latency_ms = 3,
): JudgedTick => ({
  ts_sec: unixSec(ts_sec),
  realized_log_return: y,
  forecasts: forecasts.map(([role, model_version, yhat_log_return]) => ({
    ...{ role, model_version, yhat_log_return, latency_ms },
  })),
});
