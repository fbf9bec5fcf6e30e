/**
 * The names under which messages are published. A client subscribes to one topic per kind and symbol; a forecast is
 * published under each of the names that a client may have chosen for it.
 */

import type { Series, SeriesChoice } from "../../predict/series.ts";
import type { StreamKind } from "../messages/stream.ts";

const ANY = "*";

/** e.g. `prediction BTCUSDT champion * 10`; market views are of no series: `market BTCUSDT`. */
export function topicOf(kind: StreamKind, symbol: string, choice: SeriesChoice): string {
  if (kind === "market") return `${kind} ${symbol}`;
  const { role, model_version, horizon_s } = choice;
  return `${kind} ${symbol} ${role ?? ANY} ${model_version ?? ANY} ${horizon_s ?? ANY}`;
}

export function topicsOf(
  kind: "prediction" | "outcome",
  symbol: string,
  series: Series & { readonly served: boolean },
): string[] {
  const { model_version, horizon_s } = series;
  const roles = [series.role, undefined, ...(series.served ? (["served"] as const) : [])];
  return roles.flatMap((role) =>
    [{ role }, { role, model_version }, { role, horizon_s }, { role, model_version, horizon_s }].map(
      (choice) => topicOf(kind, symbol, choice),
    ),
  );
}
