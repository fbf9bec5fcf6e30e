/**
 * The predictions of the last while of one symbol, series by series, with their outcomes. In memory, bounded.
 */

import { LIMITS } from "../base/limits.ts";
import {
  type JoinedPrediction,
  type Outcome,
  type Prediction,
  type Realized,
  realizedOf,
  UNREALIZED,
} from "./prediction.ts";
import { belongsTo, CHAMPION, type SeriesChoice, sameSeries } from "./series.ts";

export class RecentPredictions {
  /** Each holds one series, oldest first and never empty. The series predicted last comes last. */
  readonly #series: JoinedPrediction[][] = [];
  /** The newest prediction that was served. */
  #served: JoinedPrediction | undefined;

  /** The newest prediction of the series that is meant. */
  latest(choice: SeriesChoice = CHAMPION): JoinedPrediction | undefined {
    if (choice.role === "served")
      return this.#served && belongsTo(this.#served, choice) ? this.#served : undefined;
    return this.#meant(choice)?.at(-1);
  }

  /** The series that is meant, oldest first; empty where nothing fits. */
  of(choice: SeriesChoice = CHAMPION): readonly JoinedPrediction[] {
    return this.#meant(choice) ?? [];
  }

  add(prediction: Prediction): void {
    const row = { ...prediction, ...UNREALIZED };
    if (row.served && row.ts_sec >= (this.#served?.ts_sec ?? 0)) this.#served = row;
    const at = this.#series.findLastIndex((rows) => sameSeries(rows[0]!, row));
    const rows = at < 0 ? [] : this.#series.splice(at, 1)[0]!;
    rows.push(row);
    // Trimmed a tenth at a time, so that a push costs the same whenever it comes.
    if (rows.length > LIMITS.predictions_kept * 1.1) rows.splice(0, rows.length - LIMITS.predictions_kept);
    this.#series.push(rows);
    if (this.#series.length > LIMITS.series_kept) this.#series.shift();
  }

  /** @returns the prediction with its outcome, where that was not known before and is now. */
  settle(outcome: Outcome): JoinedPrediction | undefined {
    const rows = this.#series.find((held) => sameSeries(held[0]!, outcome));
    if (!rows) return undefined;
    for (let at = rows.length - 1; at >= 0; at--) {
      const row = rows[at]!;
      if (row.ts_sec < outcome.ts_sec) return undefined;
      if (row.ts_sec !== outcome.ts_sec) continue;
      const joined = { ...row, ...realizedOf(outcome) };
      rows[at] = joined;
      return isUnrealized(row) && !isUnrealized(joined) ? joined : undefined;
    }
    return undefined;
  }

  /** At one instant several series are predicted in turn: the newest instant decides, then who came last. */
  #meant(choice: SeriesChoice): JoinedPrediction[] | undefined {
    let meant: JoinedPrediction[] | undefined;
    for (const rows of this.#series) {
      if (!belongsTo(rows.at(-1)!, choice)) continue;
      if (!meant || rows.at(-1)!.ts_sec >= meant.at(-1)!.ts_sec) meant = rows;
    }
    return meant;
  }
}

const isUnrealized = (row: Realized): boolean =>
  row.realized_mid_log_return === null && row.realized_last_log_return === null;
