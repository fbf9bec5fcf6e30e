/**
 * Rows of one table waiting in memory: full batches in the order they were filled, then the one being filled.
 * Nothing here waits or fails.
 */

import type { WriteTable } from "../table.ts";
import { WriteBatch } from "./batch.ts";

/** Empty batches kept for use again. */
const SPARE_BATCHES_MAX = 2;

export class TableQueue {
  readonly #table: WriteTable;
  readonly #batch_rows_max: number;
  readonly #sealed: WriteBatch[] = [];
  readonly #spare: WriteBatch[] = [];
  #filling: WriteBatch | undefined;
  #rows = 0;
  #given = 0;

  constructor(table: WriteTable, batch_rows_max: number) {
    this.#table = table;
    this.#batch_rows_max = batch_rows_max;
  }

  /** Rows in memory, those being written included. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows ever added. */
  get given(): number {
    return this.#given;
  }

  /** The oldest batch that takes no more rows. */
  get sealed(): WriteBatch | undefined {
    return this.#sealed[0];
  }

  /** The oldest batch. */
  get head(): WriteBatch | undefined {
    return this.#sealed[0] ?? this.#filling;
  }

  /** Oldest first. */
  get batches(): readonly WriteBatch[] {
    return this.#filling ? [...this.#sealed, this.#filling] : this.#sealed;
  }

  /** The batch the next row goes into: write its cells at index `rows`, then call `added`. */
  filling(now_us: number): WriteBatch {
    if (this.#filling) return this.#filling;
    const batch = this.#spare.pop() ?? new WriteBatch(this.#table);
    batch.opened_us = now_us;
    batch.first = this.#given;
    this.#filling = batch;
    return batch;
  }

  /** Counts the row just written into `batch`; true where that filled it. */
  added(batch: WriteBatch): boolean {
    batch.rows++;
    this.#rows++;
    this.#given++;
    if (batch.rows < this.#batch_rows_max) return false;
    this.seal();
    return true;
  }

  /** The batch being filled takes no more rows. */
  seal(): void {
    const batch = this.#filling;
    if (!batch || batch.rows === 0) return;
    this.#filling = undefined;
    this.#sealed.push(batch);
  }

  /** Takes the oldest sealed batch off the queue; `reuse` where nothing else holds it. */
  remove(batch: WriteBatch, reuse: boolean): void {
    if (this.#sealed[0] !== batch) return;
    this.#sealed.shift();
    this.#rows -= batch.rows;
    if (!reuse || batch.held || this.#spare.length >= SPARE_BATCHES_MAX) return;
    batch.reset();
    this.#spare.push(batch);
  }
}
