/**
 * A dataset from the database: the SQL training function's rows, streamed into arrays that are made once, at
 * the size the span can have at most. On the same events it is the tape's dataset bit for bit (a test holds
 * them equal); what the live path has seen and what was fetched afterwards train alike.
 */

import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { E8 } from "../base/units.ts";
import type { Database } from "../record/database.ts";
import type { Refresher } from "../record/refresher.ts";
import type { Dataset, Removed } from "./dataset.ts";
import {
  readTrainingRows,
  rowsMax,
  storedSpan,
  TRAINING_COLUMNS,
  type TrainingProgress,
  type TrainingSpan,
} from "./training_query.ts";

export interface SqlRowsOptions {
  readonly database: Pick<Database, "sql" | "url">;
  /** Brings the bars of the span up to date first. */
  readonly bars: Pick<Refresher, "through">;
  readonly span: TrainingSpan;
  /** Leaves out rows that rest on anything received later than this (µs); undefined: none. */
  readonly known_before_us?: number | undefined;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/**
 * @throws ForetickError TRAIN_DATA where the database has nothing of the span, or it is longer than 31 days;
 *   STORE_UNREACHABLE, STORE_QUERY.
 */
export async function readSqlDataset(options: SqlRowsOptions): Promise<Dataset> {
  const { database, bars, known_before_us = Number.POSITIVE_INFINITY, onProgress = () => {} } = options;
  const span = await storedSpan(database, bars, options.span);
  const collector = new TrainingRowCollector(span, known_before_us);
  await readTrainingRows(database, span, (row) => collector.push(row), onProgress);
  return collector.finish();
}

class TrainingRowCollector {
  readonly #span: TrainingSpan;
  readonly #known_before_us: number;
  readonly #removed: Removed & { known_later: number };
  /** Instants and labels of the last horizon, by instant modulo horizon: the last return is an earlier label. */
  readonly #recent_sec: Float64Array;
  readonly #recent_label: Float64Array;
  readonly #ts_sec: Float64Array;
  readonly #values: Float64Array;
  readonly #y: Float64Array;
  readonly #last_return: Float64Array;
  readonly #mid: Float64Array;
  #warm = 0;
  #rows = 0;

  constructor(span: TrainingSpan, known_before_us: number) {
    const rows = rowsMax(span);
    if (rows > LIMITS.dataset_rows_max) {
      fail(
        "TRAIN_DATA",
        `expected at most ${LIMITS.dataset_rows_max} rows (31 days), the range has up to ${rows}: ask for a shorter one`,
      );
    }
    this.#span = span;
    this.#known_before_us = known_before_us;
    this.#removed = { not_warm: 0, null_feature: 0, no_label: 0, known_later: 0 };
    this.#recent_sec = new Float64Array(span.horizon_s).fill(-1);
    this.#recent_label = new Float64Array(span.horizon_s);
    this.#ts_sec = new Float64Array(rows);
    this.#values = new Float64Array(rows * span.set.names.length);
    this.#y = new Float64Array(rows);
    this.#last_return = new Float64Array(rows);
    this.#mid = new Float64Array(rows);
  }

  push(row: Float64Array): void {
    const [ts_sec, mid_sum_e8, label, known_us] = row as unknown as [number, number, number, number];
    this.#warm++;
    const last_return = this.#lastReturn(ts_sec, label);
    const features = row.subarray(TRAINING_COLUMNS.length);
    if (Number.isNaN(mid_sum_e8) || features.some(Number.isNaN)) this.#removed.null_feature++;
    else if (Number.isNaN(label)) this.#removed.no_label++;
    else if (known_us > this.#known_before_us) this.#removed.known_later++;
    else {
      const at = this.#rows++;
      this.#ts_sec[at] = ts_sec;
      this.#y[at] = label;
      this.#last_return[at] = last_return;
      this.#mid[at] = mid_sum_e8 / (2 * E8);
      this.#values.set(features, at * features.length);
    }
  }

  finish(): Dataset {
    const { symbol, set, horizon_s } = this.#span;
    const rows = this.#rows;
    const rows_seen = rowsMax(this.#span);
    const { known_later, ...removed } = this.#removed;
    const asked = this.#known_before_us < Number.POSITIVE_INFINITY ? { known_later } : {};
    return {
      ...{ symbol, feature_set: set.name, set_hash: set.hash, names: set.names, horizon_s, rows, rows_seen },
      removed: { ...removed, not_warm: rows_seen - this.#warm, ...asked },
      ts_sec: this.#ts_sec.subarray(0, rows),
      values: this.#values.subarray(0, rows * set.names.length),
      y: this.#y.subarray(0, rows),
      last_return: this.#last_return.subarray(0, rows),
      mid: this.#mid.subarray(0, rows),
    };
  }

  #lastReturn(ts_sec: number, label: number): number {
    const slot = ts_sec % this.#span.horizon_s;
    const known = this.#recent_sec[slot] === ts_sec - this.#span.horizon_s;
    const last_return = known ? this.#recent_label[slot]! : Number.NaN;
    this.#recent_sec[slot] = ts_sec;
    this.#recent_label[slot] = label;
    return last_return;
  }
}
