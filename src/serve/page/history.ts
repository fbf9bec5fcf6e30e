/** The forecasts the page holds, and what came of them: from REST at the start, from the stream afterwards. */

import type { OutcomeMessage, PredictionJson, PredictionRowJson } from "../messages.ts";
import type { Score } from "./words.ts";

/** Seconds kept: what the chart shows, and a little more for outcomes on their way. */
export const HISTORY_S = 330;
/** How long after its horizon an outcome may still come before it is taken as missing (s). */
const OUTCOME_GRACE_S = 5;

export type Verdict = "right" | "wrong" | "no move" | "waiting" | "unknown";

export class History {
  #rows = new Map<number, PredictionRowJson>();

  /** Oldest first. */
  get rows(): PredictionRowJson[] {
    return [...this.#rows.values()].sort((a, b) => a.ts_sec - b.ts_sec);
  }

  get newest(): PredictionRowJson | undefined {
    return this.rows.at(-1);
  }

  /** Takes over rows already stored; what the stream has told since is not forgotten. */
  merge(rows: readonly PredictionRowJson[]): void {
    for (const row of rows) {
      const held = this.#rows.get(row.ts_sec);
      if (!held || held.realized_log_return_10s === null) this.#rows.set(row.ts_sec, row);
    }
    this.#forget();
  }

  add(prediction: PredictionJson): void {
    const row = { ...prediction, realized_log_return_10s: null, realized_price: null };
    this.#rows.set(prediction.ts_sec, row);
    this.#forget();
  }

  settle(outcome: OutcomeMessage): void {
    const row = this.#rows.get(outcome.ts_sec);
    if (row?.model_version !== outcome.model_version) return;
    const { realized_log_return_10s, realized_price } = outcome;
    this.#rows.set(row.ts_sec, { ...row, realized_log_return_10s, realized_price });
  }

  score(): Score {
    let decided = 0;
    let right = 0;
    let horizon_s = 10;
    for (const row of this.#rows.values()) {
      const verdict = verdictOf(row, Number.POSITIVE_INFINITY);
      if (verdict !== "right" && verdict !== "wrong") continue;
      decided++;
      horizon_s = row.horizon_s;
      if (verdict === "right") right++;
    }
    return { decided, right, independent: decided / horizon_s };
  }

  #forget(): void {
    const newest = Math.max(...this.#rows.keys());
    for (const ts_sec of this.#rows.keys()) {
      if (ts_sec < newest - HISTORY_S) this.#rows.delete(ts_sec);
    }
  }
}

/** `newest_sec` tells an outcome still to come from one that never will (a gap in the data). */
export function verdictOf(row: PredictionRowJson, newest_sec: number): Verdict {
  const came = row.realized_log_return_10s;
  if (came === null) {
    return newest_sec < row.ts_sec + row.horizon_s + OUTCOME_GRACE_S ? "waiting" : "unknown";
  }
  if (came === 0 || row.yhat_log_return_10s === 0) return "no move";
  return came > 0 === row.yhat_log_return_10s > 0 ? "right" : "wrong";
}
