/** Days by hours: which share of each hour's seconds is stored. A table, so that it is read aloud cell by cell. */

import type { StoredDayJson } from "../../messages/data.ts";
import { make, scrolled } from "../draw/dom.ts";

type HourJson = StoredDayJson["hours"][number];

export const MEASURES = {
  quote_seconds: {
    label: "Quotes",
    says: "Share of the seconds that have passed with a change of the best bid or ask.",
  },
  trade_seconds: {
    label: "Trades",
    says: "Share of the seconds that have passed with a trade. A quiet market has seconds without one.",
  },
} as const;
export type Measure = keyof typeof MEASURES;

/** Lower ends of the shades, the fullest last. */
const SHADES = [
  { from: 0, words: "nothing" },
  { from: 1e-9, words: "below half" },
  { from: 0.5, words: "half or more" },
  { from: 0.9, words: "90 % or more" },
  { from: 0.99, words: "99 % or more" },
] as const;

/** 0 (nothing) to 4; bars of the seconds just past are on their way, and are no gap. */
function shadeOf(hour: HourJson, measure: Measure): number {
  const share = shareOf(hour, measure);
  return SHADES.findLastIndex(({ from }) => share >= from);
}

/** Bars follow after a few seconds (s). */
const BEHIND_S = 10;
const shareOf = (hour: HourJson, measure: Measure): number => {
  const expected = hour.seconds < 3_600 ? Math.max(1, hour.seconds - BEHIND_S) : hour.seconds;
  return Math.min(1, hour[measure] / expected);
};

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const hourText = (hour: number): string => String(hour).padStart(2, "0");

export function heatMap(days: readonly StoredDayJson[], measure: Measure): HTMLElement {
  const head = HOURS.map((hour) =>
    make("th", { scope: "col" }, make("span", { class: hour % 6 === 0 ? "" : "between" }, hourText(hour))),
  );
  const rows = days.map(({ day, hours }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("span", { class: "year" }, day.slice(0, 5)), day.slice(5)),
      ...HOURS.map((at) => cell(day, hours[at], measure)),
    ),
  );
  const caption = "Share of each hour that is stored, by day";
  const made = make(
    "table",
    { class: "heat" },
    make("caption", { class: "unseen" }, caption),
    make(
      "thead",
      {},
      make("tr", {}, make("th", { scope: "col" }, make("span", { class: "unseen" }, "Day")), ...head),
    ),
    make("tbody", {}, ...rows),
  );
  return scrolled(caption, made);
}

function cell(day: string, hour: HourJson | undefined, measure: Measure): HTMLElement {
  if (!hour) return make("td", { "data-shade": "none" }, make("span", { class: "unseen" }, "not yet"));
  const says = `${(100 * shareOf(hour, measure)).toFixed(1)} %`;
  const until = hour.seconds < 3_600 ? ", under way" : "";
  const title = `${day} ${hourText(hour.hour)}:00 UTC: ${says}${until}, ${hour[measure]} of ${hour.seconds} seconds`;
  return make(
    "td",
    { "data-shade": String(shadeOf(hour, measure)), title },
    make("span", { class: "unseen" }, says),
  );
}

/** What the shades say. */
export const keyOf = (): HTMLElement =>
  make(
    "ul",
    { class: "legend heat-key", "aria-hidden": "true" },
    ...SHADES.map(({ words }, shade) =>
      make("li", {}, make("i", { class: "key", "data-shade": String(shade) }), words),
    ),
  );
