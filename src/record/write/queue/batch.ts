/** Rows of one table on their way to the database, held by column: no object per row. */

import type { Cell } from "../../sql/array_literal.ts";
import type { JournalPosition } from "../journal/segment.ts";
import { LITERAL, type WriteTable } from "../table.ts";

export class WriteBatch {
  readonly table: WriteTable;
  /** One array per column. Only the first `rows` cells of each count; the arrays are used again. */
  readonly columns: Cell[][];
  rows = 0;
  /** When its first row came (monotonic µs). */
  opened_us = 0;
  /** How many rows of its table were given before its first one. */
  first = 0;
  /** How many of its rows, from the first on, are in the journal and synced. */
  journalled = 0;
  /** Where the last of these ends. */
  position: JournalPosition | undefined;
  /**
   * A group of the write-ahead holds it, from its encoding to the sync: it may not be used again for other rows
   * yet, or these would count as journalled.
   */
  held = false;
  /** It is in the database, or was set aside. */
  settled = false;

  constructor(table: WriteTable) {
    this.table = table;
    this.columns = table.columns.map(() => []);
  }

  /** The statement's parameters for rows `from` to `to`. */
  parameters(from = 0, to = this.rows): string[] {
    return this.table.columns.map(({ kind }, i) => LITERAL[kind](this.columns[i]!, from, to));
  }

  /** One row as a record, for a person who looks for its fault. */
  record(row: number): Record<string, Cell> {
    return Object.fromEntries(this.table.columns.map(({ name }, i) => [name, this.columns[i]![row] ?? null]));
  }

  /** Empty, as new. */
  reset(): void {
    this.rows = 0;
    this.journalled = 0;
    this.position = undefined;
    this.settled = false;
  }

  /** Takes over the rows of `other`, of the same table. */
  append(other: WriteBatch): void {
    for (const [i, column] of this.columns.entries()) {
      const cells = other.columns[i]!;
      for (let row = 0; row < other.rows; row++) column[this.rows + row] = cells[row]!;
    }
    this.rows += other.rows;
  }
}
