/** What goes into a forecast and what follows from it: features, the signal, parity. */

import type { ParityJson } from "../../messages/parity.ts";
import type { SignalsLatestJson } from "../../messages/signals.ts";
import type { VectorJson } from "../../messages/vector.ts";
import { make, small, state, table } from "../draw/dom.ts";
import { drawing, element, px } from "../draw/svg.ts";
import { count, signalWords, signed, timeText } from "../words.ts";

const SHOWN = 12;
const BAR_PX = 110;

/** What each feature has been while this page was open; of another set it begins again. */
export class FeatureRanges {
  #set = "";
  #from_sec = 0;
  #weights: Readonly<Record<string, number>> = {};
  readonly #ranges = new Map<string, { low: number; high: number }>();

  /** How much the model reads each: what it reads most is shown first. */
  weigh(weights: Readonly<Record<string, number>> | null): void {
    this.#weights = weights ?? {};
  }

  draw(place: HTMLElement, { ts_sec, feature_set, warm, names, values }: VectorJson): void {
    if (feature_set !== this.#set) {
      this.#set = feature_set;
      this.#from_sec = ts_sec;
      this.#ranges.clear();
    }
    const rows = names.map((name, i) => {
      const value = values[i] ?? null;
      return { name, value, weight: this.#weights[name], range: this.#widen(name, value) };
    });
    rows.sort((one, other) => (other.weight ?? 0) - (one.weight ?? 0));
    const weighed = Object.keys(this.#weights).length > 0;
    const open = place.querySelector("details")?.open ?? false;
    const order = weighed ? "What the model reads most comes first." : "";
    const since = `The bar is the range since ${timeText(this.#from_sec)}.`;
    const rest = rows.slice(SHOWN);
    const more = make("details", {}, make("summary", {}, `${rest.length} more`), features(rest, weighed));
    more.open = open;
    place.replaceChildren(
      small(`Set ${feature_set}${warm ? "" : ", look-back still filling"}. ${since} ${order}`),
      features(rows.slice(0, SHOWN), weighed),
      rest.length > 0 ? more : "",
    );
  }

  #widen(name: string, value: number | null): { low: number; high: number } | undefined {
    const held = this.#ranges.get(name);
    if (value === null) return held;
    const range = { low: Math.min(value, held?.low ?? value), high: Math.max(value, held?.high ?? value) };
    this.#ranges.set(name, range);
    return range;
  }
}

interface FeatureRow {
  readonly name: string;
  readonly value: number | null;
  readonly weight: number | undefined;
  readonly range: { low: number; high: number } | undefined;
}

function features(rows: readonly FeatureRow[], weighed: boolean): HTMLElement {
  const weight = { title: "Read", num: true, cell: ({ weight }: FeatureRow) => weight?.toFixed(2) ?? "–" };
  return table(
    "Features",
    [
      { title: "Feature", cell: ({ name }) => name },
      { title: "Now", num: true, cell: ({ value }) => featureText(value) },
      { title: "In its range", cell: ({ value, range }) => place(value, range) },
      ...(weighed ? [weight] : []),
    ],
    rows,
  );
}

const featureText = (value: number | null): string =>
  value === null
    ? "–"
    : value === 0
      ? "0"
      : Math.abs(value) >= 1e5
        ? count(Math.round(value))
        : value.toPrecision(4).replace("-", "−");

function place(value: number | null, range: { low: number; high: number } | undefined): Node | string {
  if (value === null || !range || range.high === range.low) return "–";
  const share = (value - range.low) / (range.high - range.low);
  return drawing(BAR_PX, 14, `${Math.round(100 * share)} % of the way up its range`, [
    element("rect", { class: "rail", x: 0, y: 5, width: BAR_PX, height: 4, rx: 2 }),
    element("circle", { class: "dot", cx: px(5 + share * (BAR_PX - 10)), cy: 7, r: 4.5 }),
  ]);
}

export function drawSignal(place: HTMLElement, body: SignalsLatestJson): void {
  const { BUY, HOLD, SELL } = body.signal.probabilities;
  const bar = drawing(
    300,
    12,
    `Up beyond the cost ${BUY.toFixed(1)} %, within it ${HOLD.toFixed(1)} %, down beyond it ${SELL.toFixed(1)} %`,
    [
      element("rect", { class: "sell", x: 0, y: 0, width: px(3 * SELL), height: 12 }),
      element("rect", { class: "hold", x: px(3 * SELL), y: 0, width: px(3 * HOLD), height: 12 }),
      element("rect", { class: "buy", x: px(3 * (SELL + HOLD)), y: 0, width: px(3 * BUY), height: 12 }),
    ],
  );
  const shares = `SELL ${SELL.toFixed(1)} % · HOLD ${HOLD.toFixed(1)} % · BUY ${BUY.toFixed(1)} %`;
  const paper = body.ledger.strategies
    .filter(({ trades }) => trades > 0)
    .map(({ strategy, trades, net }) => `${strategy}: ${count(trades)} trades, ${signed(1e4 * net, 1)} bp`);
  place.replaceChildren(
    make("p", { class: "said" }, body.signal.recommendation.replaceAll("_", " ")),
    make("p", {}, signalWords(body)),
    bar,
    small(shares),
    paper.length > 0
      ? small(`On paper today, after costs: ${paper.join("; ")}.`)
      : small("Nothing was traded on paper today."),
  );
}

/** Whether the features served are what SQL computes, set by set. */
export function drawParity(place: HTMLElement, { totals }: ParityJson): void {
  if (totals.length === 0) {
    place.replaceChildren(
      make(
        "p",
        { class: "small", id: "parity" },
        "Not compared yet: the first comparison is a few minutes after the start.",
      ),
    );
    return;
  }
  place.replaceChildren(
    table(
      "Live against SQL by set",
      [
        { title: "Set", cell: ({ feature_set }) => feature_set },
        { title: "Rows compared", num: true, cell: ({ rows_compared }) => count(rows_compared) },
        { title: "Unequal", num: true, cell: ({ rows_mismatched }) => count(rows_mismatched) },
        { title: "Unexplained", num: true, cell: ({ rows_unexplained: n }) => state(count(n), n > 0) },
        { title: "Up to", cell: ({ to }) => timeText(Date.parse(to) / 1_000) },
      ],
      totals,
    ),
  );
}
