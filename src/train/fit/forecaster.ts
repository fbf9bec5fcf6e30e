/** What every model and every baseline is to the evaluation: something that forecasts rows of a dataset. */

import type { Dataset } from "../data/dataset.ts";
import type { RowRange } from "../data/row_range.ts";

export interface Forecaster {
  /** e.g. "ridge", "zero". */
  readonly name: string;
  /** Forecast log-return of each row of the range. */
  forecast(dataset: Dataset, range: RowRange): Float64Array;
}
