/** Data: what is stored by day, and how complete each hour is. Days are asked for a week at a time, the newest one again. */

import type { StoredDayJson, StoredDaysJson } from "../../messages/data.ts";
import { ask } from "../ask/ask.ts";
import { keyForm } from "../ask/key.ts";
import { card, make, small, state, table } from "../draw/dom.ts";
import type { PageContext } from "../page_context.ts";
import { count, timeText } from "../words.ts";
import { heatMap, keyOf, MEASURES, type Measure } from "./heat_map.ts";

const WEEK = 7;
/** Read when the page is opened; older ones where they are asked for. */
const WEEKS_FIRST = 2;
const NEWEST_EVERY_MS = 60_000;

/** What is known of one symbol's days, newest first. */
let symbol_held = "";
let days: StoredDayJson[] = [];
let newest_at_ms = Number.NEGATIVE_INFINITY;
let drawn_at_s = 0;
let measure: Measure = "quote_seconds";
/** Why the last question was not answered. */
let problem = "";
let busy = false;

export async function show(context: PageContext): Promise<void> {
  const { symbol, place } = context;
  if (symbol !== symbol_held) {
    [symbol_held, days, newest_at_ms, problem] = [symbol, [], Number.NEGATIVE_INFINITY, ""];
  }
  const due = performance.now() - newest_at_ms >= NEWEST_EVERY_MS || problem !== "";
  const drawn = place.querySelector("#stored-days") !== null;
  if (!drawn && days.length > 0) draw(context);
  if (!due || busy) return;
  busy = true;
  const first = days.length === 0;
  try {
    await read(context, undefined, first ? WEEK : 1);
    for (let week = 1; first && problem === "" && week < WEEKS_FIRST; week++) await older(context);
  } finally {
    busy = false;
  }
}

const older = (context: PageContext): Promise<void> => read(context, days.at(-1)?.day, WEEK);

/** @param before the first day that is left out; undefined: tomorrow. */
async function read(context: PageContext, before: string | undefined, wanted: number): Promise<void> {
  const { symbol, place, again } = context;
  const until = before === undefined ? "" : `&before=${before}`;
  const answer = await ask<StoredDaysJson>(`/data/days?symbol=${symbol}&days=${wanted}${until}`);
  if (symbol !== symbol_held) return;
  // Another page is shown by now.
  const here = place.dataset.page === "data";
  if (answer.kind === "ok") {
    problem = "";
    const fresh = new Map([...days, ...answer.body.days].map((day) => [day.day, day]));
    days = [...fresh.values()].sort((one, other) => (one.day < other.day ? 1 : -1));
    if (before === undefined) newest_at_ms = performance.now();
    drawn_at_s = Date.now() / 1_000;
    if (here) draw(context);
    return;
  }
  problem = answer.why;
  if (!here) return;
  if (answer.kind === "not allowed") place.replaceChildren(title(), keyForm(answer.why, again));
  else if (days.length > 0) draw(context);
  else place.replaceChildren(title(), make("p", { class: "notice", role: "status" }, answer.why));
}

const title = (): HTMLElement => make("h2", { class: "page-title" }, "Data");

function draw(context: PageContext): void {
  const { place } = context;
  const scrolled = [...place.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
  const focused = place.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const stale =
    problem === ""
      ? ""
      : make("p", { class: "small stale", role: "status" }, `As of ${timeText(drawn_at_s)}. ${problem}`);
  const stored = days.some(({ hours }) => hours.some((hour) => hour.trades + hour.quotes > 0));
  place.replaceChildren(
    title(),
    stale,
    stored ? "" : make("p", { class: "notice", role: "status" }, emptyWords()),
    heatCard(context),
    daysCard(context),
  );
  for (const [i, box] of [...place.querySelectorAll(".scroll")].entries()) box.scrollLeft = scrolled[i] ?? 0;
  if (focused) document.getElementById(focused)?.focus();
}

const emptyWords = (): string =>
  `Nothing is stored of the last ${days.length} days. Bars come a few seconds after the first trades and quotes; bun run backfill loads older days.`;

function heatCard(context: PageContext): HTMLElement {
  const choices = Object.entries(MEASURES).map(([name, { label }]) => {
    const input = make("input", { id: `measure-${name}`, type: "radio", name: "measure", value: name });
    input.checked = name === measure;
    input.onchange = () => {
      measure = name as Measure;
      draw(context);
    };
    return make("label", {}, input, make("span", {}, label));
  });
  const legend = make("legend", { class: "unseen" }, "What is counted");
  const made = card("How complete each hour is (UTC)");
  made.append(
    make("fieldset", { class: "ranges measures" }, legend, ...choices),
    small(MEASURES[measure].says),
    heatMap(days, measure),
    keyOf(),
  );
  return made;
}

function daysCard(context: PageContext): HTMLElement {
  const sum = (day: StoredDayJson, name: "trades" | "quotes" | "trade_seconds" | "quote_seconds"): number =>
    day.hours.reduce((total, hour) => total + hour[name], 0);
  const breaks = ({ breaks, breaks_open }: StoredDayJson): HTMLElement =>
    state(
      breaks === 0 ? "0" : `${count(breaks)}, ${breaks_open === 0 ? "all filled" : `${breaks_open} open`}`,
      breaks_open > 0,
    );
  const kept = ({ raw_dropped, from_archive, hours }: StoredDayJson): string => {
    if (hours.every(({ trades, quotes }) => trades + quotes === 0)) return "–";
    return `${raw_dropped ? "bars, raw rows deleted in part" : "raw rows and bars"}${from_archive ? "; a whole day of the archive" : ""}`;
  };
  const more = make("button", { type: "button", id: "older-days" }, "Seven older days");
  more.onclick = async () => {
    more.disabled = true;
    await older(context);
    more.disabled = false;
  };
  const number = (name: Parameters<typeof sum>[1]) => (day: StoredDayJson) => count(sum(day, name));
  const made = card(
    "By day",
    table(
      "What is stored by day",
      [
        { title: "Day", cell: ({ day }) => day },
        { title: "Trades", num: true, cell: number("trades") },
        { title: "Quotes", num: true, cell: number("quotes") },
        { title: "Bars of trades", num: true, cell: number("trade_seconds") },
        { title: "Bars of quotes", num: true, cell: number("quote_seconds") },
        { title: "Breaks", num: true, cell: breaks },
        { title: "Kept", cell: kept },
      ],
      days,
    ),
    make("div", { class: "row" }, more),
  );
  made.id = "stored-days";
  return made;
}
