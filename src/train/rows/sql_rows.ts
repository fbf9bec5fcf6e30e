/**
 * A dataset from the database: the SQL training function's rows, streamed into a store, in memory or in files by
 * how many the span can have at most. On the same events it is the tape's dataset bit for bit (a test holds
 * them equal); what the live path has seen and what was fetched afterwards train alike.
 */

import { E8 } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { Refresher } from "../../record/bars/refresher.ts";
import type { Database } from "../../record/database.ts";
import type { Dataset, Removed } from "../data/dataset.ts";
import type { Numbers } from "../data/numbers.ts";
import type { RowStore } from "../data/row_store.ts";
import {
  readTrainingRows,
  rowsMax,
  storedSpan,
  TRAINING_COLUMNS,
  type TrainingProgress,
  type TrainingSpan,
} from "./training_query.ts";

export interface SqlRowsOptions<Column extends Numbers> {
  readonly database: Pick<Database, "sql" | "url">;
  /** Brings the bars of the span up to date first. */
  readonly bars: Pick<Refresher, "through">;
  readonly span: TrainingSpan;
  readonly label: Label;
  /** Where the rows go, by how many there are at most. */
  readonly storeFor: (rows_max: number) => RowStore<Column>;
  /** Leaves out rows that rest on anything received later than this (µs); undefined: none. */
  readonly known_before_us?: number | undefined;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/**
 * @throws ForetickError TRAIN_DATA where the database has nothing of the span, or more than the store takes;
 *   STORE_UNREACHABLE, STORE_QUERY.
 */
export async function readSqlDataset<Column extends Numbers>(
  options: SqlRowsOptions<Column>,
): Promise<Dataset<Column>> {
  const { database, bars, known_before_us = Number.POSITIVE_INFINITY, onProgress = () => {} } = options;
  const span = await storedSpan(database, bars, options.span);
  const collector = new TrainingRowCollector(
    span,
    options.label,
    known_before_us,
    options.storeFor(rowsMax(span)),
  );
  await readTrainingRows(database, span, (row) => collector.push(row), onProgress);
  return collector.finish();
}

class TrainingRowCollector<Column extends Numbers> {
  readonly #span: TrainingSpan;
  readonly #label: Label;
  readonly #known_before_us: number;
  readonly #removed: Removed & { known_later: number };
  /** Instants and labels of the last horizon, by instant modulo horizon: the last return is an earlier label. */
  readonly #recent_sec: Float64Array;
  readonly #recent_label: Float64Array;
  readonly #store: RowStore<Column>;
  #warm = 0;

  constructor(span: TrainingSpan, label: Label, known_before_us: number, store: RowStore<Column>) {
    this.#span = span;
    this.#label = label;
    this.#known_before_us = known_before_us;
    this.#removed = { not_warm: 0, null_feature: 0, no_label: 0, known_later: 0 };
    this.#recent_sec = new Float64Array(span.horizon_s).fill(-1);
    this.#recent_label = new Float64Array(span.horizon_s);
    this.#store = store;
  }

  push(row: Float64Array): void {
    const [ts_sec, mid_sum_e8, close_e8, label_mid, label_last, known_us] = row as unknown as Leading;
    this.#warm++;
    const by_mid = this.#label === "mid";
    const [label, other] = by_mid ? [label_mid, label_last] : [label_last, label_mid];
    const price = by_mid ? mid_sum_e8 / (2 * E8) : close_e8 / E8;
    const last_return = this.#lastReturn(ts_sec, label);
    const features = row.subarray(TRAINING_COLUMNS.length);
    if (Number.isNaN(price) || features.some(Number.isNaN)) this.#removed.null_feature++;
    else if (Number.isNaN(label)) this.#removed.no_label++;
    else if (known_us > this.#known_before_us) this.#removed.known_later++;
    else {
      const at = this.#store.append(ts_sec, last_return, price, features);
      this.#store.label(at, label, other);
    }
  }

  finish(): Dataset<Column> {
    const { symbol, set, horizon_s } = this.#span;
    const { rows } = this.#store;
    const rows_seen = rowsMax(this.#span);
    const { known_later, ...removed } = this.#removed;
    const asked = this.#known_before_us < Number.POSITIVE_INFINITY ? { known_later } : {};
    return {
      ...{ symbol, feature_set: set.name, set_hash: set.hash, names: set.names },
      ...{ horizon_s, cadence_s: set.cadence_s, label: this.#label, rows, rows_seen },
      removed: { ...removed, not_warm: rows_seen - this.#warm, ...asked },
      ...this.#store.finish(),
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

/** The numbers of TRAINING_COLUMNS. */
type Leading = [number, number, number, number, number, number];
