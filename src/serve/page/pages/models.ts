/** Models: what is registered, which role each has and why, its gates; and moving the champion. */

import { ask, post } from "../ask.ts";
import { card, make, table } from "../dom.ts";
import { type Change, confirmChange, withKey } from "../key.ts";
import type { PageContext } from "../page_context.ts";
import { dayTimeText, signed } from "../words.ts";
import { compareCard } from "./compare.ts";
import { askDrift, driftCard } from "./drift.ts";
import type { ListedModel, ModelDetails } from "./listed.ts";

/** The one whose details are open. */
let opened: string | undefined;

export function show(context: PageContext): Promise<void> {
  return withKey("Models", context, async () => {
    const answer = await ask<{ models: readonly ListedModel[] }>("/models");
    if (answer.kind !== "ok") return answer;
    const { models } = answer.body;
    if (models.length === 0)
      return [card("Nothing is registered yet", make("p", {}, "bun run train makes a model."))];
    const one = models.find(({ version }) => version === opened);
    const drift = await askDrift(context.symbol);
    const details = one && (await ask<ModelDetails>(`/models/${encodeURIComponent(one.version)}`));
    const shown = details?.kind === "ok" ? detailsOf(one!, details.body, models, context) : [];
    const compared = (await compareCard(models, context.again)) ?? "";
    return [listOf(models, context), ...shown, compared, driftCard(drift)];
  });
}

function listOf(models: readonly ListedModel[], context: PageContext): HTMLElement {
  const open = ({ version }: ListedModel): HTMLElement => {
    const button = make("button", { type: "button", "aria-expanded": String(opened === version) }, "Details");
    button.setAttribute("aria-label", `Details of ${version}`);
    button.onclick = () => {
      opened = opened === version ? undefined : version;
      context.again();
    };
    return button;
  };
  const back = make("button", { type: "button" }, "Roll back the last promotion …");
  back.onclick = () => confirmChange(rollback(context.symbol, models), context.again);
  return card(
    `${models.length} registered`,
    table(
      "Registered models",
      [
        { title: "Model", wrap: true, cell: ({ version }) => version },
        { title: "Status", cell: ({ status }) => make("span", { class: "tag", "data-tag": status }, status) },
        {
          title: "Roles",
          cell: ({ aliases }) =>
            aliases.map(({ symbol, alias }) => `${alias} of ${symbol === "*" ? "all" : symbol}`).join(", ") ||
            "–",
        },
        { title: "Set", cell: ({ feature_set }) => feature_set },
        { title: "Ahead", num: true, cell: ({ horizon_s }) => `${horizon_s} s` },
        {
          title: "R² in its test",
          num: true,
          cell: ({ metrics }) => (metrics ? `${signed(100 * metrics.r2, 3)} %` : "–"),
        },
        { title: "Made", cell: ({ created_at }) => dayTimeText(created_at) },
        { title: "More of it", unseen: true, cell: open },
      ],
      models,
    ),
    make("div", { class: "row" }, back),
  );
}

function detailsOf(
  model: ListedModel,
  { gates, events }: ModelDetails,
  models: readonly ListedModel[],
  context: PageContext,
): HTMLElement[] {
  const promote = make("button", { type: "button" }, `Promote ${model.version} …`);
  const champion = championOf(context.symbol, models).version;
  const trial = make("button", { type: "button" }, `Try it against ${champion} …`);
  trial.onclick = () => confirmChange(trialOf(model, champion, context.symbol), context.again);
  promote.onclick = () => confirmChange(promotion(model, context.symbol, models), context.again);
  const text = (value: unknown): string =>
    typeof value === "number"
      ? value.toPrecision(4)
      : value === null || value === undefined
        ? "–"
        : String(value);
  const passed = ({ passed }: Readonly<Record<string, unknown>>): HTMLElement =>
    make(
      "span",
      { "data-state": passed === true ? "ok" : "late" },
      passed === true ? "passed" : "not passed",
    );
  const card_of = `bun run models show ${model.version} names the folder of its report card.`;
  return [
    card(
      `Gates of ${model.version}`,
      gates.length === 0
        ? make("p", { class: "small" }, "None was asked of it.")
        : table(
            "Gates",
            [
              {
                title: "Gate",
                wrap: true,
                cell: (gate) =>
                  make("div", {}, text(gate.gate), make("div", { class: "small" }, text(gate.metric))),
              },
              { title: "Figure", num: true, cell: (gate) => text(gate.observed) },
              { title: "Asked", num: true, cell: (gate) => `${text(gate.operator)} ${text(gate.limit)}` },
              { title: "Whether it passed", unseen: true, cell: passed },
            ],
            gates,
          ),
      make("p", { class: "small" }, card_of),
      make("div", { class: "row start" }, champion === model.version ? "" : trial, promote),
    ),
    card(
      "Its roles, newest first",
      events.length === 0
        ? make("p", { class: "small" }, "It had none yet.")
        : make(
            "ol",
            { class: "line" },
            ...events.map(({ at, actor, action, place, version_before, forced, reason }) =>
              make(
                "li",
                {},
                make(
                  "p",
                  {},
                  `${dayTimeText(at)} · ${action}${place ? ` as ${place.alias} of ${whoseWords(place.symbol)}` : ""}${forced ? ", although a check refused" : ""}`,
                ),
                make(
                  "p",
                  { class: "small" },
                  `${actor}: ${reason || "no reason given"}${version_before ? ` (before: ${version_before})` : ""}`,
                ),
              ),
            ),
          ),
    ),
  ];
}

const championOf = (symbol: string, models: readonly ListedModel[]): { version: string; place: string } => {
  const of = (place: string): string | undefined =>
    models.find(({ aliases }) => aliases.some((one) => one.alias === "champion" && one.symbol === place))
      ?.version;
  const own = of(symbol);
  return own ? { version: own, place: symbol } : { version: of("*") ?? "none", place: "*" };
};

const whoseWords = (place: string): string =>
  place === "*" ? "every symbol without a champion of its own" : place;

function trialOf({ version }: ListedModel, champion: string, symbol: string): Change {
  return {
    title: `Try ${version} against ${champion}`,
    says: [
      `It becomes the challenger of ${symbol}: from the next tick on both forecast every second, and what comes true judges them.`,
      `Callers are served by ${champion} as before. It ends by itself once one is better, or after two weeks.`,
    ],
    verb: "Start the test",
    act: (reason) => post("/experiments", { model_b_id: version, symbol, reason }),
  };
}

function promotion({ version }: ListedModel, symbol: string, models: readonly ListedModel[]): Change {
  const now = championOf(symbol, models);
  return {
    title: `Promote ${version}`,
    says: [
      `It becomes the champion of ${whoseWords(now.place)} at once: within seconds every forecast served there comes from it instead of ${now.version}.`,
      "A model that failed a gate is refused. Roll back takes the promotion back.",
    ],
    verb: "Promote",
    act: (reason) =>
      post(
        `/models/${encodeURIComponent(version)}/promote?${new URLSearchParams({ symbol: now.place, traffic_percentage: "100", reason })}`,
      ),
  };
}

function rollback(symbol: string, models: readonly ListedModel[]): Change {
  const now = championOf(symbol, models);
  return {
    title: "Roll back the last promotion",
    says: [
      `The champion of ${whoseWords(now.place)} is ${now.version} now. The one before it takes its place within seconds, and a training may be asked for.`,
    ],
    verb: "Roll back",
    act: (reason) => post(`/models/rollback?${new URLSearchParams({ symbol: now.place, reason })}`),
  };
}
