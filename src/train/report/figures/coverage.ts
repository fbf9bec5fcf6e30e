/**
 * Intervals as the service could have issued them on the test rows: each made from what was known, each outcome
 * learned a horizon later; beside them one fixed width, for comparison.
 */

import { AdaptiveInterval } from "../../../judge/interval.ts";
import { ascending, cut, meanOf, meanOver, type TestRows } from "./test_rows.ts";

export interface CoverageFigures {
  /** Share of outcomes inside. */
  readonly coverage: number;
  /** Mean of the whole width (log-return). */
  readonly width: number;
  /** Coverage in the quietest and the liveliest fifth of the rows, by recent volatility. */
  readonly coverage_quiet: number;
  readonly coverage_lively: number;
}

export interface Coverage {
  /** The share promised. */
  readonly nominal: number;
  readonly adaptive: CoverageFigures;
  /** One width for all rows, from the rows before the test. */
  readonly fixed: CoverageFigures;
  /** Of the adaptive ones, piece by piece. */
  readonly course: readonly {
    readonly from_sec: number;
    readonly coverage: number;
    readonly width: number;
  }[];
}

const NOMINAL = 0.9;
const PIECES_MAX = 168;
const PIECE_ROWS_MIN = 300;

export interface IssuedIntervals {
  /** Log-return, one per row. */
  readonly half_width: Float64Array;
  readonly half_width_fixed: number;
}

/** @param before rows of the same model that end before the test: where the first widths come from. */
export function issueIntervals(rows: TestRows, before: TestRows): IssuedIntervals {
  const start = quantile(
    before.y.map((y, row) => Math.abs(y - before.p[row]!) / before.volatility[row]!),
    NOMINAL,
  );
  const interval = new AdaptiveInterval({ coverage: NOMINAL, start: Math.max(start, Number.MIN_VALUE) });
  const half_width = new Float64Array(rows.y.length);
  let learned = 0;
  for (let row = 0; row < half_width.length; row++) {
    for (; rows.ts_sec[learned]! + rows.horizon_s <= rows.ts_sec[row]!; learned++) {
      interval.observe(Math.abs(rows.y[learned]! - rows.p[learned]!) <= half_width[learned]!);
    }
    half_width[row] = interval.ratio * rows.volatility[row]!;
  }
  const half_width_fixed = quantile(
    before.y.map((y, row) => Math.abs(y - before.p[row]!)),
    NOMINAL,
  );
  return { half_width, half_width_fixed };
}

export function coverageOf(rows: TestRows, { half_width, half_width_fixed }: IssuedIntervals): Coverage {
  const fixed = new Float64Array(half_width.length).fill(half_width_fixed);
  return {
    nominal: NOMINAL,
    adaptive: figuresOf(rows, half_width),
    fixed: figuresOf(rows, fixed),
    course: courseOf(rows, half_width),
  };
}

function figuresOf(rows: TestRows, half_width: Float64Array): CoverageFigures {
  const fifths = cut(ascending(rows.volatility), 5);
  const inside = (row: number): number => holds(rows, half_width, row);
  return {
    coverage: meanOver(rows.y.length, inside),
    width: meanOf(half_width, (half) => 2 * half),
    coverage_quiet: meanOf(fifths[0]!, inside),
    coverage_lively: meanOf(fifths[4]!, inside),
  };
}

const holds = ({ y, p }: TestRows, half_width: Float64Array, row: number): number =>
  Math.abs(y[row]! - p[row]!) <= half_width[row]! ? 1 : 0;

function courseOf(rows: TestRows, half_width: Float64Array): Coverage["course"] {
  const size = Math.max(PIECE_ROWS_MIN, Math.ceil(rows.y.length / PIECES_MAX));
  const pieces = Math.floor(rows.y.length / size);
  return Array.from({ length: pieces }, (_, piece) => {
    const part = Uint32Array.from({ length: size }, (_, index) => piece * size + index);
    return {
      from_sec: rows.ts_sec[piece * size]!,
      coverage: meanOf(part, (row) => holds(rows, half_width, row)),
      width: meanOf(part, (row) => 2 * half_width[row]!),
    };
  });
}

function quantile(values: Float64Array, q: number): number {
  const sorted = values.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
