/**
 * A column of a dataset: in memory, or in a file of which a stretch at a time is in memory. Sums over either go
 * through `pieces` in the same order, so that where the numbers lie changes no bit of a result.
 */

import { FileNumbers } from "./number_file.ts";
import type { RowRange } from "./row_range.ts";

/** `length`, `subarray` and `copyWithin` mean the same for all of them. */
export type Numbers = HeldNumbers | FileNumbers;
export type HeldNumbers = Float64Array | Float32Array;

/** Rows looked at in one go: 36 columns of float32 are 2.4 MB. */
const PIECE_ROWS = 16_384;

/** The range in pieces, in order. */
export function* pieces({ from, to }: RowRange, rows = PIECE_ROWS): Generator<RowRange> {
  for (let at = from; at < to; at += rows) yield { from: at, to: Math.min(to, at + rows) };
}

/** Numbers [from, to) in memory: a view, not to be written, good until the next one of the same column. */
export const held = (numbers: Numbers, from: number, to: number): HeldNumbers =>
  numbers instanceof FileNumbers ? numbers.read(from, to) : numbers.subarray(from, to);

/** Numbers [from, to) as doubles of the caller's own where they are in a file; a view where they are doubles. */
export function heldDoubles(numbers: Numbers, from: number, to: number): Float64Array {
  const view = held(numbers, from, to);
  return view instanceof Float64Array && !(numbers instanceof FileNumbers) ? view : Float64Array.from(view);
}

/** One number; NaN outside of the column. */
export const numberAt = (numbers: Numbers, index: number): number =>
  index >= 0 && index < numbers.length ? held(numbers, index, index + 1)[0]! : Number.NaN;

/** The same numbers [from, to) apart from these: in memory, or in a file beside theirs. */
export const copyOf = (numbers: Numbers, from: number, to: number): Numbers =>
  numbers instanceof FileNumbers ? numbers.copy(from, to) : numbers.slice(from, to);

/** First index of the range whose number is at least `value`; `range.to` where none is. @param numbers ascending. */
export const firstFrom = (numbers: Numbers, range: RowRange, value: number): number =>
  firstWhere(numbers, range, (number) => number >= value);

/** First index of the range whose number is above `value`; `range.to` where none is. @param numbers ascending. */
export const firstAbove = (numbers: Numbers, range: RowRange, value: number): number =>
  firstWhere(numbers, range, (number) => number > value);

function firstWhere(numbers: Numbers, range: RowRange, is: (number: number) => boolean): number {
  let low = range.from;
  let high = range.to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (is(numberAt(numbers, middle))) high = middle;
    else low = middle + 1;
  }
  return low;
}
