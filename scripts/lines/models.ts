/** What `bun run models` prints: tables and sheets in plain text, times in UTC. */

import { US_PER_MS } from "../../src/base/units.ts";
import type { Manifest } from "../../src/model/bundle/manifest.ts";
import type { EnsembleManifest } from "../../src/model/ensemble.ts";
import type { GateResult } from "../../src/model/gates.ts";
import type { AliasPlace } from "../../src/record/registry/alias.ts";
import type { ModelDetails, ModelEvent, RegisteredModel } from "../../src/record/registry/rows.ts";

const timeOf = (time_us: number): string =>
  new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace("T", " ");

const placeOf = ({ symbol, alias }: AliasPlace): string => (symbol === "*" ? alias : `${alias} of ${symbol}`);

/** Columns as wide as their widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
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
    ...("members" in manifest ? memberFacts(model, manifest) : trainedFacts(model, manifest)),
    ["servable", model.servable ? "yes" : "no"],
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

function trainedFacts({ horizon_s }: ModelDetails, manifest: Manifest): [string, string][] {
  const { symbol, from_us, to_us, rows_used } = manifest.data;
  return [
    ["horizon", `${horizon_s} s, from the last ${manifest.sequence_length} vector(s)`],
    ["data", `${symbol}, ${timeOf(from_us)} to ${timeOf(to_us)} UTC, ${rows_used} rows`],
    ["fallback", fallbackOf(manifest)],
    ["verdict", manifest.verdict.sentence],
  ];
}

const fallbackOf = ({ fallback: { by, why } }: Manifest): string =>
  by === "evaluator" ? "the evaluator in TypeScript, of the same file" : `the last good model: ${why}`;

function memberFacts({ horizon_s }: ModelDetails, { members }: EnsembleManifest): [string, string][] {
  const parts = members.map(({ version, weight }) => `${(100 * weight).toFixed(1)} % ${version}`);
  return [
    ["horizon", `${horizon_s} s`],
    ["members", parts.join(", ")],
  ];
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
