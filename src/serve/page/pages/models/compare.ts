/** Two registered models side by side: what each is, what its test said, which gates it passed. */

import type { ModelDetailsJson, ModelJson } from "../../../messages/operate/models.ts";
import { card, make, small, table } from "../../draw/dom.ts";
import { dayTimeText, signed } from "../../words.ts";

/** What is compared; undefined: the two first. */
let chosen: readonly [string | undefined, string | undefined] = [undefined, undefined];

type Row = readonly [what: string, one: string, other: string];

/** Those that are compared; undefined where there is but one. */
export function chosenOf(models: readonly ModelJson[]): readonly [ModelJson, ModelJson] | undefined {
  if (models.length < 2) return undefined;
  const found = (at: 0 | 1): ModelJson => models.find(({ version }) => version === chosen[at]) ?? models[at]!;
  return [found(0), found(1)];
}

/**
 * @param gates of each version, as far as they are known.
 * @param again draws the page anew.
 */
export function compareCard(
  models: readonly ModelJson[],
  pair: readonly [ModelJson, ModelJson],
  gates: ReadonlyMap<string, ModelDetailsJson["gates"]>,
  again: () => void,
): HTMLElement {
  const choice = (at: 0 | 1): HTMLElement => {
    const select = make("select", { id: `compare-${at}`, "aria-label": at === 0 ? "One" : "The other" });
    select.append(
      ...models.map(({ version }) => new Option(version, version, false, version === pair[at].version)),
    );
    select.onchange = () => {
      const [one = pair[0].version, other = pair[1].version] = chosen;
      chosen = at === 0 ? [select.value, other] : [one, select.value];
      select.blur();
      again();
    };
    return select;
  };
  const rows: Row[] = [
    row("Kind", pair, ({ kind }) => kind),
    row("Feature set", pair, ({ feature_set, feature_names }) => `${feature_set}, ${feature_names.length}`),
    row("Ahead", pair, ({ horizon_s }) => `${horizon_s} s`),
    row("Made", pair, ({ created_at }) => dayTimeText(created_at)),
    row("R² against no move", pair, ({ metrics }) => (metrics ? `${signed(100 * metrics.r2, 3)} %` : "–")),
    row("Mean error", pair, ({ metrics }) => (metrics ? `${(1e4 * metrics.mae).toFixed(3)} bp` : "–")),
    row("Root of mean square", pair, ({ metrics }) =>
      metrics ? `${(1e4 * metrics.rmse).toFixed(3)} bp` : "–",
    ),
    row("Direction right", pair, ({ metrics }) =>
      metrics?.hit_rate ? `${(100 * metrics.hit_rate).toFixed(1)} %` : "–",
    ),
    ["Gates passed", passedOf(gates.get(pair[0].version)), passedOf(gates.get(pair[1].version))],
  ];
  return card(
    "Two side by side",
    make("div", { class: "row start" }, choice(0), choice(1)),
    table<Row>(
      "Two models side by side",
      [
        { title: "What", unseen: true, wrap: true, cell: ([what]) => what },
        { title: breakable(pair[0].version), num: true, cell: ([, one]) => one },
        { title: breakable(pair[1].version), num: true, cell: ([, , other]) => other },
      ],
      rows,
    ),
    small(
      "Each on its own test stretch: only a test on the same ticks says which is better. One is begun by the details of a model.",
    ),
  );
}

function row(
  what: string,
  [one, other]: readonly [ModelJson, ModelJson],
  text: (model: ModelJson) => string,
): Row {
  return [what, text(one), text(other)];
}

/** May take two lines. */
const breakable = (version: string): string => version.replace("/", "/\u200b");

const passedOf = (gates: ModelDetailsJson["gates"] | undefined): string =>
  gates && gates.length > 0
    ? `${gates.filter(({ passed }) => passed === true).length} of ${gates.length}`
    : "none asked";
