/** Plots along the test stretch. */

import { decimal, percent, timeOf } from "../page/words.ts";
import type { Report } from "../report.ts";
import { timeAxis } from "./axes.ts";
import { type Axis, dot, line, path, plot, rangeOf } from "./svg.ts";

export function rollingPlot({ along_time }: Report): string {
  const parts = along_time.filter(({ ic }) => ic !== null);
  return timePlot(
    parts.map(({ from_sec, ic }) => [from_sec, ic!]),
    {
      label: "correlation",
      title: "Correlation of forecast and outcome along the test",
      include: [0],
      format: (value) => decimal(value, 2),
    },
  );
}

export function coveragePlot({ coverage }: Report): string {
  const points = coverage.course.map(({ from_sec, coverage: share }): [number, number] => [from_sec, share]);
  const title = "Share of outcomes inside the interval along the test";
  const format = (value: number): string => percent(value, 0);
  return timePlot(points, {
    label: "inside",
    title,
    include: [coverage.nominal, 1],
    format,
    reference: coverage.nominal,
  });
}

export function tradingPlot({ trading }: Report): string {
  const { every, free } = trading;
  if (every.course.length < 2) return "";
  const all = [...every.course, ...free.course];
  const [from, to] = rangeOf(
    all.map(({ net_total }) => net_total),
    [0],
  );
  const places = to - from < 0.05 ? 2 : 0;
  const format = (value: number): string => decimal(value * 100, places);
  const y: Axis = { from, to, label: "sum of all trades (%)", format };
  const x = timeAxis(every.course[0]!.ts_sec, every.course.at(-1)!.ts_sec);
  return plot({ x, y, title: "Running sum of trades, with and without costs" }, (place) => {
    const points = (course: typeof every.course): [number, number][] =>
      course.map(({ ts_sec, net_total }) => [place.x(ts_sec), place.y(net_total)]);
    return path(points(free.course), "line other") + path(points(every.course), "line own");
  });
}

interface TimePlotOptions {
  readonly label: string;
  readonly title: string;
  readonly include: readonly number[];
  readonly format: (value: number) => string;
  readonly reference?: number;
}

function timePlot(points: readonly (readonly [number, number])[], options: TimePlotOptions): string {
  if (points.length === 0) return "";
  const values = points.map(([, value]) => value);
  const [low, high] = rangeOf(values, options.include);
  const y: Axis = {
    from: low,
    to: options.include.includes(1) ? Math.min(1, high) : high,
    label: options.label,
    format: options.format,
  };
  const x = timeAxis(points[0]![0], points.at(-1)![0]);
  return plot({ x, y, title: options.title }, (place) => {
    const at = points.map(([sec, value]): [number, number] => [place.x(sec), place.y(value)]);
    const reference =
      options.reference === undefined
        ? ""
        : line([place.left, place.y(options.reference)], [place.right, place.y(options.reference)], "ideal");
    const dots =
      points.length > 60
        ? []
        : at.map((point, index) =>
            dot(point, 2.5, "own", `${timeOf(points[index]![0])}: ${options.format(values[index]!)}`),
          );
    return reference + path(at, "line own") + dots.join("");
  });
}
