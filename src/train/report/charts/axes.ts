/** Axes that several plots share. */

import { decimal, duration, shortTime } from "../page/words.ts";
import type { Axis } from "./svg.ts";

/** In basis points, with as many places as the range needs. */
export const bpAxis = (label: string, [from, to]: readonly [number, number]): Axis => {
  const fine = (to - from) * 1e4 < 5;
  return {
    from,
    to,
    label,
    format: (value) => decimal(value * 1e4, fine ? ((to - from) * 1e4 < 0.5 ? 2 : 1) : 0),
  };
};

/** Marks at round times. */
export function timeAxis(from: number, to: number): Axis {
  const span = Math.max(1, to - from);
  const step =
    [300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000].find(
      (seconds) => span / seconds <= 5,
    ) ?? 2_592_000;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  const format = (value: number): string => shortTime(value, step < 3600);
  return {
    from,
    to: to > from ? to : from + 1,
    label: `time (UTC), ${duration(span)}`,
    format,
    ticks: ticks.length > 0 ? ticks : [from],
  };
}
