/** Models: what is registered and which role each has; what is open of one of them; two side by side; drift. */

import type { ModelDetailsJson, ModelJson, ModelsJson } from "../../../messages/operate/models.ts";
import { ask } from "../../ask/ask.ts";
import { confirmChange, withKey } from "../../ask/key.ts";
import { card, make, table, tag } from "../../draw/dom.ts";
import type { PageContext } from "../../page_context.ts";
import { dayTimeText, signed } from "../../words.ts";
import { rollback } from "./changes.ts";
import { chosenOf, compareCard } from "./compare.ts";
import { detailsOf } from "./details.ts";
import { askDrift, driftCard } from "./drift.ts";

/** The one whose details are open. */
let opened: string | undefined;
/** Gates never change once a model is registered: of those that are compared they are asked for once. */
const gates_known = new Map<string, ModelDetailsJson["gates"]>();

export function show(context: PageContext): Promise<void> {
  return withKey("Models", context, async () => {
    const [answer, drift] = await Promise.all([ask<ModelsJson>("/models"), askDrift(context.symbol)]);
    if (answer.kind !== "ok") return answer;
    const { models } = answer.body;
    if (models.length === 0)
      return [card("Nothing is registered yet", make("p", {}, "bun run train makes a model."))];
    const one = models.find(({ version }) => version === opened);
    const pair = chosenOf(models);
    const [details] = await Promise.all([one && askModel(one.version), ...(pair ?? []).map(askGates)]);
    const shown = one && details ? await detailsOf(one, details, models, context) : [];
    const compared = pair ? compareCard(models, pair, gates_known, context.again) : "";
    return [listOf(models, context), ...shown, compared, driftCard(drift)];
  });
}

/** Undefined where there is no answer: the next look asks again. */
async function askModel(version: string): Promise<ModelDetailsJson | undefined> {
  const answer = await ask<ModelDetailsJson>(`/models/${encodeURIComponent(version)}`);
  if (answer.kind !== "ok") return undefined;
  gates_known.set(version, answer.body.gates);
  return answer.body;
}

async function askGates({ version }: ModelJson): Promise<undefined> {
  if (version !== opened && !gates_known.has(version)) await askModel(version);
}

function listOf(models: readonly ModelJson[], context: PageContext): HTMLElement {
  const open = ({ version }: ModelJson): HTMLElement => {
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
  const roles = ({ aliases }: ModelJson): string =>
    aliases.map(({ symbol, alias }) => `${alias} of ${symbol === "*" ? "all" : symbol}`).join(", ") || "–";
  return card(
    `${models.length} registered`,
    table(
      "Registered models",
      [
        { title: "Model", wrap: true, cell: ({ version }) => version },
        { title: "Status", cell: ({ status }) => tag(status) },
        { title: "Roles", cell: roles },
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
