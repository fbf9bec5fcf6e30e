/** The page: what the stream says, put where people look. */

import type {
  HelloMessage,
  MarketMessage,
  ParityJson,
  PredictionRowJson,
  PredictionsJson,
  StreamMessage,
} from "../messages.ts";
import { drawChart } from "./chart.ts";
import { Connection, type ConnectionState } from "./connection.ts";
import { HISTORY_S, History, type Verdict, verdictOf } from "./history.ts";
import {
  ageText,
  bpText,
  directionOf,
  forecastWords,
  parityWords,
  priceText,
  scoreWords,
  timeText,
} from "./words.ts";

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

const byId = (id: string): HTMLElement => document.getElementById(id)!;
const chart = document.querySelector<SVGSVGElement>("#chart")!;
const history = new History();
const asked = new URLSearchParams(location.search).get("symbol");
let symbol = asked ?? "";

function onMessage(message: StreamMessage): void {
  if (message.type === "hello") onHello(message);
  else if (message.symbol !== symbol) return;
  else if (message.type === "market") showMarket(message);
  else {
    if (message.type === "prediction") {
      history.add(message);
      forecast_at_ms = performance.now();
    } else history.settle(message);
    showSoon();
  }
}

/** When the last forecast came, by this browser's clock: the exchange's may be replayed. */
let forecast_at_ms = performance.now();
let showing = false;

/** A forecast and an outcome come together each second: drawn once, and not at all while nobody looks. */
function showSoon(): void {
  if (showing) return;
  showing = true;
  requestAnimationFrame(() => {
    showing = false;
    showForecasts();
  });
}

function onHello({ symbols }: HelloMessage): void {
  symbol = asked && symbols.includes(asked) ? asked : symbols[0]!;
  byId("symbol").textContent = symbols.length < 2 ? symbol : "";
  document.title = `${symbol} · foretick`;
  const choice = byId("symbols") as HTMLSelectElement;
  choice.hidden = symbols.length < 2;
  choice.replaceChildren(...symbols.map((name) => new Option(name, name, false, name === symbol)));
  choice.onchange = () => location.assign(`/?symbol=${choice.value}`);
  void fill();
  void showParity();
}

/** What was forecast before the page was opened, or while it was cut off. */
async function fill(): Promise<void> {
  try {
    const answer = await fetch(`/predictions?symbol=${symbol}&limit=${HISTORY_S}`);
    if (!answer.ok) return;
    const { predictions } = (await answer.json()) as PredictionsJson;
    history.merge(predictions);
    showSoon();
  } catch {
    // The stream alone fills the page too, from now on; the next connection asks again.
  }
}

/** Whether the features served are what SQL computes: one line, once a minute. */
async function showParity(): Promise<void> {
  try {
    const answer = await fetch(`/parity?symbol=${symbol}&limit=1`);
    if (!answer.ok) return;
    const { totals } = (await answer.json()) as ParityJson;
    const { text, differs } = parityWords(totals);
    byId("parity").textContent = text;
    byId("parity").dataset.state = differs ? "late" : "ok";
  } catch {
    // What was last known stays; the next minute asks again.
  }
}
setInterval(() => symbol && void showParity(), 60_000);

function showMarket(market: MarketMessage): void {
  const { bid_price: bid, ask_price: ask } = market;
  byId("price").textContent = priceText(market.last_price);
  byId("quote").textContent =
    bid === null || ask === null
      ? "no quote stands"
      : `bid ${priceText(bid)} · ask ${priceText(ask)} · spread ${(ask - bid).toFixed(2)}`;

  const notice = byId("notice");
  notice.hidden = market.reason === null;
  if (notice.textContent !== market.reason) notice.textContent = market.reason ?? "";
  const feeds = market.streams.map(({ stream, age_ms }): Entry => {
    const late = age_ms === null || age_ms > (LATE_MS[stream] ?? 10_000);
    return [STREAM_WORDS[stream] ?? stream, ageText(age_ms), late];
  });
  showList("feeds", [
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
  const [name = "", version] = market.model_version?.split("/") ?? ["none loaded"];
  showList("model", [
    ["Name", name, version === undefined],
    ["Version", version ?? "–", false],
    ["Look-back", market.warm ? "complete" : "still filling", !market.warm],
    ["Evaluated by", newest?.source ?? "–", newest?.source === "fallback"],
    ["Latency", newest ? `${newest.latency_ms.toFixed(1)} ms` : "–", false],
  ]);
}

type Entry = readonly [term: string, text: string, late: boolean];

function showList(id: string, entries: readonly Entry[]): void {
  const made = entries.flatMap(([term, text, late]) => {
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = term;
    dd.textContent = text;
    dd.dataset.state = late ? "late" : "ok";
    return [dt, dd];
  });
  byId(id).replaceChildren(...made);
}

function showForecasts(): void {
  const rows = history.rows;
  const newest = rows.at(-1);
  if (!newest) return;
  const direction = directionOf(newest.yhat_log_return_10s);
  byId("forecast").dataset.direction = direction;
  byId("arrow").textContent = { up: "↗", down: "↘", flat: "→" }[direction];
  byId("predicted").textContent = priceText(newest.predicted_price);
  byId("words").textContent = `${forecastWords(newest)}${newest.warm ? "" : " · look-back still filling"}`;

  const settled = rows.filter((row) => verdictOf(row, newest.ts_sec) !== "waiting").reverse();
  const made = settled.slice(0, OUTCOMES_SHOWN).map((row) => outcomeRow(row, verdictOf(row, newest.ts_sec)));
  byId("outcomes").replaceChildren(...made);
  byId("outcomes-table").hidden = made.length === 0;
  byId("score").textContent = scoreWords(history.score());
  drawChart(chart, rows);
}

function outcomeRow(row: PredictionRowJson, verdict: Verdict): HTMLTableRowElement {
  const tr = document.createElement("tr");
  const cell = (text: string, name: string): HTMLTableCellElement => {
    const td = tr.insertCell();
    td.textContent = text;
    td.className = name;
    return td;
  };
  cell(timeText(row.ts_sec), "");
  cell(bpText(row.yhat_log_return_10s), "num");
  cell(bpText(row.realized_log_return_10s), "num");
  const decided = verdict === "right" || verdict === "wrong";
  cell(VERDICT_WORDS[verdict], "").dataset.verdict = decided ? verdict : "none";
  return tr;
}

function showConnection(state: ConnectionState): void {
  document.body.dataset.connection = state.kind;
  byId("connection").textContent = {
    live: "Live",
    connecting: "Connecting",
    waiting: "Cut off, reconnecting",
  }[state.kind];
}

const stream = new URL(`/stream?kinds=prediction,outcome,market`, location.href);
stream.protocol = location.protocol === "https:" ? "wss:" : "ws:";
new ResizeObserver(() => drawChart(chart, history.rows)).observe(chart);
new Connection(stream, onMessage, showConnection).open();
