/**
 * The forecasts the page holds, and their outcomes: from REST at the start, from the stream afterwards. Shown
 * and counted is one series at a time, that of the newest forecast; where another model takes over it begins
 * again.
 */

import type { PredictionJson, PredictionRowJson, SeriesJson } from "../../messages/predictions.ts";
import type { OutcomeMessage } from "../../messages/stream.ts";
import { isLive, type Score } from "../words.ts";

/** Seconds kept: what the chart shows, and a little more for outcomes on their way. */
export const HISTORY_S = 330;
/** How long after its horizon an outcome may still come before it is taken as missing (s). */
const OUTCOME_GRACE_S = 5;
/** Seconds without a forecast of the series shown after which the fallback's are shown. */
const STAND_IN_S = 5;

export type Verdict = "right" | "wrong" | "no move" | "waiting" | "unknown";

/** The market's price at one second, from any model's forecast. */
export interface PricePoint {
  readonly ts_sec: number;
  readonly current_price: number;
}

export class History {
  /** By second, of one series. */
  #rows = new Map<number, PredictionRowJson>();
  /** By second, whatever the series. */
  #prices = new Map<number, PricePoint>();

  /** Oldest first, all of one series. */
  get rows(): PredictionRowJson[] {
    return inOrder(this.#rows.values());
  }

  /** Oldest first. */
  get prices(): PricePoint[] {
    return inOrder(this.#prices.values());
  }

  get newest(): PredictionRowJson | undefined {
    return this.rows.at(-1);
  }

  /** Takes over rows already stored; what the stream has sent since is kept. */
  merge(rows: readonly PredictionRowJson[]): void {
    for (const row of rows) {
      this.#prices.set(row.ts_sec, row);
      if (!this.#continues(row)) continue;
      const held = this.#rows.get(row.ts_sec);
      if (!held || held.realized_log_return === null) this.#rows.set(row.ts_sec, row);
    }
    this.#forget();
  }

  add(prediction: PredictionJson): void {
    this.#prices.set(prediction.ts_sec, prediction);
    if (this.#continues(prediction)) {
      const row = {
        ...prediction,
        ...{ realized_log_return: null, realized_price: null },
        ...{ realized_mid_log_return: null, realized_last_log_return: null },
      };
      this.#rows.set(prediction.ts_sec, row);
    }
    this.#forget();
  }

  settle(outcome: OutcomeMessage): void {
    const row = this.#rows.get(outcome.ts_sec);
    if (!row || !sameSeries(row, outcome)) return;
    const { realized_log_return, realized_price, realized_mid_log_return, realized_last_log_return } =
      outcome;
    const realized = {
      realized_log_return,
      realized_price,
      realized_mid_log_return,
      realized_last_log_return,
    };
    this.#rows.set(row.ts_sec, { ...row, ...realized });
  }

  score(): Score {
    let decided = 0;
    let right = 0;
    let horizon_s = 10;
    for (const row of this.#rows.values()) {
      const verdict = verdictOf(row, Number.POSITIVE_INFINITY);
      horizon_s = row.horizon_s;
      if ((verdict !== "right" && verdict !== "wrong") || !isLive(row.source)) continue;
      decided++;
      if (verdict === "right") right++;
    }
    return { decided, right, horizon_s, independent: decided / horizon_s };
  }

  /** Whether a forecast is of the series shown. A newer one of another series takes its place. */
  #continues(prediction: PredictionJson): boolean {
    const { newest } = this;
    if (!newest || sameSeries(newest, prediction)) return true;
    if (prediction.ts_sec <= newest.ts_sec) return false;
    // A fallback that stands in for a few ticks takes nobody's place.
    if (prediction.role === "fallback" && prediction.ts_sec - newest.ts_sec < STAND_IN_S) return false;
    this.#rows.clear();
    return true;
  }

  #forget(): void {
    const newest = Math.max(...this.#prices.keys());
    for (const held of [this.#rows, this.#prices]) {
      for (const ts_sec of held.keys()) if (ts_sec < newest - HISTORY_S) held.delete(ts_sec);
    }
  }
}

function inOrder<T extends { readonly ts_sec: number }>(rows: Iterable<T>): T[] {
  return [...rows].sort((a, b) => a.ts_sec - b.ts_sec);
}

function sameSeries(one: SeriesJson, other: SeriesJson): boolean {
  return (
    one.model_version === other.model_version && one.role === other.role && one.horizon_s === other.horizon_s
  );
}

/** `newest_sec` separates an outcome still to come from one that never will (a gap in the data). */
export function verdictOf(row: PredictionRowJson, newest_sec: number): Verdict {
  const came = row.realized_log_return;
  if (came === null) {
    return newest_sec < row.ts_sec + row.horizon_s + OUTCOME_GRACE_S ? "waiting" : "unknown";
  }
  if (came === 0 || row.yhat_log_return === 0) return "no move";
  return came > 0 === row.yhat_log_return > 0 ? "right" : "wrong";
}
