/**
 * The little SVG the report's plots need: a frame with axes, and marks in its coordinates. Colours are classes, so
 * that the page's style decides them for light and dark; sizes suit a column of 380 pixels, a phone's width.
 */

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly format: (value: number) => string;
  /** Values with a mark; left out: chosen. */
  readonly ticks?: readonly number[];
}

export interface Frame {
  readonly x: Axis;
  readonly y: Axis;
  /** What the plot shows, for those who cannot see it. */
  readonly title: string;
  readonly height?: number;
}

/** Data coordinates to the picture's. */
export interface Place {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const WIDTH = 380;
const HEIGHT = 236;
const LEFT = 58;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 38;

/** An SVG element with axes, a grid, and what `marks` draws into it. */
export function plot(frame: Frame, marks: (place: Place) => string): string {
  const height = frame.height ?? HEIGHT;
  const place = placeOf(frame, height);
  const { left, right, top, bottom } = place;
  const grid = ticksOf(frame.y).map((value) => {
    const at = place.y(value);
    return (
      line([left, at], [right, at], value === 0 ? "zero" : "grid") +
      text(left - 6, at + 3.5, frame.y.format(value), "tick", "end")
    );
  });
  const ticks = ticksOf(frame.x).map((value) =>
    text(clampText(place.x(value), left, right), bottom + 15, frame.x.format(value), "tick", "middle"),
  );
  const labels = [
    text((left + right) / 2, height - 5, frame.x.label, "axis", "middle"),
    `<text class="axis" text-anchor="middle" transform="translate(10 ${n((top + bottom) / 2)}) rotate(-90)">${escaped(frame.y.label)}</text>`,
  ];
  return svg(height, frame.title, [...grid, marks(place), ...ticks, ...labels].join(""));
}

export function svg(height: number, title: string, content: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${n(height)}" role="img" aria-label="${escaped(title)}">${content}</svg>`;
}

function placeOf({ x, y }: Frame, height: number): Place {
  const [left, right, top, bottom] = [LEFT, WIDTH - RIGHT, TOP, height - BOTTOM];
  const across = scale(x, left, right);
  return { x: across, y: scale(y, bottom, top), left, right, top, bottom };
}

function scale({ from, to }: Axis, low: number, high: number): (value: number) => number {
  const span = to - from || 1;
  return (value) =>
    low + ((Math.min(Math.max(value, Math.min(from, to)), Math.max(from, to)) - from) / span) * (high - low);
}

const clampText = (at: number, left: number, right: number): number =>
  Math.min(right - 12, Math.max(left + 4, at));

/** Round values that divide [from, to], about `wanted` of them. */
export function ticksOf({ from, to, ticks }: Axis, wanted = 5): readonly number[] {
  if (ticks) return ticks;
  const rough = (to - from) / wanted;
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const marks: number[] = [];
  for (let at = Math.ceil(from / step); at * step <= to + step * 1e-9; at++) marks.push(at * step);
  return marks;
}

/** The smallest range that holds all values and, where asked, 0, with a little room. */
export function rangeOf(values: readonly number[], include: readonly number[] = []): [number, number] {
  const all = [...values, ...include].filter(Number.isFinite);
  if (all.length === 0) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [include.includes(low) && low === 0 ? 0 : low - room, high + room];
}

type Point = readonly [x: number, y: number];

export const line = ([x1, y1]: Point, [x2, y2]: Point, name: string): string =>
  `<line class="${name}" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}"/>`;

export const path = (points: readonly Point[], name: string): string =>
  points.length === 0
    ? ""
    : `<path class="${name}" d="M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join("L")}"/>`;

export const dot = ([x, y]: Point, radius: number, name: string, tip = ""): string =>
  `<circle class="${name}" cx="${n(x)}" cy="${n(y)}" r="${radius}">${tipOf(tip)}</circle>`;

export function box(
  x: number,
  y: number,
  width: number,
  height: number,
  name: string,
  tip = "",
  more = "",
): string {
  const size = `x="${n(x)}" y="${n(y)}" width="${n(Math.max(0, width))}" height="${n(Math.max(0, height))}"`;
  return `<rect class="${name}" ${size}${more}>${tipOf(tip)}</rect>`;
}

export const text = (
  x: number,
  y: number,
  value: string,
  name: string,
  anchor: "start" | "middle" | "end",
): string => `<text class="${name}" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escaped(value)}</text>`;

const tipOf = (tip: string): string => (tip ? `<title>${escaped(tip)}</title>` : "");

/** For text and attributes. */
export const escaped = (value: string): string =>
  value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A coordinate with a tenth of a pixel. */
const n = (value: number): string => String(Math.round(value * 10) / 10);
