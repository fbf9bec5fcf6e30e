/** Rows of a lake's table, of any range, into a Parquet file: from a cursor, a row group at a time. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { askedByPage } from "../sql/asked.ts";
import { type ParquetCell, type ParquetColumn, ParquetFile } from "./parquet_file.ts";
import type { LakeTable } from "./tables.ts";

/** Half-open. */
export interface TableSpan {
  readonly symbol: string;
  readonly from_us: number;
  readonly to_us: number;
}

export interface WriteTools {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Rows of a row group; default by the number of columns. A group is written in one stretch of the event loop. */
  readonly group_rows?: number | undefined;
  /** Pause after each group, for other work of the process (ms); default none but the loop's own. */
  readonly pause_ms?: number | undefined;
}

/**
 * The file is there once it is whole.
 * @throws ForetickError CONFIG_INVALID, STORE_UNREACHABLE, STORE_QUERY; what `signal` is aborted with.
 */
export async function writeTable(
  path: string,
  table: LakeTable,
  { symbol, from_us, to_us }: TableSpan,
  { sql, clock, signal, group_rows, pause_ms = 0 }: WriteTools,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const file = new ParquetFile(path, table.columns, { symbol, ...table.about }, group_rows);
  try {
    const parameters = [symbol, String(from_us), String(to_us)];
    const cells = new Array<ParquetCell>(table.columns.length);
    for await (const row of askedByPage<Record<string, unknown>>(sql, table.text, parameters, clock)) {
      for (const [index, column] of table.columns.entries()) cells[index] = cellOf(column, row[column.name]);
      file.push(cells);
      if (file.rows % file.group_rows === 0) await pause(clock, pause_ms, signal);
      signal?.throwIfAborted();
    }
    file.finish();
    return { rows: file.rows, bytes: file.size };
  } finally {
    file.discard();
  }
}

/** As the driver hands it over: int8 and exact numbers as text, doubles as numbers. */
function cellOf({ type }: ParquetColumn, value: unknown): ParquetCell {
  if (value === null || value === undefined) return null;
  switch (type) {
    case "time":
    case "int64":
      return BigInt(value as string | number);
    case "double":
      return Number(value);
    case "bool":
      return value as boolean;
    default:
      return String(value);
  }
}
