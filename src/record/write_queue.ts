/**
 * Rows waiting in memory for the database: one batch a table being filled, then full batches in the order
 * they were closed. Order is kept within a table. Nothing here waits or fails.
 */

import { WriteBatch } from "./write_batch.ts";
import { TABLE_NAMES, type TableName, WRITE_TABLES } from "./write_tables.ts";

/** Empty batches kept for use again. */
const SPARE_BATCHES_MAX = 8;

export class WriteQueue {
  readonly #batch_rows_max: number;
  readonly #filling = new Map<TableName, WriteBatch>();
  readonly #sealed: WriteBatch[] = [];
  readonly #spare: WriteBatch[] = [];
  #seq = 0;
  #rows = 0;

  constructor(batch_rows_max: number) {
    this.#batch_rows_max = batch_rows_max;
  }

  /** Rows in memory, those being written included. */
  get rows(): number {
    return this.#rows;
  }

  /** The place of the newest sealed batch. */
  get last_seq(): number {
    return this.#seq;
  }

  /** The oldest sealed batch. */
  get head(): WriteBatch | undefined {
    return this.#sealed[0];
  }

  /** The batch a row of `table` goes into: write its cells at index `rows`, then call `added`. */
  filling(table: TableName, now_us: number): WriteBatch {
    const open = this.#filling.get(table);
    if (open) return open;
    const index = this.#spare.findLastIndex((batch) => batch.table.name === table);
    const batch = index >= 0 ? this.#spare.splice(index, 1)[0]! : new WriteBatch(WRITE_TABLES[table]);
    batch.opened_us = now_us;
    this.#filling.set(table, batch);
    return batch;
  }

  /** Counts the row just written into `batch`; true where that closed the batch. */
  added(batch: WriteBatch): boolean {
    batch.rows++;
    this.#rows++;
    if (batch.rows < this.#batch_rows_max) return false;
    this.#close(batch);
    return true;
  }

  /** Closes every batch that has rows. */
  seal(): void {
    for (const table of TABLE_NAMES) {
      const batch = this.#filling.get(table);
      if (batch) this.#close(batch);
    }
  }

  /** Takes the oldest batch off the queue; `reuse` where nobody holds it any more. */
  remove(batch: WriteBatch, reuse: boolean): void {
    if (this.#sealed[0] !== batch) return;
    this.#sealed.shift();
    this.#rows -= batch.rows;
    if (!reuse || this.#spare.length >= SPARE_BATCHES_MAX) return;
    batch.rows = 0;
    this.#spare.push(batch);
  }

  #close(batch: WriteBatch): void {
    this.#filling.delete(batch.table.name);
    batch.seq = ++this.#seq;
    this.#sealed.push(batch);
  }
}
