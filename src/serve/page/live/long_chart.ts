/**
 * A long range, drawn by uPlot: the price with the interval promised, and below it the moves that came and those
 * forecast. A stretch is zoomed into by dragging over it, or with the keyboard: arrows move the crosshair, + and − zoom.
 */

import type uPlot from "uplot";
import { make } from "../draw/dom.ts";
import { priceText, signed, timeText } from "../words.ts";
import type { LongSeries } from "./long_series.ts";

declare global {
  interface Window {
    uPlot: typeof uPlot;
  }
}

export interface LongChartOptions {
  readonly place: HTMLElement;
  readonly reading: HTMLElement;
  /** A stretch was chosen (s). */
  onZoom(from_sec: number, to_sec: number): void;
  /** The whole range is wanted again. */
  onWhole(): void;
}

const PRICE_SHARE = 0.68;
const FONT = "12px system-ui, sans-serif";
const AXIS_PX = 66;
const DAY_S = 86_400;

let loading: Promise<void> | undefined;

/** The library and its style, once. */
export function loadUPlot(): Promise<void> {
  loading ??= new Promise<void>((resolve, reject) => {
    document.head.append(make("link", { rel: "stylesheet", href: "/page/uplot.css" }));
    const script = make("script", { src: "/page/uplot.js" });
    script.onload = () => resolve();
    script.onerror = () => {
      loading = undefined;
      reject(new Error("the chart library could not be read"));
    };
    document.head.append(script);
  });
  return loading;
}

export class LongChart {
  readonly #options: LongChartOptions;
  readonly #series: LongSeries;
  readonly #plots: readonly uPlot[];
  #index: number;

  constructor(options: LongChartOptions, series: LongSeries) {
    this.#options = options;
    this.#series = series;
    this.#index = series.at.length - 1;
    const { at, price, lower, upper, forecast, came } = series;
    const colour = (name: string): string => getComputedStyle(document.body).getPropertyValue(name).trim();
    const [ink, band, up, move] = [colour("--ink"), colour("--band"), colour("--up"), colour("--move")];
    const { place } = options;
    place.replaceChildren();
    const { width, height } = sizeOf(place);
    const top = this.#plot(Math.round(height * PRICE_SHARE), width, {
      // The band is painted with its edges: the price comes after it, above.
      series: [{}, { width: 0 }, { width: 0 }, { stroke: ink, width: 1.5 }],
      bands: [{ series: [2, 1], fill: band }],
      values: (value) => (value >= 10_000 ? Math.round(value).toLocaleString("en-US") : priceText(value)),
      data: [at, lower, upper, price],
      times: false,
    });
    const below = this.#plot(Math.round(height * (1 - PRICE_SHARE)), width, {
      series: [{}, { stroke: move, fill: move, width: 1 }, { stroke: up, width: 1.25 }],
      bands: [],
      values: (value) => `${signed(value, 1)} bp`,
      data: [at, came, forecast],
      times: true,
    });
    this.#plots = [top, below];
    place.onkeydown = (event) => this.#onKey(event);
    this.#read(this.#index);
  }

  resize(): void {
    const { width, height } = sizeOf(this.#options.place);
    if (width === 0) return;
    for (const [i, plot] of this.#plots.entries()) {
      plot.setSize({ width, height: Math.round(height * (i === 0 ? PRICE_SHARE : 1 - PRICE_SHARE)) });
    }
  }

  destroy(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#options.place.replaceChildren();
  }

  #plot(
    height: number,
    width: number,
    own: {
      readonly series: uPlot.Series[];
      readonly bands: uPlot.Band[];
      readonly values: (value: number) => string;
      readonly data: readonly (readonly (number | null)[])[];
      readonly times: boolean;
    },
  ): uPlot {
    const style = getComputedStyle(document.body);
    const [soft, line] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
    const axis = { stroke: soft, font: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const span_s = (this.#series.at.at(-1) ?? 0) - (this.#series.at[0] ?? 0);
    const times = (sec: number): string => (span_s < 600 ? timeText(sec) : timeText(sec).slice(0, 5));
    return new window.uPlot(
      {
        width,
        height,
        series: own.series,
        bands: own.bands,
        legend: { show: false },
        padding: [8, 0, own.times ? 0 : 8, 0],
        cursor: {
          sync: { key: "long" },
          drag: { x: true, y: false, setScale: false },
          points: { size: 7 },
        },
        axes: [
          {
            ...axis,
            show: own.times,
            space: 70,
            size: 26,
            values: (_, splits) => splits.map((sec) => times(sec)),
          },
          { ...axis, side: 1, size: AXIS_PX, space: 24, values: (_, splits) => splits.map(own.values) },
        ],
        hooks: {
          setCursor: [({ cursor: { idx } }) => idx !== null && idx !== undefined && this.#read(idx)],
          setSelect: [
            (plot) => {
              const { left, width: chosen } = plot.select;
              if (chosen < 6) return;
              this.#options.onZoom(plot.posToVal(left, "x"), plot.posToVal(left + chosen, "x"));
            },
          ],
        },
      },
      own.data as uPlot.AlignedData,
      this.#options.place,
    );
  }

  /** The crosshair's numbers, in words. */
  #read(index: number): void {
    const { at, price, lower, upper, forecast, came } = this.#series;
    const sec = at[index];
    if (sec === undefined) return;
    this.#index = index;
    const bp = (value: number | null | undefined): string => (value == null ? "–" : `${signed(value, 2)} bp`);
    const day = at.at(-1)! - at[0]! > DAY_S / 2 ? `${new Date(sec * 1000).toLocaleDateString("en-CA")} ` : "";
    const interval =
      lower[index] == null || upper[index] == null
        ? ""
        : ` · then between ${priceText(lower[index])} and ${priceText(upper[index])}`;
    this.#options.reading.textContent =
      `${day}${timeText(sec)} · price ${priceText(price[index] ?? null)} · forecast ${bp(forecast[index])} · ` +
      `came ${bp(came[index])}${interval}`;
  }

  #onKey(event: KeyboardEvent): void {
    const { at } = this.#series;
    const step = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: this.#index - step, ArrowRight: this.#index + step, Home: 0, End: at.length - 1 };
    if (event.key in to) {
      const index = Math.max(0, Math.min(at.length - 1, to[event.key as keyof typeof to]));
      const left = this.#plots[0]!.valToPos(at[index]!, "x");
      for (const plot of this.#plots) plot.setCursor({ left, top: 10 }, false);
      this.#read(index);
    } else if (event.key === "+" || event.key === "=") {
      const half_s = (at.at(-1)! - at[0]!) / 4;
      const centre = at[this.#index]!;
      this.#options.onZoom(centre - half_s, centre + half_s);
    } else if (event.key === "-" || event.key === "Escape") this.#options.onWhole();
    else return;
    event.preventDefault();
  }
}

const sizeOf = (place: HTMLElement): { width: number; height: number } => ({
  width: place.clientWidth,
  height: place.clientHeight,
});
