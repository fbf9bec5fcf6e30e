/** What the model was made from: where the rows came from, what was left out, how far apart the parts are. */

import { US_PER_SEC } from "../../../base/units.ts";
import { escaped } from "../charts/svg.ts";
import type { Report } from "../report.ts";
import { count, decimal, percent, timeOf } from "./words.ts";

/** Reasons as sentences; a reason not listed is shown as it is. */
const REASONS: Readonly<Record<string, string>> = {
  not_warm: "look-back not inside uninterrupted data",
  null_feature: "a feature without a value",
  no_label: "the horizon reaches past the data or across a gap",
  known_later: "rests on data received later than was asked for",
  incomplete: "filter: too few usable vectors in the minute before",
  large_return: "filter: return over the horizon too large (training rows only)",
  wide_spread: "filter: spread too wide",
  volatile: "filter: too volatile",
  thin_volume: "filter: lowest volume",
  price_off: "filter: price too far from the median",
};

export function dataSection(report: Report): string {
  const { data, split, parameters, latency, model_bytes, feature_set, set_hash } = report;
  const time = (us: number): string => timeOf(us / US_PER_SEC);
  const stretch = ({ from_us, to_us, rows }: typeof split.train): string =>
    `${time(from_us)} to ${time(to_us)}, ${count(rows)} rows`;
  const short = split.purge_s < split.purge_full_s;
  const entries: [string, string][] = [
    ["Sources", data.sources.join("; ")],
    ["Range", `${time(data.from_us)} to ${time(data.to_us)}`],
    ["Rows", `${count(data.rows_used)} of ${count(data.rows_seen)} used`],
    ...Object.entries(data.removed).map(([reason, rows]): [string, string] => [
      "Left out",
      `${count(rows)} (${percent(rows / Math.max(1, data.rows_seen), 2)}): ${REASONS[reason] ?? reason.replaceAll("_", " ")}`,
    ]),
    ["Training", stretch(split.train)],
    ["Test", stretch(split.test)],
    ["Apart", `purge ${decimal(split.purge_s, 0)} s, embargo ${decimal(split.embargo_s, 0)} s`],
    ...(short ? [["", shortPurge(report)] as [string, string]] : []),
    ["Features", `${feature_set}, ${set_hash.slice(0, 16)}…`],
    ["File", `${decimal(model_bytes / 1024, 1)} KiB`],
    ...(latency
      ? [
          [
            "One forecast",
            `${decimal(latency.p50_us, 0)} µs; 99 of 100 below ${decimal(latency.p99_us, 0)} µs`,
          ] as [string, string],
        ]
      : []),
  ];
  return `<section><h2>Data</h2>${list(entries)}
<details><summary>Settings of the fit</summary>${list(Object.entries(parameters).map(([name, value]) => [name, String(value)]))}</details></section>`;
}

const shortPurge = ({ split, horizon_s }: Report): string =>
  `A full purge takes ${split.purge_full_s} s (horizon and longest look-back), and there is too little data for it: no training label (${horizon_s} s) reaches the test, but vectors on both sides may share trades.`;

const list = (entries: readonly (readonly [string, string])[]): string =>
  `<dl class="plain">${entries.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join("")}</dl>`;
