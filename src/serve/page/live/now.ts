/** Price, forecast, feeds and outcomes as they are now: what the stream says, put where people look. */

import type { PredictionRowJson } from "../../messages/predictions.ts";
import type { MarketMessage, OutcomeMessage, PredictionMessage } from "../../messages/stream.ts";
import { byId, type Entry, make, showList } from "../draw/dom.ts";
import {
  ageText,
  bpText,
  directionOf,
  forecastWords,
  horizonWords,
  isLive,
  makerWords,
  priceText,
  roleWords,
  scoreWords,
  sourceWords,
  timeText,
  worthWords,
} from "../words.ts";
import { drawChart } from "./chart.ts";
import { History, type Verdict, verdictOf } from "./history.ts";

const OUTCOMES_SHOWN = 10;
const STOPPED_AFTER_MS = 5_000;
/** A stream this long without an event is pointed at (ms). */
const LATE_MS: Readonly<Record<string, number>> = {
  trade: 10_000,
  bestBidAsk: 2_000,
  depth: 2_000,
  depth20: 2_000,
};
const STREAM_WORDS: Readonly<Record<string, string>> = {
  trade: "Trades",
  bestBidAsk: "Best bid and ask",
  depth: "Book changes",
  depth20: "Top of the book",
};
const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  right: "right",
  wrong: "wrong",
  "no move": "no move",
  waiting: "open",
  unknown: "not known",
};

const NO_MODEL = { model_version: null, role: null, horizon_s: null } as const;

const chart = byId<SVGSVGElement>("chart");
export const history = new History();

/** When the last forecast came, by this browser's clock: the exchange's may be replayed. */
let forecast_at_ms = performance.now();
let showing = false;

export function heard(message: PredictionMessage | OutcomeMessage): void {
  if (message.type === "prediction") {
    history.add(message);
    forecast_at_ms = performance.now();
  } else history.settle(message);
  showSoon();
}

/**
 * A forecast and an outcome come together each second: drawn once, and not at all while the page is hidden.
 */
export function showSoon(): void {
  if (showing) return;
  showing = true;
  requestAnimationFrame(() => {
    showing = false;
    showForecasts();
  });
}

export const redraw = (): void => drawChart(chart, history.rows, history.prices);

/** @param any_model the page asks for no model in particular: before the first forecast it is the champion's. */
export function showMarket(market: MarketMessage, any_model: boolean): void {
  const { bid_price: bid, ask_price: ask } = market;
  byId("price").textContent = priceText(market.last_price);
  byId("quote").textContent =
    bid === null || ask === null
      ? "no quote"
      : `bid ${priceText(bid)} · ask ${priceText(ask)} · spread ${(ask - bid).toFixed(2)}`;

  const notice = byId("notice");
  notice.hidden = market.reason === null;
  if (notice.textContent !== market.reason) notice.textContent = market.reason ?? "";
  const feeds = market.streams.map(({ stream, age_ms }): Entry => {
    const late = age_ms === null || age_ms > (LATE_MS[stream] ?? 10_000);
    return [STREAM_WORDS[stream] ?? stream, ageText(age_ms), late];
  });
  showList(byId("feeds"), [
    ["Exchange", market.connected ? "connected" : "not connected", !market.connected],
    ...feeds,
    ["Order book", market.book.replaceAll("_", " "), market.book !== "synced"],
  ]);
  const newest = history.newest;
  // A forecast that is not followed by another, for a reason, is the past: it must not look like the future.
  const stopped = market.reason !== null && performance.now() - forecast_at_ms > STOPPED_AFTER_MS;
  byId("forecast").dataset.stopped = String(stopped);
  if (stopped && newest)
    byId("words").textContent = `stopped; the last was made at ${timeText(newest.ts_sec)}`;
  // What makes the forecasts shown. Before the first one the champion is known already, another model is not.
  const { model_version, role, horizon_s } = newest ?? (any_model ? market : NO_MODEL);
  const [name = "", version] = model_version?.split("/") ?? ["none loaded"];
  if (horizon_s !== null) byId("horizon").textContent = horizonWords(horizon_s);
  showList(byId("model"), [
    ["Role", role === null ? "–" : roleWords(role), false],
    ["Name", name, version === undefined],
    ["Version", version ?? "–", false],
    ["Looks ahead", horizon_s === null ? "–" : horizonWords(horizon_s), false],
    ["Look-back", market.warm ? "complete" : "still filling", !market.warm],
    [
      "Made from",
      newest ? sourceWords(newest.source) : "–",
      newest !== undefined && newest.source !== "onnx",
    ],
    ["Latency", newest ? `${newest.latency_ms.toFixed(1)} ms` : "–", false],
  ]);
}

function showForecasts(): void {
  const rows = history.rows;
  const newest = rows.at(-1);
  if (!newest) return;
  const direction = directionOf(newest.yhat_log_return);
  byId("forecast").dataset.direction = direction;
  byId("arrow").textContent = { up: "↗", down: "↘", flat: "→" }[direction];
  byId("predicted").textContent = priceText(newest.predicted_price);
  byId("horizon").textContent = horizonWords(newest.horizon_s);
  byId("maker").textContent = makerWords(newest);
  byId("words").textContent = `${forecastWords(newest)}${doubtWords(newest)}`;
  byId("worth").textContent = worthWords(newest);

  const settled = rows.filter((row) => verdictOf(row, newest.ts_sec) !== "waiting").reverse();
  const made = settled.slice(0, OUTCOMES_SHOWN).map((row) => outcomeRow(row, verdictOf(row, newest.ts_sec)));
  byId("outcomes").replaceChildren(...made);
  byId("outcomes-table").hidden = made.length === 0;
  byId("score").textContent = scoreWords(history.score());
  redraw();
}

function outcomeRow(row: PredictionRowJson, verdict: Verdict): HTMLTableRowElement {
  const decided = verdict === "right" || verdict === "wrong";
  return make(
    "tr",
    {},
    make("td", {}, timeText(row.ts_sec)),
    make("td", { class: "num" }, bpText(row.yhat_log_return)),
    make("td", { class: "num" }, bpText(row.realized_log_return)),
    make("td", { "data-verdict": decided ? verdict : "none" }, VERDICT_WORDS[verdict]),
  );
}

/** What makes a forecast worth less than it looks. */
function doubtWords({ source, warm }: PredictionRowJson): string {
  if (!isLive(source)) return ` · made from ${sourceWords(source)}`;
  return warm ? "" : " · look-back still filling";
}
