/**
 * Writes rejected rows again: what made the database refuse them may have been mended since. Each row is stored, or
 * known already, or refused once more and kept with its newest reason.
 */

import type { Cell } from "../sql/array_literal.ts";
import type { BatchInserter } from "./insert/batch_inserter.ts";
import type { RejectedRow, RejectedRows } from "./journal/rejected_rows.ts";
import { WriteBatch } from "./queue/batch.ts";
import type { TableName, WriteTable } from "./table.ts";
import { WRITE_TABLES } from "./tables.ts";

export interface Replayed {
  /** Rows now in their table, also those that were there already. */
  readonly stored: number;
  /** Rows kept: refused again, or lines that cannot be read. */
  readonly kept: number;
}

type ByColumn = Readonly<Record<string, Cell>>;

/**
 * No process may be writing the directory meanwhile.
 * @throws ForetickError STORE_UNREACHABLE, STORE_WRITE_FAILED or STORE_WRITE_TIMEOUT; then all rows are still kept,
 *   and another replay stores none of them twice.
 */
export async function replayRejected(
  rejected: RejectedRows,
  inserter: Pick<BatchInserter, "insert">,
  batch_rows_max: number,
): Promise<Replayed> {
  const rows = rejected.read();
  const kept: RejectedRow[] = rows.filter(({ table, row }) => typeof row === "string" || !isTable(table));
  let stored = 0;
  for (const table of Object.values(WRITE_TABLES)) {
    const own = rows.flatMap((one) =>
      one.table === table.name && typeof one.row !== "string" ? [one.row] : [],
    );
    for (let from = 0; from < own.length; from += batch_rows_max) {
      const batch = batchOf(table, own.slice(from, from + batch_rows_max));
      const refused = (await inserter.insert(batch)).rejected;
      stored += batch.rows - refused.length;
      kept.push(...refused.map((row) => ({ table: table.name, ...row })));
    }
  }
  rejected.replace(kept);
  return { stored, kept: kept.length };
}

const isTable = (name: string): name is TableName => Object.hasOwn(WRITE_TABLES, name);

function batchOf(table: WriteTable, rows: readonly ByColumn[]): WriteBatch {
  const batch = new WriteBatch(table);
  for (const [index, { name }] of table.columns.entries()) {
    batch.columns[index] = rows.map((row) => row[name] ?? null);
  }
  batch.rows = rows.length;
  return batch;
}
