/** What is open of one model: its gates, what can be done with it, and the line of its roles with reasons. */

import type { ModelDetailsJson, ModelJson } from "../../../messages/operate/models.ts";
import { confirmChange } from "../../ask/key.ts";
import { card, make, small, state, table } from "../../draw/dom.ts";
import type { PageContext } from "../../page_context.ts";
import { dayTimeText } from "../../words.ts";
import { championOf, promotion, trialOf, whoseWords } from "./changes.ts";
import { reportCard } from "./report.ts";

export async function detailsOf(
  model: ModelJson,
  details: ModelDetailsJson,
  models: readonly ModelJson[],
  context: PageContext,
): Promise<HTMLElement[]> {
  const report = await reportCard(model.version);
  return [gatesOf(model, details, models, context), report, rolesOf(details)];
}

const figureText = (value: number | null): string => (value === null ? "–" : value.toPrecision(4));

function gatesOf(
  model: ModelJson,
  { gates }: ModelDetailsJson,
  models: readonly ModelJson[],
  { symbol, again }: PageContext,
): HTMLElement {
  const promote = make("button", { type: "button" }, `Promote ${model.version} …`);
  const champion = championOf(symbol, models).version;
  const trial = make("button", { type: "button" }, `Try it against ${champion} …`);
  trial.onclick = () => confirmChange(trialOf(model, champion, symbol), again);
  promote.onclick = () => confirmChange(promotion(model, symbol, models), again);
  const list =
    gates.length === 0
      ? small("None was asked of it.")
      : table(
          "Gates",
          [
            {
              title: "Gate",
              wrap: true,
              cell: ({ gate, metric }) => make("div", {}, gate, make("div", { class: "small" }, metric)),
            },
            { title: "Figure", num: true, cell: ({ observed }) => figureText(observed) },
            { title: "Asked", num: true, cell: ({ operator, limit }) => `${operator} ${figureText(limit)}` },
            {
              title: "Whether it passed",
              unseen: true,
              cell: ({ passed }) => state(passed ? "passed" : "not passed", !passed),
            },
          ],
          gates,
        );
  return card(
    `Gates of ${model.version}`,
    list,
    make("div", { class: "row start" }, champion === model.version ? "" : trial, promote),
  );
}

type Event = ModelDetailsJson["events"][number];

function rolesOf({ events }: ModelDetailsJson): HTMLElement {
  const what = ({ at, action, place, forced }: Event): string =>
    `${dayTimeText(at)} · ${action}${place ? ` as ${place.alias} of ${whoseWords(place.symbol)}` : ""}${forced ? ", although a check refused" : ""}`;
  const why = ({ actor, reason, version_before }: Event): string =>
    `${actor}: ${reason || "no reason given"}${version_before ? ` (before: ${version_before})` : ""}`;
  return card(
    "Its roles, newest first",
    events.length === 0
      ? small("It had none yet.")
      : make(
          "ol",
          { class: "line" },
          ...events.map((event) => make("li", {}, make("p", {}, what(event)), small(why(event)))),
        ),
  );
}
