/** The configuration in force, for who has a key; secrets say only that they are set. */

import type { SettingsJson } from "../../routes/operate/settings.ts";
import { ask, heldKey } from "../ask/ask.ts";
import { card, make, small, table } from "../draw/dom.ts";

const TITLE = "Configuration in force";

/** Nothing is asked without a key: it would be refused. */
export async function settingsCard(open: boolean): Promise<HTMLElement> {
  if (heldKey() === null) {
    return card(TITLE, small("It is shown to readers with a key."));
  }
  const answer = await ask<SettingsJson>("/settings");
  if (answer.kind !== "ok") return card(TITLE, small(answer.why));
  const { settings } = answer.body;
  const list = table(
    TITLE,
    [
      { title: "Setting", cell: ({ name }) => name },
      {
        title: "Value",
        wrap: true,
        cell: ({ value, hidden }) => (value === null ? "not set" : hidden ? "set, not shown" : value),
      },
    ],
    settings,
  );
  const set = settings.filter(({ value }) => value !== null).length;
  const details = make(
    "details",
    { id: "part-settings" },
    make("summary", {}, `${set} of ${settings.length} settings have a value`),
    list,
  );
  details.open = open;
  return card(TITLE, details);
}
