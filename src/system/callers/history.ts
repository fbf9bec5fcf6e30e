/** What is asked of the database for a caller: predictions, comparisons, whether promises are kept, what is stored. */

import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { DAY_US, micros } from "../../base/units.ts";
import type { JoinedPrediction } from "../../predict/prediction.ts";
import { readStoredDays, type StoredDay, type StoredDaysQuery } from "../../record/bars/stored_days.ts";
import { ParityRuns } from "../../record/parity/runs.ts";
import { PredictionRows } from "../../record/prediction_rows.ts";
import { type Reliability, type ReliabilityQuery, readReliability } from "../../record/reliability.ts";
import type { ParityAnswer, ParityQuery, PredictionQuery } from "../../serve/ports.ts";

/** Totals of `/parity` are of the runs this far back (µs). */
const PARITY_TOTALS_US = DAY_US;

interface HistoryDatabase {
  readonly sql: Sql;
  readonly db: Pick<PostgresJsDatabase, "select">;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class History {
  readonly #database: HistoryDatabase;
  readonly #clock: Clock;

  constructor(database: HistoryDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  predictions(query: PredictionQuery): Promise<readonly JoinedPrediction[]> {
    return new PredictionRows(this.#database).within(query);
  }

  async parity({ symbol, feature_set, limit }: ParityQuery): Promise<ParityAnswer> {
    const runs = new ParityRuns(this.#database.sql);
    const totals_since_us = micros(Math.max(0, this.#clock.now() - PARITY_TOTALS_US));
    const [newest, totals] = await Promise.all([
      runs.newest({ symbol, feature_set, limit }),
      runs.totals({ symbol, feature_set, since_us: totals_since_us }),
    ]);
    return { runs: newest.reverse(), totals, totals_since_us };
  }

  reliability(query: ReliabilityQuery): Promise<Reliability> {
    return readReliability(this.#database.sql, query);
  }

  storedDays(query: StoredDaysQuery): Promise<readonly StoredDay[]> {
    return readStoredDays(this.#database.sql, query);
  }
}
