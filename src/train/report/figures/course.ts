/** The test stretch taken apart: along time, by hour of the day, by how much the price was moving. */

import { measure } from "../../judge/metrics.ts";
import { ascending, cut, meanOf, pick, type TestRows } from "./test_rows.ts";

export interface Part {
  readonly rows: number;
  readonly r2: number;
  readonly ic: number | null;
  /** Log-return. */
  readonly mae: number;
  readonly mae_no_move: number;
}

export interface TimePart extends Part {
  readonly from_sec: number;
}
export interface HourPart extends Part {
  /** UTC, 0 to 23. */
  readonly hour: number;
}
export interface VolatilityPart extends Part {
  /** Mean size of recent horizon returns, log-return. */
  readonly volatility: number;
}

/** Shortest piece of time that gets a figure of its own. */
const PIECE_S_MIN = 600;
const PIECES_MAX = 168;
const FIFTHS = 5;
/** With fewer rows than this, six independent labels, a part says nothing. */
const ROWS_MIN = 60;

/** Pieces of equal length, an hour or as long as it takes to have at most 168. */
export function alongTime(rows: TestRows): TimePart[] {
  const first = rows.ts_sec[0] ?? 0;
  const span_s = (rows.ts_sec.at(-1) ?? 0) - first;
  const piece_s = span_s < 6 * 3600 ? PIECE_S_MIN : 3600 * Math.ceil(span_s / 3600 / PIECES_MAX);
  return grouped(rows, (row) => Math.floor(rows.ts_sec[row]! / piece_s)).map(([piece, part]) => ({
    from_sec: piece * piece_s,
    ...partOf(rows, part),
  }));
}

export const byHour = (rows: TestRows): HourPart[] =>
  grouped(rows, (row) => Math.floor(rows.ts_sec[row]! / 3600) % 24).map(([hour, part]) => ({
    hour,
    ...partOf(rows, part),
  }));

/** Fifths of the rows, the quietest first. */
export const byVolatility = (rows: TestRows): VolatilityPart[] =>
  cut(ascending(rows.volatility), FIFTHS)
    .filter((part) => part.length >= ROWS_MIN)
    .map((part) => ({
      volatility: meanOf(part, (row) => rows.volatility[row]!),
      ...partOf(rows, part),
    }));

function grouped(rows: TestRows, keyOf: (row: number) => number): [number, Uint32Array][] {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < rows.y.length; row++) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return Array.from(groups, ([key, group]): [number, Uint32Array] => [key, Uint32Array.from(group)])
    .filter(([, group]) => group.length >= ROWS_MIN)
    .sort(([a], [b]) => a - b);
}

function partOf({ y, p }: TestRows, part: Uint32Array): Part {
  const outcomes = pick(y, part);
  const { rows, r2, ic_pearson, mae } = measure(outcomes, pick(p, part));
  return { rows, r2, ic: ic_pearson, mae, mae_no_move: meanOf(outcomes, Math.abs) };
}
