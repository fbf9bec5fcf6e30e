/** The page: its connection, its pages, and the panels of the first one. */

import type { ParityJson } from "../messages/parity.ts";
import type { PredictionsJson } from "../messages/predictions.ts";
import type { QualityJson } from "../messages/quality.ts";
import type { ReliabilityJson } from "../messages/reliability.ts";
import type { SignalsLatestJson } from "../messages/signals.ts";
import type { HelloMessage, StreamMessage } from "../messages/stream.ts";
import type { VectorJson } from "../messages/vector.ts";
import type { ContributionsJson } from "../routes/get_contributions.ts";
import { showAlerts } from "./alerts.ts";
import { ask, heldKey, keyProtocols } from "./ask/ask.ts";
import { Connection, type ConnectionState } from "./ask/connection.ts";
import { forgetButton, keyForm } from "./ask/key.ts";
import { byId } from "./draw/dom.ts";
import { drawContributions } from "./live/contributions.ts";
import { HISTORY_S } from "./live/history.ts";
import { drawLatency } from "./live/latency.ts";
import { heard, history, redraw, showMarket, showSoon } from "./live/now.ts";
import { Panel } from "./live/panel.ts";
import { Ranges } from "./live/ranges.ts";
import { drawParity, drawSignal, FeatureRanges } from "./live/state_panels.ts";
import { drawQuality, drawReliability } from "./live/worth_panels.ts";
import { openPages } from "./pages.ts";

const address = new URLSearchParams(location.search);
const asked = address.get("symbol");
let symbol = asked ?? "";
/** Whose forecasts are asked for, as the page's own address says it; the champion's where it says nothing. */
const series = new URLSearchParams(
  [...address].filter(([name]) => ["role", "model_version", "horizon_s"].includes(name)),
);
const whose = (): string => `symbol=${symbol}&${series}`;

function onMessage(message: StreamMessage): void {
  if (message.type === "hello") onHello(message);
  else if (message.symbol !== symbol) return;
  else if (message.type === "market") showMarket(message, series.size === 0);
  else heard(message);
}

function onHello({ symbols }: HelloMessage): void {
  symbol = asked && symbols.includes(asked) ? asked : symbols[0]!;
  byId("symbol").textContent = symbols.length < 2 ? symbol : "";
  const choice = byId<HTMLSelectElement>("symbols");
  choice.hidden = symbols.length < 2;
  choice.replaceChildren(...symbols.map((name) => new Option(name, name, false, name === symbol)));
  choice.onchange = () => location.assign(`/?symbol=${choice.value}${location.hash}`);
  pages.name();
  void fill();
}

/** What was forecast before the page was opened, or while it was cut off. */
async function fill(): Promise<void> {
  const answer = await ask<PredictionsJson>(`/predictions?${whose()}&limit=${HISTORY_S}`);
  // Without an answer the stream alone fills the page, from now on; the next connection asks again.
  if (answer.kind !== "ok") return;
  history.merge(answer.body.predictions);
  showSoon();
}

/** Nothing is asked of which it is known that there is no answer yet. */
function once(there: boolean, wait: string, path: () => string): string | { readonly wait: string } {
  return symbol && there ? path() : { wait };
}

const ranges_of_features = new FeatureRanges();
const settled = (): boolean => history.rows.some((row) => row.realized_log_return !== null);
/** The service sums minutes it has seen as a whole: not the first one. */
const judged = (): boolean => {
  const [first] = history.rows;
  const minuteOf = (ts_sec: number): number => Math.floor(ts_sec / 60);
  return history.rows.some(
    (row) => row.realized_log_return !== null && minuteOf(row.ts_sec) > minuteOf(first!.ts_sec),
  );
};
const NOTHING_YET = "Nothing has come true yet.";
const panels = [
  new Panel<QualityJson>({
    ...{ id: "quality-panel", every_ms: 60_000, draw: drawQuality },
    path: () =>
      once(
        judged(),
        settled() ? "The first whole minute is under way." : NOTHING_YET,
        () => `/quality?${whose()}&window=1d`,
      ),
  }),
  new Panel<ReliabilityJson>({
    ...{ id: "reliability-panel", every_ms: 120_000, draw: drawReliability },
    path: () =>
      once(settled(), NOTHING_YET, () => {
        const version = encodeURIComponent(history.newest!.model_version);
        return `/reliability?symbol=${symbol}&model_version=${version}&window=1d`;
      }),
  }),
  new Panel<ParityJson>({
    ...{ id: "parity-panel", every_ms: 60_000, draw: drawParity },
    path: () => once(true, "Loading …", () => `/parity?symbol=${symbol}&limit=1`),
  }),
  new Panel<VectorJson>({
    ...{ id: "features-panel", every_ms: 2_000 },
    draw: (place, body) => ranges_of_features.draw(place, body),
    path: () =>
      once(
        history.newest !== undefined,
        "No second has closed yet.",
        () => `/features/latest?symbol=${symbol}`,
      ),
  }),
  new Panel<ContributionsJson>({
    ...{ id: "contributions-panel", every_ms: 5_000, draw: drawContributions },
    path: () =>
      once(
        history.newest !== undefined,
        "No forecast has been made yet.",
        () => `/features/contributions?symbol=${symbol}`,
      ),
  }),
  new Panel<SignalsLatestJson>({
    ...{ id: "signal-panel", every_ms: 2_000 },
    draw: (place, body) => {
      ranges_of_features.weigh(body.signal.weights);
      drawSignal(place, body);
    },
    path: () =>
      once(
        typeof history.newest?.lower_price === "number",
        "A signal needs an interval, and that is not known yet.",
        () => `/signals/latest?symbol=${symbol}`,
      ),
  }),
];

setInterval(() => {
  if (document.visibilityState !== "visible" || !symbol) return;
  for (const panel of panels) void panel.look();
}, 1_000);

const latency = byId("latency-panel");
setInterval(() => {
  if (document.visibilityState !== "visible" || latency.offsetParent === null) return;
  const latencies_ms = history.rows.map((row) => row.latency_ms);
  drawLatency(latency, latencies_ms);
}, 2_000);

const alerts = byId("alerts");
void showAlerts(alerts);
setInterval(() => document.visibilityState === "visible" && void showAlerts(alerts), 5_000);

function showConnection(state: ConnectionState): void {
  document.body.dataset.connection = state.kind;
  byId("connection").textContent = {
    live: "Live",
    connecting: "Connecting",
    waiting: "Cut off, reconnecting",
    "not allowed": "Not allowed",
  }[state.kind];
  showEntry(state.kind === "not allowed" ? state.why : undefined);
}

/** In place of everything else where this reader may not read: a key is asked for. */
function showEntry(why: string | undefined): void {
  const entry = byId("entry");
  entry.hidden = why === undefined;
  const again = (): void => connection.open();
  const forget = heldKey() === null ? [] : [forgetButton(again)];
  entry.replaceChildren(...(why === undefined ? [] : [keyForm(why, again), ...forget]));
}

async function refusal(): Promise<string | undefined> {
  const answer = await ask<unknown>("/alerts?limit=1");
  return answer.kind === "not allowed" ? answer.why : undefined;
}

const pages = openPages(() => symbol);
new Ranges({ whose, newestSec: () => history.newest?.ts_sec });
const stream = new URL(`/stream?kinds=prediction,outcome,market&${series}`, location.href);
stream.protocol = location.protocol === "https:" ? "wss:" : "ws:";
new ResizeObserver(redraw).observe(byId<SVGSVGElement>("chart"));
const connection = new Connection({
  ...{ url: stream, protocols: keyProtocols, refusal, onMessage, onState: showConnection },
});
connection.open();
