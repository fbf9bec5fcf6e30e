/** docs/reference/metrics.md: what /metrics of a running service says of itself. */

interface Metric {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
}

/** @param text the answer of /metrics. */
export function metricsPage(text: string): string {
  const help = new Map<string, string>();
  const metrics: Metric[] = [];
  for (const line of text.split("\n")) {
    const [, what, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what === "HELP") help.set(name!, rest!);
    if (what === "TYPE") metrics.push({ name: name!, kind: rest!, help: help.get(name!) ?? "" });
  }
  const own = metrics.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  const rows = own
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, help: says }) => `| \`${name}\` | ${kind} | ${says.replaceAll("|", "\\|")} |`);
  return [
    "<!-- Written by `bun scripts/docs.ts --url <a running service>` from its /metrics. Change the code, not this page. -->",
    "",
    "# Metrics",
    "",
    "What `GET /metrics` tells Prometheus. Labels are few: `symbol`, `model_version`, `role` and the like, never a caller. Alerts on them: [alerts](../alerts.md).",
    "",
    "| Metric | Kind | What it counts or measures |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
