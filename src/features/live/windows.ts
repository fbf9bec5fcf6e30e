/**
 * Sliding windows over rings, each advanced once a second. What is exact (integer sums, least, largest,
 * ranked) is kept running, in constant or logarithmic time; what is rounded (float sums, deviations,
 * weighted means) is computed afresh in the order expr.ts fixes, for a running float sum would depend on
 * where it began. A null in the window makes its value null.
 */

import { type Int64, minus, plus } from "../../base/units.ts";
import type { NumberRing, WideRing } from "./ring.ts";

/** The window's value at `tick`; called for every tick, in order, after the ring holds that tick. */
export type NumberWindow = (tick: number) => number;
export type WideWindow = (tick: number) => Int64 | null;

const isNull = (value: number): boolean => Number.isNaN(value);

/**
 * Exact sum of integers whose every window sum stays within 2^53. Values further apart than a second make as
 * many sums as there are seconds between them, and each second moves one on.
 */
export function runningSum(ring: NumberRing, count: number, step_s: number): NumberWindow {
  const totals = new Float64Array(step_s);
  const nulls = new Int32Array(step_s).fill(count);
  return (tick) => {
    const phase = tick % step_s;
    const leaving = ring.at(tick - count * step_s);
    const entering = ring.at(tick);
    if (isNull(leaving)) nulls[phase]! -= 1;
    else totals[phase]! -= leaving;
    if (isNull(entering)) nulls[phase]! += 1;
    else totals[phase]! += entering;
    return nulls[phase] === 0 ? totals[phase]! : NaN;
  };
}

/** Exact sum where it may pass 2^53; `read` gives the summand of a tick. */
export function runningWideSum(read: WideWindow, count: number, step_s: number): WideWindow {
  const totals = new Array<Int64>(step_s).fill(0);
  const nulls = new Int32Array(step_s).fill(count);
  return (tick) => {
    const phase = tick % step_s;
    const leaving = read(tick - count * step_s);
    const entering = read(tick);
    if (leaving === null) nulls[phase]! -= 1;
    else totals[phase] = minus(totals[phase]!, leaving);
    if (entering === null) nulls[phase]! += 1;
    else totals[phase] = plus(totals[phase]!, entering);
    return nulls[phase] === 0 ? totals[phase]! : null;
  };
}

/** Largest (`sign` 1) or least (`sign` −1) of integers that may pass 2^53: looked through. */
export function wideExtreme(read: WideWindow, count: number, step_s: number, sign: 1 | -1): WideWindow {
  return (tick) => {
    let extreme = read(tick);
    for (let index = 1; index < count && extreme !== null; index += 1) {
      const value = read(tick - index * step_s);
      if (value === null || (sign === 1 ? value > extreme : value < extreme)) extreme = value;
    }
    return extreme;
  };
}

/** Value number `rank` of integers that may pass 2^53: gathered and sorted. */
export function wideRank(read: WideWindow, count: number, step_s: number, rank: number): WideWindow {
  return (tick) => {
    const values: Int64[] = [];
    for (let index = 0; index < count; index += 1) {
      const value = read(tick - index * step_s);
      if (value === null) return null;
      values.push(value);
    }
    values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return values[rank - 1]!;
  };
}

/** Reads a ring as wide integers, whichever it holds. */
export function wideReader(ring: NumberRing | WideRing): WideWindow {
  return (tick) => {
    const value = ring.at(tick);
    return typeof value === "number" && isNull(value) ? null : value;
  };
}

/** Largest (`sign` 1) or least (`sign` −1), by a monotonic queue: each value enters and leaves once. */
export function slidingExtreme(ring: NumberRing, count: number, sign: 1 | -1): NumberWindow {
  const capacity = 2 ** Math.ceil(Math.log2(count + 1));
  const mask = capacity - 1;
  const values = new Float64Array(capacity);
  const ticks = new Int32Array(capacity);
  let head = 0;
  let tail = 0;
  let nulls = count;
  return (tick) => {
    const entering = ring.at(tick);
    if (isNull(ring.at(tick - count))) nulls -= 1;
    if (head < tail && ticks[head & mask]! <= tick - count) head += 1;
    if (isNull(entering)) nulls += 1;
    else {
      while (head < tail && values[(tail - 1) & mask]! * sign <= entering * sign) tail -= 1;
      values[tail & mask] = entering;
      ticks[tail & mask] = tick;
      tail += 1;
    }
    return nulls === 0 ? values[head & mask]! + 0 : NaN;
  };
}

/** Value number `rank` (from 1) of the sorted window, which is kept sorted. */
export function slidingRank(ring: NumberRing, count: number, rank: number): NumberWindow {
  const sorted = new Float64Array(count + 1);
  let size = 0;
  let nulls = count;
  const lowerBound = (value: number): number => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (tick) => {
    const leaving = ring.at(tick - count);
    const entering = ring.at(tick);
    if (isNull(leaving)) nulls -= 1;
    else {
      const at = lowerBound(leaving);
      sorted.copyWithin(at, at + 1, size);
      size -= 1;
    }
    if (isNull(entering)) nulls += 1;
    else {
      const at = lowerBound(entering);
      sorted.copyWithin(at + 1, at, size);
      sorted[at] = entering;
      size += 1;
    }
    return nulls === 0 ? sorted[rank - 1]! + 0 : NaN;
  };
}

/** Left to right from the oldest; a null, being NaN, makes the sum NaN. */
export function orderedSum(ring: NumberRing, count: number, step_s: number): NumberWindow {
  return (tick) => {
    let at = tick - (count - 1) * step_s;
    let total = ring.at(at);
    for (at += step_s; at <= tick; at += step_s) total += ring.at(at);
    return total;
  };
}

/** The sample's, in two passes. */
export function orderedStddev(ring: NumberRing, count: number, step_s: number): NumberWindow {
  const sum = orderedSum(ring, count, step_s);
  return (tick) => {
    const m = sum(tick) / count;
    let at = tick - (count - 1) * step_s;
    let squares = (ring.at(at) - m) * (ring.at(at) - m);
    for (at += step_s; at <= tick; at += step_s) {
      const deviation = ring.at(at) - m;
      squares += deviation * deviation;
    }
    return Math.sqrt(squares / (count - 1));
  };
}

export function orderedWeighted(ring: NumberRing, weights: readonly number[], step_s: number): NumberWindow {
  const w = Float64Array.from(weights);
  const count = w.length;
  return (tick) => {
    let at = tick - (count - 1) * step_s;
    let total = w[0]! * ring.at(at);
    for (let index = 1; index < count; index += 1) {
      at += step_s;
      total += w[index]! * ring.at(at);
    }
    return total;
  };
}

/** Largest (`sign` 1) or least (`sign` −1) of values further apart than a second: looked through. */
export function gatheredExtreme(ring: NumberRing, count: number, step_s: number, sign: 1 | -1): NumberWindow {
  return (tick) => {
    let at = tick - (count - 1) * step_s;
    let extreme = ring.at(at);
    for (at += step_s; at <= tick; at += step_s) {
      const value = ring.at(at);
      // Not "greater" but "not smaller": a null, being NaN, takes over, and stays.
      if (!(value * sign <= extreme * sign)) extreme = isNull(extreme) ? extreme : value;
    }
    return extreme + 0;
  };
}

/** Windows whose values are further apart than a second, and need their order: gathered and sorted. */
export function gatheredRank(ring: NumberRing, count: number, step_s: number, rank: number): NumberWindow {
  const values = new Float64Array(count);
  return (tick) => {
    for (let index = 0; index < count; index += 1) {
      const value = ring.at(tick - index * step_s);
      if (isNull(value)) return NaN;
      values[index] = value;
    }
    values.sort();
    return values[rank - 1]! + 0;
  };
}
