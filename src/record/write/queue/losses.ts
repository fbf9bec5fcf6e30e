/**
 * Rows that were dropped because neither the database nor the disk took them: counted per table, and noted
 * per symbol as the stretch of exchange time they cover, so that a break can be written for it once rows are
 * taken again.
 */

import { type Micros, micros } from "../../../base/units.ts";
import type { BrokenStream } from "../../../binance/events.ts";
import type { TableName } from "../table.ts";
import type { WriteBatch } from "./batch.ts";

export interface LostStretch {
  readonly symbol: string;
  readonly stream: BrokenStream;
  readonly rows: number;
  /** The break: between these two, both not included. */
  readonly ts_us: Micros;
  readonly until_us: Micros;
}

/** Tables of market data. What is computed from it leaves no break when it is lost. */
const STREAM: Partial<Record<TableName, BrokenStream>> = {
  trades: "trade",
  quotes: "quote",
  book_1s: "depth",
};

interface Open {
  rows: number;
  from_us: number;
  to_us: number;
}

export class Losses {
  readonly #open = new Map<TableName, Map<string, Open>>();

  /** Rows `from` and after of `batch` are lost. */
  add(batch: WriteBatch, from: number): void {
    const table = batch.table.name;
    if (STREAM[table] === undefined) return;
    const symbols = this.#open.get(table) ?? new Map<string, Open>();
    this.#open.set(table, symbols);
    // A row that is not believed may carry any time.
    const [aside, symbolCells, times] = ["set_aside", "symbol", table === "book_1s" ? "sec" : "ts"].map(
      (column) => batch.columns[batch.table.columns.findIndex(({ name }) => name === column)],
    );
    for (let row = from; row < batch.rows; row++) {
      if (typeof aside?.[row] === "string") continue;
      const symbol = String(symbolCells![row]);
      const ts_us = Number(times![row]);
      const open = symbols.get(symbol) ?? { rows: 0, from_us: ts_us, to_us: ts_us };
      open.rows++;
      open.from_us = Math.min(open.from_us, ts_us);
      open.to_us = Math.max(open.to_us, ts_us);
      symbols.set(symbol, open);
    }
  }

  /** The stretches of `table` noted since the last call. */
  take(table: TableName): LostStretch[] {
    const symbols = this.#open.get(table);
    if (!symbols) return [];
    this.#open.delete(table);
    return [...symbols].map(([symbol, { rows, from_us, to_us }]) => ({
      symbol,
      stream: STREAM[table]!,
      rows,
      ts_us: micros(Math.max(0, from_us - 1)),
      until_us: micros(to_us + 1),
    }));
  }
}
