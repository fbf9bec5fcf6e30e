/** The drawings of a report card. Undefined where there is nothing to draw. */

import type { ReportJson } from "../../../messages/operate/report.ts";
import { drawing, element, label, line, path, px, widthOf } from "../../draw/svg.ts";
import { signed } from "../../words.ts";

const [WIDTH_MAX, HEIGHT, LEFT_PX, FOOT_PX] = [400, 200, 58, 22];

interface Point {
  readonly forecast: number;
  readonly outcome: number;
  readonly half: number;
}

/** What came by what was forecast, in basis points. */
export function calibrationDrawing(parts: ReportJson["calibration"]): SVGElement | undefined {
  const points = parts.flatMap(({ forecast, outcome, standard_error }): Point[] =>
    forecast === null || outcome === null
      ? []
      : [{ forecast: 1e4 * forecast, outcome: 1e4 * outcome, half: 2e4 * (standard_error ?? 0) }],
  );
  if (points.length < 2) return undefined;
  const across = Math.max(...points.map(({ forecast }) => Math.abs(forecast)), 1e-9);
  const up = Math.max(...points.map(({ outcome, half }) => Math.abs(outcome) + half), across);
  const width = widthOf(WIDTH_MAX);
  const [plot_w, plot_h] = [width - LEFT_PX - 8, HEIGHT - FOOT_PX - 8];
  const x = (value: number): number => LEFT_PX + ((value + across) / (2 * across)) * plot_w;
  const y = (value: number): number => 8 + ((up - value) / (2 * up)) * plot_h;
  const ends = [-across, across] as const;
  const says = points.map(
    ({ forecast, outcome }) => `${signed(forecast, 2)} forecast, ${signed(outcome, 2)} came`,
  );
  return drawing(width, HEIGHT, `Basis points: ${says.join("; ")}`, [
    line("grid", LEFT_PX, y(0), width - 8, y(0)),
    line("grid", x(0), 8, x(0), HEIGHT - FOOT_PX),
    line("limit-line", x(ends[0]), y(ends[0]), x(ends[1]), y(ends[1])),
    ...points.map(({ forecast, outcome, half }) =>
      line("whisker", x(forecast), y(outcome - half), x(forecast), y(outcome + half)),
    ),
    ...points.map(({ forecast, outcome }) =>
      element("circle", { class: "dot", cx: px(x(forecast)), cy: px(y(outcome)), r: 4 }),
    ),
    label(LEFT_PX - 6, 16, signed(up, 1), "end"),
    label(LEFT_PX - 6, y(0) + 4, "0", "end"),
    label(LEFT_PX - 6, HEIGHT - FOOT_PX, signed(-up, 1), "end"),
    label(LEFT_PX, HEIGHT - 6, `${signed(-across, 1)} forecast`),
    label(width - 8, HEIGHT - 6, `${signed(across, 1)} bp`, "end"),
  ]);
}

/** R² piece by piece. */
export function courseDrawing(parts: ReportJson["along_time"]): SVGElement | undefined {
  const known = parts.flatMap(({ from_sec, r2 }) => (r2 === null ? [] : [{ from_sec, r2 }]));
  if (known.length < 2) return undefined;
  const width = widthOf(WIDTH_MAX);
  const low = Math.min(0, ...known.map(({ r2 }) => r2));
  const high = Math.max(0, ...known.map(({ r2 }) => r2));
  const [first, last] = [known[0]!.from_sec, known.at(-1)!.from_sec];
  const x = (sec: number): number => LEFT_PX + ((sec - first) / (last - first || 1)) * (width - LEFT_PX - 8);
  const y = (r2: number): number => 8 + ((high - r2) / (high - low || 1)) * (HEIGHT - FOOT_PX - 8);
  const figure = (r2: number): string => `${signed(100 * r2, 1)} %`;
  const time = (sec: number): string => new Date(1_000 * sec).toISOString().slice(5, 16).replace("T", " ");
  const better = known.filter(({ r2 }) => r2 > 0).length;
  // Where zero is at an edge the edge's own figure would lie on it.
  const marks = [high, 0, low].filter((value) => value === 0 || Math.abs(y(value) - y(0)) > 16);
  return drawing(width, HEIGHT, `Better than no move in ${better} of ${known.length} pieces`, [
    line("limit-line", LEFT_PX, y(0), width - 8, y(0)),
    path(
      "validation-line",
      `M${known.map(({ from_sec, r2 }) => `${px(x(from_sec))} ${px(y(r2))}`).join("L")}`,
    ),
    ...marks.map((value) => label(LEFT_PX - 6, y(value) + 4, value === 0 ? "0" : figure(value), "end")),
    label(LEFT_PX, HEIGHT - 6, time(first)),
    label(width - 8, HEIGHT - 6, `${time(last)} UTC`, "end"),
  ]);
}

/** So many of the features are drawn. */
const SHOWN = 8;
const NAME_PX = 150;
const ROW_PX = 22;

/** What it would lose without each feature, the most first. */
export function readsDrawing(importance: ReportJson["importance"]): SVGElement | undefined {
  const rows = importance.flatMap(({ feature, r2_lost, range }) =>
    r2_lost === null ? [] : [{ feature, r2_lost, range }],
  );
  const shown = rows.slice(0, SHOWN);
  const most = Math.max(...shown.flatMap(({ r2_lost, range }) => [r2_lost, ...(range ?? [])]), 0);
  if (most === 0) return undefined;
  const width = widthOf(WIDTH_MAX);
  const x = (r2: number): number => NAME_PX + (Math.max(0, r2) / most) * (width - NAME_PX - 8);
  const says = shown.map(({ feature, r2_lost }) => `${feature} ${signed(100 * r2_lost, 2)} %`).join(", ");
  return drawing(width, ROW_PX * shown.length + 18, `R² lost without it: ${says}`, [
    ...shown.flatMap(({ feature, r2_lost, range }, i) => [
      label(NAME_PX - 8, ROW_PX * i + 15, feature.length > 22 ? `${feature.slice(0, 21)}…` : feature, "end"),
      element("rect", {
        class: "buy",
        ...{ x: NAME_PX, y: ROW_PX * i + 5, width: px(x(r2_lost) - NAME_PX), height: 12, rx: 2 },
      }),
      ...(range ? [line("limit-line", x(range[0]), ROW_PX * i + 11, x(range[1]), ROW_PX * i + 11)] : []),
    ]),
    label(NAME_PX, ROW_PX * shown.length + 14, "0"),
    label(width - 8, ROW_PX * shown.length + 14, `${signed(100 * most, 2)} %`, "end"),
  ]);
}
