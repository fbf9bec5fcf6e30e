/** What came of the stored forecasts of one model, oldest first, page by page: what its calibration is restored from. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { micros, startOf, US_PER_SEC, unixSec } from "../../base/units.ts";
import type { PastOutcome, PastWanted } from "../../predict/calibrations.ts";
import { VENUE } from "../../predict/prediction.ts";
import { askedByPage } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";

interface PastRow extends Omit<PastOutcome, "ts_sec"> {
  readonly ts_sec: string;
}

/** Of the last LIMITS.calibration_past_s. Rejects with STORE_UNREACHABLE or STORE_QUERY. */
export async function* pastOutcomes(
  sql: Sql,
  symbol: string,
  { model_version, horizon_s, before_sec }: PastWanted,
): AsyncGenerator<PastOutcome> {
  const to_us = startOf(before_sec);
  const from_us = micros(Math.max(0, to_us - LIMITS.calibration_past_s * US_PER_SEC));
  const text = `
    select
      us_of(ts) / 1000000 as ts_sec,
      yhat_log_return,
      -- How the price moved is so whatever the forecast was made from; what is learned of it is not.
      case when figure_source(source) = 'live' then volatility end as volatility,
      realized_log_return,
      realized_mid_log_return,
      realized_last_log_return
    from prediction_outcomes
    where venue = $1
      and symbol = $2
      and ts >= $3
      and ts < $4
      and model_version = $5
      and horizon_s = $6
      and realized_log_return is not null
    order by ts`;
  const parameters = [VENUE, symbol, textFromMicros(from_us), textFromMicros(to_us)];
  for await (const row of askedByPage<PastRow>(sql, text, [
    ...parameters,
    model_version,
    String(horizon_s),
  ])) {
    yield { ...row, ts_sec: unixSec(Number(row.ts_sec)) };
  }
}
