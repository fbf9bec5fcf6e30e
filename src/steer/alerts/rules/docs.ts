/** The table of rules in docs/alerts.md, from ops/alerts.json. */

import { lengthText } from "../message.ts";
import type { Rule, Rules } from "./rules.ts";

const BEGIN = "<!-- rules: written by bun scripts/docs.ts -->";
const END = "<!-- /rules -->";

/** The page with its table as the rules say. @throws Error where the page has no place for it. */
export function withRuleTable(page: string, rules: Rules): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/alerts.md expected ${BEGIN} … ${END}, was not there`);
  return `${page.slice(0, from)}${BEGIN}\n${ruleTable(rules)}\n${page.slice(to)}`;
}

function ruleTable({ rules }: Rules): string {
  const rows = rules.map((rule) => {
    const { name, title, severity, group, for_s, clear_for_s, remedy } = rule;
    const when = `${whenOf(rule)}${for_s > 0 ? `, for ${lengthOf(for_s)}` : ""}`;
    return `| \`${name}\` | ${title} | ${when} | ${lengthOf(clear_for_s)} | ${severity} | ${group} | ${remedy} |`;
  });
  return [
    "| Rule | What is wrong | When | Over after | Severity | Group | What to do |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function whenOf({ watch }: Rule): string {
  if ("event" in watch) return `event \`${watch.event}\``;
  if ("health" in watch) return `\`/health\`: ${watch.health} is ${watch.state}`;
  const { metric, statistic, window_s, above, below, clear_at } = watch;
  const what = {
    last: `\`${metric}\``,
    p95: `95th percentile of \`${metric}\` over ${lengthOf(window_s ?? 0)}`,
    increase: `growth of \`${metric}\` within ${lengthOf(window_s ?? 0)}`,
  }[statistic];
  const well = clear_at === undefined ? "" : ` (well again at ${amount(clear_at)})`;
  return `${what} ${above === undefined ? "below" : "above"} ${amount((above ?? below)!)}${well}`;
}

const lengthOf = (s: number): string =>
  lengthText(s * 1_000_000)
    .replace(/ (min|h) 0 (s|min)$/, " $1")
    .replace(" days 0 h", " days");

const amount = (value: number): string =>
  value >= 2 ** 20 ? `${Math.round(value / 2 ** 20)} MiB` : String(value);
