/**
 * Five minutes as an SVG: the price and every tenth forecast above; below, on one scale, the moves forecast
 * and the moves that came. Colours come from the style sheet, so both themes are one drawing.
 */

import type { PredictionRowJson } from "../messages.ts";
import { verdictOf } from "./history.ts";
import { priceText, signed, timeText } from "./words.ts";

const SPAN_S = 300;
const EVERY_S = 10;
/** Seconds without a forecast after which the line is broken rather than drawn across. */
const BREAK_S = 5;
const RIGHT_PX = 72;
/** Room an axis label of the time needs (px). */
const TIME_PX = 44;
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
  x(ts_sec: number): number;
  readonly price: Scale;
  readonly move: Scale;
  readonly foot: number;
}

export function drawChart(svg: SVGSVGElement, rows: readonly PredictionRowJson[]): void {
  const { width, height } = svg.getBoundingClientRect();
  const newest_sec = rows.at(-1)?.ts_sec;
  if (newest_sec === undefined || width === 0) return;
  const shown = rows.filter((row) => row.ts_sec > newest_sec - SPAN_S);
  const frame = layOut(shown, newest_sec, width, height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...axes(frame), ...moves(frame, shown), ...prices(frame, shown));
  svg.setAttribute("aria-label", describe(shown));
}

function layOut(
  rows: readonly PredictionRowJson[],
  newest_sec: number,
  width: number,
  height: number,
): Frame {
  const plot = width - RIGHT_PX;
  const horizon_s = rows.at(-1)?.horizon_s ?? EVERY_S;
  const from = newest_sec - SPAN_S;
  const per_s = plot / (SPAN_S + horizon_s);
  const inner = height - FOOT_PX - BAND_GAP_PX;
  const price_bottom = 8 + inner * 0.66;
  const move_top = price_bottom + BAND_GAP_PX;

  const all = rows.flatMap((row) => [row.current_price, row.predicted_price]);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const pad = Math.max((high - low) * 0.08, high * 1e-6);
  let reach = 1e-5;
  for (const row of rows) {
    reach = Math.max(reach, Math.abs(row.yhat_log_return_10s), Math.abs(row.realized_log_return_10s ?? 0));
  }
  return {
    width,
    plot,
    newest_sec,
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
  for (let sec = Math.ceil((newest_sec - SPAN_S) / 60) * 60; sec < newest_sec; sec += 60) {
    const x = frame.x(sec);
    if (x < TIME_PX / 2 || x > now_x - TIME_PX) continue;
    const text = label(x, frame.foot - 3, timeText(sec).slice(0, 5));
    text.setAttribute("text-anchor", "middle");
    made.push(text);
  }
  const now = label(now_x, frame.foot - 3, "now");
  now.setAttribute("text-anchor", "middle");
  made.push(line("now-line", now_x, 0, now_x, frame.foot - FOOT_PX), now);
  return made;
}

function prices(frame: Frame, rows: readonly PredictionRowJson[]): SVGElement[] {
  const made = [
    path(
      "price",
      trace(rows, (row) => [frame.x(row.ts_sec), frame.price.y(row.current_price)]),
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
  return made;
}

function moves(frame: Frame, rows: readonly PredictionRowJson[]): SVGElement[] {
  const zero = frame.move.y(0);
  const step = Math.max(1, frame.x(1) - frame.x(0));
  let bars = "";
  for (const row of rows) {
    if (row.realized_log_return_10s === null) continue;
    bars += `M${px(frame.x(row.ts_sec))} ${px(zero)}V${px(frame.move.y(row.realized_log_return_10s))}h${px(step)}V${px(zero)}z`;
  }
  const forecast = trace(rows, (row) => [frame.x(row.ts_sec), frame.move.y(row.yhat_log_return_10s)]);
  return [path("came", bars), path("forecast-line", forecast)];
}

/** A polyline that breaks where seconds are missing. */
function trace(
  rows: readonly PredictionRowJson[],
  point: (row: PredictionRowJson) => [number, number],
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

/** The drawing in words, for who cannot see it. */
function describe(rows: readonly PredictionRowJson[]): string {
  const prices_shown = rows.map((row) => row.current_price);
  const span = `between ${priceText(Math.min(...prices_shown))} and ${priceText(Math.max(...prices_shown))}`;
  return `Price of the last five minutes, ${span}, now ${priceText(prices_shown.at(-1) ?? null)}, with the forecasts made.`;
}

const px = (value: number): string => value.toFixed(1);
const path = (name: string, d: string): SVGElement => element("path", { class: name, d });
const line = (name: string, x1: number, y1: number, x2: number, y2: number): SVGElement =>
  element("line", { class: name, x1, y1, x2, y2 });

function label(x: number, y: number, text: string): SVGElement {
  const made = element("text", { x, y });
  made.textContent = text;
  return made;
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
