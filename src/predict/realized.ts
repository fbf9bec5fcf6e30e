/**
 * The outcome of a forecast, by both labels: the log-return of the mid and of the last trade's price from its
 * instant to the end of its horizon. The outcome is the one of the model's own label.
 */

import { E8 } from "../base/units.ts";
import type { BrokenStream } from "../binance/events.ts";
import { lnr } from "../features/algebra/lnr.ts";
import { LABEL_STREAMS, type Label } from "../features/label.ts";
import type { Outcome, Prediction } from "./prediction.ts";

/** Prices as of the end of a horizon; undefined where they are not known. */
export interface EndPrices {
  readonly mid_sum_e8: number | undefined;
  readonly close_e8: number | undefined;
}

export const NO_PRICES: EndPrices = { mid_sum_e8: undefined, close_e8: undefined };

/** Whether a break of the stream leaves the label's price unknown. */
export const breaksLabel = (label: Label, stream: BrokenStream): boolean =>
  stream === "all" || stream === LABEL_STREAMS[label];

type Ended = Pick<
  Prediction,
  | "venue"
  | "symbol"
  | "ts_sec"
  | "model_version"
  | "role"
  | "served"
  | "horizon_s"
  | "label"
  | "mid_sum_e8"
  | "close_e8"
  | "yhat_log_return"
  | "lower_log_return"
  | "upper_log_return"
  | "source"
>;

export function outcomeOf(prediction: Ended, end: EndPrices): Outcome {
  const { venue, symbol, ts_sec, model_version, role, served, horizon_s, label } = prediction;
  const { yhat_log_return, lower_log_return, upper_log_return, source } = prediction;
  const realized_mid_log_return = returnOf(end.mid_sum_e8, prediction.mid_sum_e8);
  const realized_last_log_return = returnOf(end.close_e8, prediction.close_e8);
  const realized_log_return = label === "mid" ? realized_mid_log_return : realized_last_log_return;
  const price = label === "mid" ? (end.mid_sum_e8 ?? 0) / (2 * E8) : (end.close_e8 ?? 0) / E8;
  return {
    ...{ venue, symbol, ts_sec, model_version, role, served, horizon_s, label },
    ...{ yhat_log_return, lower_log_return, upper_log_return, source },
    realized_log_return,
    realized_price: realized_log_return === null ? null : price,
    ...{ realized_mid_log_return, realized_last_log_return },
  };
}

const returnOf = (then: number | undefined, now: number | null): number | null =>
  then === undefined || now === null ? null : lnr(then, now);
