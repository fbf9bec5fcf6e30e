/**
 * `bun scripts/docs.ts --url <a running service>` writes docs/reference/metrics.md, `--tables` docs/reference/tables.md.
 * `bun scripts/docs.ts`: writes docs/features.md from the definitions in src/features/, the table of docs/alerts.md
 * from ops/alerts.json, docs/runbook.md from the tables of errors, parts, alerts and limits, and docs/reference/settings.md.
 * `bun scripts/docs.ts --text <set>`: prints a set's canonical text, which is what its hash is of.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { readText } from "../src/base/http.ts";
import { LIMITS } from "../src/base/limits.ts";
import { silentLogger } from "../src/base/log.ts";
import { featureDocs } from "../src/features/docs.ts";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import { openDatabase } from "../src/record/database.ts";
import { withRuleTable } from "../src/steer/alerts/rules/docs.ts";
import { readRules, SHIPPED_RULES } from "../src/steer/alerts/rules/rules.ts";
import { metricsPage } from "./docs/metrics.ts";
import { runbook } from "./docs/runbook.ts";
import { settingsPage } from "./docs/settings.ts";
import { tablesPage } from "./docs/tables.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run docs
       bun run docs --text <set> | --tables | --url http://127.0.0.1:8080

  writes docs/features.md from src/features/, the table of docs/alerts.md from ops/alerts.json, docs/runbook.md from
  the tables of errors, parts, alerts and limits, and docs/reference/settings.md from the configuration

  --tables  writes docs/reference/tables.md instead, from an embedded database made for it
  --url     writes docs/reference/metrics.md instead, from /metrics of a running service
  --text    prints a feature set's canonical text instead, which is what its hash is of`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  text: { type: "string" },
  tables: { type: "boolean" },
  url: { type: "string" },
} as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return console.log(withExample(USAGE, OPTIONS, "docs", { text: "v1" }));
  const name = flags.text;
  if (name !== undefined) {
    const set = FEATURE_SETS.find((candidate) => candidate.name === name);
    const names = FEATURE_SETS.map((candidate) => candidate.name).join(", ");
    process.stdout.write(
      set?.text ?? fail("CONFIG_INVALID", `--text expected one of ${names}, was ${String(name)}`),
    );
    return;
  }
  if (flags.tables === true) return writeTables();
  if (typeof flags.url === "string") return writeMetrics(flags.url);
  const path = join(import.meta.dirname, "../docs/features.md");
  await writeFile(path, featureDocs(FEATURE_SETS));
  const alerts = join(import.meta.dirname, "../docs/alerts.md");
  const rules = readRules(SHIPPED_RULES);
  await writeFile(alerts, withRuleTable(await readFile(alerts, "utf8"), rules));
  await writeFile(join(import.meta.dirname, "../docs/runbook.md"), runbook(rules));
  process.stdout.write("docs/features.md, docs/alerts.md and docs/runbook.md written\n");
  await write("settings.md", settingsPage());
});

async function writeTables(): Promise<void> {
  const data_dir = await mkdtemp(join(tmpdir(), "foretick-docs-"));
  const database = await openDatabase({ data_dir, log: silentLogger, clock: systemClock });
  try {
    await write("tables.md", await tablesPage(database.sql));
  } finally {
    await database.close();
    await rm(data_dir, { recursive: true, force: true });
  }
}

async function writeMetrics(url: string): Promise<void> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(LIMITS.watch_answer_ms) });
  if (!answer.ok) fail("CONFIG_INVALID", `${url}/metrics expected to answer, was ${answer.status}`);
  await write("metrics.md", metricsPage(await readText(answer, "terminal_body_bytes_max", "REST_BODY")));
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(import.meta.dirname, "../docs/reference", name), text);
  process.stdout.write(`docs/reference/${name} written\n`);
}
