/**
 * A line of the journal: rows of one table with their checksum.
 *
 *     <crc32, hex> {"table":"trades","rows":2,"columns":{"symbol":["BTCUSDT","BTCUSDT"],…}}
 */

import { crc32 } from "node:zlib";
import { type Cell, floatText } from "../../sql/array_literal.ts";
import { WriteBatch } from "../queue/batch.ts";
import type { TableName } from "../table.ts";
import { EARLIER_NAMES, WRITE_TABLES } from "../tables.ts";

interface Line {
  readonly table: TableName;
  readonly rows: number;
  readonly columns: Readonly<Record<string, Cell[]>>;
}

const CRC_CHARS = 8;

/** Rows `from` to `to` of `batch`, its newline included. */
export function encodeLine(batch: WriteBatch, from: number, to: number): Buffer {
  const columns: Record<string, Cell[]> = {};
  for (const [i, { name, kind }] of batch.table.columns.entries()) {
    const cells = batch.columns[i]!.slice(from, to);
    // JSON has neither NaN nor −0: floats go as the text the database would get.
    columns[name] =
      kind === "float8" ? cells.map((cell) => (typeof cell === "number" ? floatText(cell) : cell)) : cells;
  }
  const text = JSON.stringify({ table: batch.table.name, rows: to - from, columns } satisfies Line);
  return Buffer.from(`${checksumOf(text)} ${text}\n`);
}

/** Whether a line, sound or not, begins as one of `table` does. */
export const isOf = (line: string, table: TableName): boolean =>
  line.startsWith(`{"table":"${table}"`, CRC_CHARS + 1);

/**
 * The rows of a line without its newline; undefined where it is damaged, its table is unknown, or it is not such a line
 * though its checksum holds.
 */
export function decodeLine(line: string): WriteBatch | undefined {
  const text = line.slice(CRC_CHARS + 1);
  if (line.slice(0, CRC_CHARS) !== checksumOf(text)) return undefined;
  const found = lineOf(text);
  if (!found) return undefined;
  const { table: name, rows, columns } = found;
  const table = WRITE_TABLES[name];
  const batch = new WriteBatch(table);
  batch.rows = rows;
  // A column that came after the line was written is null throughout.
  for (const [i, column] of table.columns.entries()) {
    const cells = columns[column.name] ?? columns[EARLIER_NAMES[name]?.[column.name] ?? ""];
    const filled = cells ?? new Array<null>(rows).fill(null);
    if (!areCells(filled, rows)) return undefined;
    batch.columns[i] = filled;
  }
  return batch;
}

/** The line's JSON where it names a table, its columns and a count of rows that a line of that length can hold. */
function lineOf(text: string): Line | undefined {
  let value: Partial<Line> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { table, rows, columns } = value ?? {};
  if (typeof table !== "string" || !Object.hasOwn(WRITE_TABLES, table)) return undefined;
  if (!Number.isInteger(rows) || rows! < 0 || rows! > text.length) return undefined;
  if (typeof columns !== "object" || columns === null) return undefined;
  return { table, rows: rows!, columns };
}

const areCells = (cells: unknown, rows: number): boolean =>
  Array.isArray(cells) &&
  cells.length === rows &&
  cells.every((cell) => cell === null || typeof cell !== "object");

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(CRC_CHARS, "0");
