/** Which stretch of time the chart shows: five minutes live, or a longer one read from the database. */

import type { PredictionsJson } from "../../messages/predictions.ts";
import { ask } from "../ask/ask.ts";
import { byId } from "../draw/dom.ts";
import { timeText } from "../words.ts";
import type { LongChart } from "./long_chart.ts";
import { everyFor } from "./long_series.ts";

const SPANS_S: Readonly<Record<string, number>> = { "15m": 900, "1h": 3_600, "6h": 21_600, "1d": 86_400 };
const TITLES: Readonly<Record<string, string>> = {
  ...{ "5m": "The last five minutes", "15m": "The last quarter of an hour", "1h": "The last hour" },
  ...{ "6h": "The last six hours", "1d": "The last day" },
};
const AGAIN_MS = 30_000;
const ZOOM_MIN_S = 30;

export interface RangesOptions {
  /** Whose forecasts: `symbol=…` and what else the page's address says. */
  readonly whose: () => string;
  /** Newest second known; undefined before the first. */
  readonly newestSec: () => number | undefined;
}

export class Ranges {
  readonly #options: RangesOptions;
  readonly #place = byId("long-chart");
  readonly #state = byId("long-state");
  #chosen = "5m";
  #zoom: { readonly from: number; readonly to: number } | undefined;
  #chart: LongChart | undefined;
  #asked = 0;

  constructor(options: RangesOptions) {
    this.#options = options;
    for (const input of document.querySelectorAll<HTMLInputElement>("input[name=range]")) {
      input.addEventListener("change", () => this.#choose(input.value));
    }
    this.#place.tabIndex = 0;
    byId("whole").addEventListener("click", () => this.#whole());
    new ResizeObserver(() => this.#chart?.resize()).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void this.#read());
    setInterval(() => {
      const seen = document.visibilityState === "visible" && this.#place.offsetParent !== null;
      if (seen && !this.#zoom) void this.#read();
    }, AGAIN_MS);
  }

  #choose(range: string): void {
    this.#chosen = range;
    this.#zoom = undefined;
    const is_long = range in SPANS_S;
    byId("chart-title").textContent = TITLES[range] ?? "";
    byId("live-chart").hidden = is_long;
    byId("long").hidden = !is_long;
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#say(is_long ? `Reading ${TITLES[range]?.toLowerCase()} …` : "");
    void this.#read();
  }

  #whole(): void {
    this.#zoom = undefined;
    void this.#read();
  }

  #onZoom(from: number, to: number): void {
    if (to - from < ZOOM_MIN_S) return;
    this.#zoom = { from: Math.floor(from), to: Math.ceil(to) };
    void this.#read();
  }

  async #read(): Promise<void> {
    const span_s = SPANS_S[this.#chosen];
    if (span_s === undefined) return;
    const asked = ++this.#asked;
    const newest = this.#options.newestSec();
    const to = this.#zoom?.to ?? (newest === undefined ? undefined : newest + 1);
    const from = this.#zoom?.from ?? (to === undefined ? undefined : to - span_s);
    if (from === undefined || to === undefined) return this.#say("Nothing has been forecast yet.");
    const every_s = everyFor(to - from);
    const range = `from=${from}&to=${to}&every_s=${every_s}&limit=1000`;
    const [answer, { LongChart, loadUPlot }, { longSeries }] = await Promise.all([
      ask<PredictionsJson>(`/predictions?${this.#options.whose()}&${range}`),
      import("./long_chart.ts"),
      import("./long_series.ts"),
    ]);
    try {
      await loadUPlot();
    } catch {
      return this.#say("The chart could not be loaded. Choose the range again to try once more.");
    }
    // Another range was chosen meanwhile.
    if (asked !== this.#asked) return;
    if (answer.kind !== "ok") return this.#say(answer.why);
    const { predictions, served_from } = answer.body;
    byId("whole").hidden = this.#zoom === undefined;
    if (predictions.length < 2) return this.#say("No forecasts of this model are stored in this range.");
    this.#chart?.destroy();
    this.#chart = new LongChart(
      {
        ...{ place: this.#place, reading: byId("long-reading"), onWhole: () => this.#whole() },
        onZoom: (zoom_from, zoom_to) => this.#onZoom(zoom_from, zoom_to),
      },
      longSeries(predictions, every_s),
    );
    const begun = predictions[0]!.ts_sec;
    const late =
      begun - from > 3 * every_s ? ` This model's first forecast in it was at ${timeText(begun)}.` : "";
    const memory =
      served_from === "memory" ? " The database gives no answer: this is what memory holds." : "";
    const each = every_s === 1 ? "Every forecast." : `One forecast in ${every_s} seconds.`;
    this.#say(`${each}${late}${memory} Drag over a stretch to see it closer.`);
  }

  #say(sentence: string): void {
    this.#state.textContent = sentence;
  }
}
