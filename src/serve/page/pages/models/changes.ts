/** What can be done with models, and what is said before it is done. */

import type { ModelJson } from "../../../messages/operate/models.ts";
import { post } from "../../ask/ask.ts";
import type { Change } from "../../ask/key.ts";

/** The champion that a symbol is served by: its own, or that of every symbol ("*"). */
export function championOf(
  symbol: string,
  models: readonly ModelJson[],
): { readonly version: string; readonly place: string } {
  const of = (place: string): string | undefined =>
    models.find(({ aliases }) => aliases.some((one) => one.alias === "champion" && one.symbol === place))
      ?.version;
  const own = of(symbol);
  return own ? { version: own, place: symbol } : { version: of("*") ?? "none", place: "*" };
}

export const whoseWords = (place: string): string =>
  place === "*" ? "every symbol without a champion of its own" : place;

export function trialOf({ version }: ModelJson, champion: string, symbol: string): Change {
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

export function promotion({ version }: ModelJson, symbol: string, models: readonly ModelJson[]): Change {
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

export function rollback(symbol: string, models: readonly ModelJson[]): Change {
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
