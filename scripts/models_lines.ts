/** What `bun run models` prints: tables and sheets in plain text, times in UTC. */

import { US_PER_MS } from "../src/base/units.ts";
import type { GateResult } from "../src/model/gates.ts";
import type { AliasPlace, ModelDetails, ModelEvent, RegisteredModel } from "../src/record/registry_rows.ts";

const timeOf = (time_us: number): string =>
  new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace("T", " ");

const placeOf = ({ symbol, alias }: AliasPlace): string => (symbol === "*" ? alias : `${alias} of ${symbol}`);

/** Columns as wide as their widest cell. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((_, column) =>
    Math.max(...[headings, ...rows].map((row) => row[column]!.length)),
  );
  return [headings, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

export function modelLines(models: readonly RegisteredModel[]): string[] {
  if (models.length === 0) {
    return ['no model is registered: train one, then "bun run models register <name>/<version>"'];
  }
  return table(
    ["version", "kind", "set", "servable", "trained (UTC)", "aliases"],
    models.map((model) => [
      model.version,
      model.kind,
      `${model.feature_set} ${model.set_hash.slice(0, 12)}…`,
      model.servable ? "yes" : "no",
      timeOf(model.created_us),
      model.aliases.map(placeOf).join(", "),
    ]),
  );
}

export function detailLines(model: ModelDetails): string[] {
  const { manifest } = model;
  const facts: [string, string][] = [
    ["version", model.version],
    ["kind", model.kind],
    ["trained", `${timeOf(model.created_us)} UTC, registered ${timeOf(model.registered_us)} UTC`],
    ["set", `${model.feature_set} ${model.set_hash}`],
    ["horizon", `${model.horizon_s} s, from the last ${manifest.sequence_length} vector(s)`],
    ["data", dataLine(model)],
    ["servable", model.servable ? "yes" : "no"],
    ["verdict", manifest.verdict.sentence],
    ["aliases", model.aliases.map(placeOf).join(", ") || "none"],
    ["manifest", `sha256 ${model.manifest_sha256}`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...section("gates", model.gates.length > 0 ? gateTable(model.gates) : ["none were evaluated"]),
    ...section("history", eventLines(model.events)),
  ];
}

const section = (title: string, lines: readonly string[]): string[] => [
  "",
  title,
  ...lines.map((line) => `  ${line}`),
];

function dataLine({ manifest }: ModelDetails): string {
  const { symbol, from_us, to_us, rows_used } = manifest.data;
  return `${symbol}, ${timeOf(from_us)} to ${timeOf(to_us)} UTC, ${rows_used} rows`;
}

const gateTable = (gates: readonly GateResult[]): string[] =>
  table(
    ["gate", "observed", "wanted", "passed"],
    gates.map(({ gate, observed, operator, limit, passed, required }) => [
      gate,
      observed === null ? "–" : String(Number(observed.toPrecision(6))),
      `${operator} ${limit}`,
      passed ? "yes" : required ? "NO" : "no (not required)",
    ]),
  );

export function eventLines(events: readonly ModelEvent[]): string[] {
  if (events.length === 0) return ["nothing has happened"];
  return table(
    ["when (UTC)", "what", "version", "before", "by", "reason"],
    events.map((event) => [
      timeOf(event.at_us),
      `${event.action}${event.place ? ` ${placeOf(event.place)}` : ""}${event.forced ? " (forced)" : ""}`,
      event.version,
      event.version_before ?? "",
      event.actor,
      event.reason,
    ]),
  );
}
