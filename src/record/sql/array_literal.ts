/**
 * PostgreSQL's text form of arrays: `{1,2,NULL}`. A column of a batch travels as one such text, which is
 * several times faster than having the driver serialise each element, and exact: a float64 is written with
 * the shortest digits that read back to the same bits.
 */

import type { Int64 } from "../../base/units.ts";

/** What one cell of a batch may hold. An array of float64 is held as its literal already. */
export type Cell = string | number | boolean | null;

/** An int8's cell: past 2^53 − 1 its text, which a journal keeps too. */
export const int8Cell = (value: Int64): number | string => (typeof value === "number" ? value : `${value}`);

/** `float8` text of every float64, with the sign of zero, NaN and the infinities. */
export const floatText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** Values of a vector, NaN for null, as a `float8[]` literal. */
export function floatsLiteral(values: Float64Array): string {
  const parts = new Array<string>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    parts[i] = Number.isNaN(value) ? "NULL" : floatText(value);
  }
  return `{${parts.join(",")}}`;
}

const quotedText = (value: string): string => `"${value.replace(/["\\]/g, "\\$&")}"`;

/** Cells `from` to `to` as a `text[]` literal. Neighbours are often equal (a symbol), so the last is kept. */
export function textsLiteral(cells: readonly Cell[], from: number, to: number): string {
  const parts = new Array<string>(to - from);
  let last: Cell = null;
  let quoted = "NULL";
  for (let i = from; i < to; i++) {
    const cell = cells[i]!;
    if (cell !== last) {
      last = cell;
      quoted = cell === null ? "NULL" : quotedText(String(cell));
    }
    parts[i - from] = quoted;
  }
  return `{${parts.join(",")}}`;
}

/** Cells as a literal of floats; a string is a float's text already. */
export function float8Literal(cells: readonly Cell[], from: number, to: number): string {
  const parts = new Array<string>(to - from);
  for (let i = from; i < to; i++) {
    const cell = cells[i]!;
    parts[i - from] = typeof cell === "number" ? floatText(cell) : cell === null ? "NULL" : String(cell);
  }
  return `{${parts.join(",")}}`;
}

/** Cells as a literal of integers or booleans. */
export function plainLiteral(cells: readonly Cell[], from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += `${i === from ? "" : ","}${cells[i] ?? "NULL"}`;
  return `{${text}}`;
}
