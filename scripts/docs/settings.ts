/** docs/reference/settings.md: every setting with its default and what it means, as the code that reads the environment has them. */

import { SETTING_MEANINGS } from "../../src/base/config/meanings.ts";
import { shownConfig } from "../../src/base/config/shown_config.ts";
import { readConfig } from "../../src/base/config.ts";

export function settingsPage(): string {
  const defaults = new Map(shownConfig(readConfig({})).map(({ name, value }) => [name, value]));
  const rows = Object.entries(SETTING_MEANINGS).map(([name, meaning]) => {
    const value = defaults.get(name) ?? "";
    return `| \`${name}\` | ${value === "" ? "–" : value} | ${fromHere(meaning)} |`;
  });
  return [
    "# Settings",
    "",
    "What the environment may set, written from the code that reads it by `bun run docs`. A value it does not understand stops the start with a sentence that",
    "says what to do. What is in force, without secrets, is on the page Operations and at `GET /settings`.",
    "",
    "| Setting | Default | Meaning |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Links are written as from the root; the page is in docs/reference. */
const fromHere = (meaning: string): string => meaning.replaceAll(/\]\(docs\//g, "](../");
