/**
 * `bun scripts/docs.ts`: writes docs/features.md from the definitions in src/features/, the table of docs/alerts.md
 * from ops/alerts.json, and docs/runbook.md from the tables of errors, parts, alerts and limits.
 * `bun scripts/docs.ts --text <set>`: prints a set's canonical text, which is what its hash is of.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../src/base/errors.ts";
import { featureDocs } from "../src/features/docs.ts";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import { withRuleTable } from "../src/steer/alerts/rules/docs.ts";
import { readRules, SHIPPED_RULES } from "../src/steer/alerts/rules/rules.ts";
import { runbook } from "./docs/runbook.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run docs
       bun run docs --text <set>

  writes docs/features.md from src/features/, the table of docs/alerts.md from ops/alerts.json, and docs/runbook.md
  from the tables of errors, parts, alerts and limits

  --text  prints a feature set's canonical text instead, which is what its hash is of`;
const OPTIONS = { help: { type: "boolean", short: "h" }, text: { type: "string" } } as const;

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
  const path = join(import.meta.dirname, "../docs/features.md");
  await writeFile(path, featureDocs(FEATURE_SETS));
  const alerts = join(import.meta.dirname, "../docs/alerts.md");
  const rules = readRules(SHIPPED_RULES);
  await writeFile(alerts, withRuleTable(await readFile(alerts, "utf8"), rules));
  await writeFile(join(import.meta.dirname, "../docs/runbook.md"), runbook(rules));
  process.stdout.write("docs/features.md, docs/alerts.md and docs/runbook.md written\n");
});
