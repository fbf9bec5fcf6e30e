/** What a run has put into the database, for a replay to be held against. */

import { LIMITS } from "../../base/limits.ts";
import { startOf, type UnixSec, unixSec } from "../../base/units.ts";
import type { ClosedSecond } from "../../predict/lane/output.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { Database } from "../../record/database.ts";
import { PredictionRows } from "../../record/prediction_rows.ts";
import { Queries } from "../../record/queries.ts";
import type { Stored, StoredResult } from "./comparison.ts";
import { type Difference, predictionDifference, vectorDifference } from "./difference.ts";

/** What of a forecast is a column and does not hang on when it was made. */
const COLUMNS = ["yhat_log_return", "current_price", "lower_log_return", "upper_log_return", "p_up"];

export class StoredRows implements Stored {
  readonly #symbol: string;
  readonly #queries: Queries;
  readonly #predictions: PredictionRows;

  constructor(symbol: string, database: Pick<Database, "db" | "sql">) {
    this.#symbol = symbol;
    this.#queries = new Queries(database);
    this.#predictions = new PredictionRows(database);
  }

  async seconds(seconds: readonly ClosedSecond[]): Promise<StoredResult> {
    const range = this.#range(seconds);
    if (!range) return NOTHING;
    const vectors = seconds.flatMap((second) => second.vectors);
    const stored = new Map<string, { readonly warm: boolean; readonly values: Float64Array }>();
    for (const feature_set of new Set(vectors.map((vector) => vector.feature_set))) {
      for await (const row of this.#queries.featureVectors({ ...range, feature_set })) {
        stored.set(`${feature_set} ${row.ts_sec}`, row);
      }
    }
    return compared(vectors, (vector) => {
      const row = stored.get(`${vector.feature_set} ${vector.ts_sec}`);
      return row && { difference: vectorDifference(row, vector) };
    });
  }

  async predictions(predictions: readonly Prediction[]): Promise<StoredResult> {
    const range = this.#range(predictions);
    if (!range) return NOTHING;
    const stored = new Map<string, Prediction>();
    const series = new Map(
      predictions.map((one) => [`${one.role} ${one.model_version} ${one.horizon_s}`, one]),
    );
    for (const choice of series.values()) {
      const limit = LIMITS.query_rows_max;
      for (const row of await this.#predictions.within({ ...range, choice, limit })) {
        stored.set(nameOf(row), row);
      }
    }
    return compared(predictions, (prediction) => {
      const row = stored.get(nameOf(prediction));
      return row && { difference: predictionDifference(row, prediction, COLUMNS) };
    });
  }

  #range(rows: readonly { readonly ts_sec: UnixSec }[]) {
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last) return undefined;
    const to = Math.max(...rows.map(({ ts_sec }) => ts_sec)) + 1;
    return { symbol: this.#symbol, from_us: startOf(first.ts_sec), to_us: startOf(unixSec(to)) };
  }
}

const NOTHING: StoredResult = { difference: undefined, compared: 0, missing: 0 };

const nameOf = ({ ts_sec, role, model_version }: Prediction): string => `${ts_sec} ${role} ${model_version}`;

function compared<Row>(
  rows: readonly Row[],
  compare: (row: Row) => { readonly difference: Difference | undefined } | undefined,
): StoredResult {
  const found = rows.map(compare);
  const there = found.filter((one) => one !== undefined);
  const difference = there.find((one) => one.difference)?.difference;
  return { difference, compared: there.length, missing: found.length - there.length };
}
