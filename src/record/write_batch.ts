/** Rows of one table on their way to the database, held by column: no object a row. */

import type { Cell } from "./array_literal.ts";
import { LITERAL, type WriteTable } from "./write_tables.ts";

export class WriteBatch {
  readonly table: WriteTable;
  /** One array a column. Only the first `rows` cells of each count; the arrays are used again. */
  readonly columns: Cell[][];
  rows = 0;
  /** When its first row came (monotonic µs). */
  opened_us = 0;
  /** Its place among all batches of this run. */
  seq = 0;

  constructor(table: WriteTable) {
    this.table = table;
    this.columns = table.columns.map(() => []);
  }

  /** The statement's parameters for rows `from` to `to`. */
  parameters(from = 0, to = this.rows): string[] {
    return this.table.columns.map(({ kind }, i) => LITERAL[kind](this.columns[i]!, from, to));
  }

  /** One row as a record, for a person who wants to know what was wrong with it. */
  record(row: number): Record<string, Cell> {
    return Object.fromEntries(this.table.columns.map(({ name }, i) => [name, this.columns[i]![row] ?? null]));
  }
}
