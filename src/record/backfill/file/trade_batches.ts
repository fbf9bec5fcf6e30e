/** Rows into `trades`, batch by batch. */

import type { CheckedRun } from "../checked_runs.ts";
import type { Commit, RowSink } from "./row_sink.ts";

export class TradeBatches implements RowSink {
  readonly #batch_rows: number;
  readonly #commit: Commit;
  #batch: CheckedRun[] = [];
  /** Time of the last believed row of the batch. */
  #time_us = 0;

  constructor(batch_rows: number, commit: Commit) {
    this.#batch_rows = batch_rows;
    this.#commit = commit;
  }

  /** A full batch ends where the time changes. Where a row is not believed, its time ends no batch. */
  async take(run: CheckedRun): Promise<void> {
    const is_believed = run.set_aside === undefined;
    if (is_believed && this.#batch.length >= this.#batch_rows && this.#time_us !== run.ts_us) {
      await this.finish();
    }
    this.#batch.push(run);
    if (is_believed) this.#time_us = run.ts_us;
  }

  async finish(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    await this.#commit(batch);
  }
}
