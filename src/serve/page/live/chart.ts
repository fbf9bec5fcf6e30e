/**
 * Up to five minutes as an SVG: the price, the interval that was promised for each instant and every tenth forecast
 * above; below, on one scale, the moves forecast and the moves that came. What there is fills the width from the start. Colours come from the style sheet, so both themes are one drawing.
 */

import type { PredictionRowJson } from "../../messages/predictions.ts";
import { element, label, line, path, px } from "../draw/svg.ts";
import { priceText, signed, timeText } from "../words.ts";
import { type PricePoint, verdictOf } from "./history.ts";

const SPAN_S = 300;
const EVERY_S = 10;
/** Seconds without a forecast after which the line is broken rather than drawn across. */
const BREAK_S = 5;
const RIGHT_PX = 72;
/** Room an axis label of the time needs (px). */
const TIME_PX = 72;
const TIME_STEPS_S = [5, 10, 30, 60, 120];
const FOOT_PX = 20;
const BAND_GAP_PX = 18;

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

interface Scale {
  readonly low: number;
  readonly high: number;
  y(value: number): number;
}

interface Frame {
  readonly width: number;
  readonly plot: number;
  readonly newest_sec: number;
  readonly from_sec: number;
  x(ts_sec: number): number;
  readonly price: Scale;
  readonly move: Scale;
  readonly foot: number;
}

/**
 * @param rows forecasts of one series. @param points the market's price, also from another model's forecasts.
 */
export function drawChart(
  svg: SVGSVGElement,
  rows: readonly PredictionRowJson[],
  points: readonly PricePoint[],
): void {
  const { width, height } = svg.getBoundingClientRect();
  const newest_sec = rows.at(-1)?.ts_sec;
  if (newest_sec === undefined || width === 0) return;
  const within = ({ ts_sec }: PricePoint): boolean => ts_sec > newest_sec - SPAN_S && ts_sec <= newest_sec;
  const shown = rows.filter(within);
  const line = points.filter(within);
  const band = promised(rows, newest_sec);
  const frame = layOut(shown, line, band, newest_sec, width, height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(
    ...axes(frame),
    ...bandPaths(frame, band),
    ...moves(frame, shown),
    ...prices(frame, shown, line),
  );
  svg.setAttribute("aria-label", describe(line));
}

function layOut(
  rows: readonly PredictionRowJson[],
  points: readonly PricePoint[],
  band: readonly Promised[],
  newest_sec: number,
  width: number,
  height: number,
): Frame {
  const plot = width - RIGHT_PX;
  const horizon_s = rows.at(-1)?.horizon_s ?? EVERY_S;
  const first_sec = Math.min(
    newest_sec,
    ...rows.map(({ ts_sec }) => ts_sec),
    ...points.map(({ ts_sec }) => ts_sec),
  );
  const span_s = Math.max(newest_sec - first_sec, horizon_s);
  const from = newest_sec - span_s;
  const per_s = plot / (span_s + horizon_s);
  const inner = height - FOOT_PX - BAND_GAP_PX;
  const price_bottom = 8 + inner * 0.66;
  const move_top = price_bottom + BAND_GAP_PX;

  const all = [
    ...points.map(({ current_price }) => current_price),
    ...rows.map(({ predicted_price }) => predicted_price),
    ...coneEnds(rows.at(-1)),
    ...band.filter(({ ts_sec }) => ts_sec >= from).flatMap(({ lower, upper }) => [lower, upper]),
  ];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const pad = Math.max((high - low) * 0.08, high * 1e-6);
  let reach = 1e-5;
  for (const row of rows) {
    reach = Math.max(reach, Math.abs(row.yhat_log_return), Math.abs(row.realized_log_return ?? 0));
  }
  return {
    width,
    plot,
    newest_sec,
    from_sec: from,
    x: (ts_sec) => (ts_sec - from) * per_s,
    price: scale(low - pad, high + pad, 8, price_bottom),
    move: scale(-reach, reach, move_top, height - FOOT_PX),
    foot: height,
  };
}

function scale(low: number, high: number, top: number, bottom: number): Scale {
  return { low, high, y: (value) => bottom - ((value - low) / (high - low)) * (bottom - top) };
}

function axes(frame: Frame): SVGElement[] {
  const { price, move, plot, newest_sec } = frame;
  const made: SVGElement[] = [];
  const level = (y: number, text: string): void => {
    made.push(line("grid", 0, y, plot, y), label(plot + 8, y + 4, text));
  };
  for (const share of [0.08, 0.5, 0.92]) {
    const value = price.low + share * (price.high - price.low);
    level(price.y(value), price.high - price.low > 20 ? whole.format(value) : priceText(value));
  }
  level(move.y(0), "0 bp");
  made.push(label(plot + 8, move.y(move.high) + 8, `${signed(move.high * 1e4, 1)} bp`));
  made.push(label(plot + 8, move.y(move.low), `${signed(move.low * 1e4, 1)} bp`));
  const now_x = frame.x(newest_sec);
  const per_s = frame.x(1) - frame.x(0);
  const step = TIME_STEPS_S.find((step_s) => step_s * per_s >= TIME_PX) ?? SPAN_S;
  for (let sec = Math.ceil(frame.from_sec / step) * step; sec < newest_sec; sec += step) {
    const x = frame.x(sec);
    if (x < TIME_PX / 2 || x > now_x - TIME_PX) continue;
    const text = step % 60 === 0 ? timeText(sec).slice(0, 5) : timeText(sec);
    made.push(label(x, frame.foot - 3, text, "middle"));
  }
  const now = label(now_x, frame.foot - 3, "now", "middle");
  made.push(line("now-line", now_x, 0, now_x, frame.foot - FOOT_PX), now);
  return made;
}

function prices(
  frame: Frame,
  rows: readonly PredictionRowJson[],
  points: readonly PricePoint[],
): SVGElement[] {
  const made = [
    path(
      "price",
      trace(points, (point) => [frame.x(point.ts_sec), frame.price.y(point.current_price)]),
    ),
  ];
  for (const row of rows) {
    const last = row.ts_sec === frame.newest_sec;
    if (row.ts_sec % EVERY_S !== 0 && !last) continue;
    const x = frame.x(row.ts_sec + row.horizon_s);
    const y = frame.price.y(row.predicted_price);
    made.push(line("reach", frame.x(row.ts_sec), frame.price.y(row.current_price), x, y));
    const verdict = verdictOf(row, frame.newest_sec);
    const mark = verdict === "right" ? "hit" : verdict === "wrong" ? "miss" : "wait";
    made.push(element("circle", { class: mark, cx: x, cy: y, r: last ? 4.5 : 3.25 }));
  }
  return [...cone(frame, rows.at(-1)), ...made];
}

/** Where the price is to be with the newest forecast's horizon over, from the price it was made at. */
function cone(frame: Frame, newest: PredictionRowJson | undefined): SVGElement[] {
  const [lower, upper] = coneEnds(newest);
  if (!newest || lower === undefined || upper === undefined) return [];
  const end = frame.x(newest.ts_sec + newest.horizon_s);
  const tip = `${px(frame.x(newest.ts_sec))} ${px(frame.price.y(newest.current_price))}`;
  return [path("cone", `M${tip}L${px(end)} ${px(frame.price.y(upper))}V${px(frame.price.y(lower))}z`)];
}

interface Promised {
  readonly ts_sec: number;
  readonly lower: number;
  readonly upper: number;
}

/** What was promised for each second up to now, by the forecast made one horizon before it. */
function promised(rows: readonly PredictionRowJson[], newest_sec: number): Promised[] {
  return rows.flatMap((row) => {
    const ts_sec = row.ts_sec + row.horizon_s;
    const [lower, upper] = coneEnds(row);
    if (lower === undefined || upper === undefined || ts_sec > newest_sec) return [];
    return [{ ts_sec, lower, upper }];
  });
}

/** One shape for each stretch without a hole. */
function bandPaths(frame: Frame, band: readonly Promised[]): SVGElement[] {
  const stretches: Promised[][] = [];
  for (const one of band) {
    if (one.ts_sec < frame.from_sec) continue;
    const last = stretches.at(-1);
    if (last && one.ts_sec - last.at(-1)!.ts_sec <= BREAK_S) last.push(one);
    else stretches.push([one]);
  }
  const at = (ts_sec: number, price: number): string => `${px(frame.x(ts_sec))} ${px(frame.price.y(price))}`;
  return stretches.map((stretch) => {
    const above = stretch.map(({ ts_sec, upper }) => at(ts_sec, upper));
    const below = stretch.map(({ ts_sec, lower }) => at(ts_sec, lower)).reverse();
    return path("band", `M${[...above, ...below].join("L")}z`);
  });
}

/** Its interval, lower end first; empty while that is not known. */
const coneEnds = (row: PredictionRowJson | undefined): number[] =>
  row && row.lower_price !== null && row.upper_price !== null ? [row.lower_price, row.upper_price] : [];

function moves(frame: Frame, rows: readonly PredictionRowJson[]): SVGElement[] {
  const zero = frame.move.y(0);
  const step = Math.max(1, frame.x(1) - frame.x(0));
  let bars = "";
  for (const row of rows) {
    if (row.realized_log_return === null) continue;
    bars += `M${px(frame.x(row.ts_sec))} ${px(zero)}V${px(frame.move.y(row.realized_log_return))}h${px(step)}V${px(zero)}z`;
  }
  const forecast = trace(rows, (row) => [frame.x(row.ts_sec), frame.move.y(row.yhat_log_return)]);
  return [path("came", bars), path("forecast-line", forecast)];
}

/** A polyline that breaks where seconds are missing. */
function trace<Row extends { readonly ts_sec: number }>(
  rows: readonly Row[],
  point: (row: Row) => [number, number],
): string {
  let d = "";
  let before = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const [x, y] = point(row);
    d += `${row.ts_sec - before > BREAK_S ? "M" : "L"}${px(x)} ${px(y)}`;
    before = row.ts_sec;
  }
  return d;
}

/** The drawing in words, for readers who cannot see it. */
function describe(points: readonly PricePoint[]): string {
  const prices_shown = points.map((point) => point.current_price);
  const span = `between ${priceText(Math.min(...prices_shown))} and ${priceText(Math.max(...prices_shown))}`;
  return `Price of the last five minutes, ${span}, now ${priceText(prices_shown.at(-1) ?? null)}, with the forecasts made.`;
}
