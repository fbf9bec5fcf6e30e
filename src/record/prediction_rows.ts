/** Stored predictions with their outcomes. An answer is of one series: two models are never mixed in it. */

import { and, desc, eq, getViewSelectedFields, gte, lt, type SQL, sql } from "drizzle-orm";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { LIMITS } from "../base/limits.ts";
import { secondOf } from "../base/units.ts";
import { type JoinedPrediction, VENUE } from "../predict/prediction.ts";
import type { Series, SeriesChoice } from "../predict/series.ts";
import type { TimeRange } from "./queries.ts";
import { asked } from "./sql/asked.ts";
import { prediction_outcomes, predictions } from "./sql/schema.ts";

const {
  error: _error,
  hit: _hit,
  joined_us: _joined_us,
  inside: _inside,
  yhat_log_return_10s: _yhat_10s,
  realized_log_return_10s: _realized_10s,
  yhat_log_return_60s: _yhat_60s,
  realized_log_return_60s: _realized_60s,
  ...JOINED
} = getViewSelectedFields(prediction_outcomes);

export interface StoredPredictionQuery extends TimeRange {
  readonly choice: SeriesChoice;
  /** Only those of whole multiples of so many seconds; default 1: all. */
  readonly every_s?: number;
  /** The newest so many. */
  readonly limit: number;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class PredictionRows {
  readonly #db: Pick<PostgresJsDatabase, "select">;
  readonly #page_rows: number;

  /** @param page_rows read at once. */
  constructor(
    { db }: { readonly db: Pick<PostgresJsDatabase, "select"> },
    page_rows: number = LIMITS.prediction_page_rows,
  ) {
    this.#db = db;
    this.#page_rows = page_rows;
  }

  /**
   * The newest `limit` predictions of the range, oldest first, of the series that fits the choice; of several, the
   * one predicted last in the range.
   */
  async within(query: StoredPredictionQuery): Promise<JoinedPrediction[]> {
    const series = await this.#seriesOf(query);
    if (!series) return [];
    const view = prediction_outcomes;
    const limit = Math.min(query.limit, LIMITS.query_rows_max + 1);
    const found: JoinedPrediction[] = [];
    // A page at a time: what the driver makes of the rows of one is the work of one turn.
    for (let range: TimeRange = query; found.length < limit; ) {
      const page = Math.min(limit - found.length, this.#page_rows);
      const rows = await asked(
        this.#db
          .select(JOINED)
          .from(view)
          .where(and(rangeOf(view, range), seriesIs(view, series), everyIs(view, query.every_s)))
          .orderBy(desc(view.ts_us))
          .limit(page),
      );
      for (const { ts_us, ...row } of rows) found.push({ ...row, ts_sec: secondOf(ts_us) });
      if (rows.length < page) break;
      range = { ...range, to_us: rows.at(-1)!.ts_us };
    }
    return found.reverse();
  }

  async #seriesOf(query: StoredPredictionQuery): Promise<Series | undefined> {
    const { model_version, role, horizon_s, ts_us, emitted_at_us } = predictions;
    const rows = await asked(
      this.#db
        .select({ model_version, role, horizon_s })
        .from(predictions)
        .where(and(rangeOf(predictions, query), seriesIs(predictions, query.choice)))
        .orderBy(desc(ts_us), desc(emitted_at_us))
        .limit(1),
    );
    return rows[0];
  }
}

/** An even sample, so that a chart of a day is some hundred rows. */
function everyIs({ ts_us }: Keyed, every_s = 1): SQL | undefined {
  return every_s === 1 ? undefined : sql`extract(epoch from ${ts_us})::bigint % ${every_s}::bigint = 0`;
}

type Keyed = typeof predictions | typeof prediction_outcomes;

function rangeOf({ venue, symbol, ts_us }: Keyed, range: TimeRange): SQL | undefined {
  return and(eq(venue, VENUE), eq(symbol, range.symbol), gte(ts_us, range.from_us), lt(ts_us, range.to_us));
}

/** A series is of one role: what was served is, before the present, the champion's. */
function roleIs(columns: Keyed, role: SeriesChoice["role"]): SQL | undefined {
  if (role === undefined) return undefined;
  return eq(columns.role, role === "served" ? "champion" : role);
}

function seriesIs(columns: Keyed, { role, model_version, horizon_s }: SeriesChoice): SQL | undefined {
  return and(
    roleIs(columns, role),
    model_version === undefined ? undefined : eq(columns.model_version, model_version),
    horizon_s === undefined ? undefined : eq(columns.horizon_s, horizon_s),
  );
}
