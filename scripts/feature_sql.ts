/**
 * Writes `sql/generated/`: the SQL the feature sets compile to, for reading and for diffs. The service sends
 * the same text to the database itself.
 *
 *   bun run feature_sql
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import { generatedFiles, sqlFileText } from "../src/features/sql/functions.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";

const DIRECTORY = fileURLToPath(new URL("../sql/generated/", import.meta.url));

const USAGE = `usage: bun run feature_sql

  writes sql/generated/ anew: the SQL that the feature sets compile to`;
const OPTIONS = { help: { type: "boolean", short: "h" } } as const;

await runScript(async () => {
  if (readFlags(OPTIONS, USAGE).flags.help) return console.log(withExample(USAGE, OPTIONS, "feature_sql"));
  mkdirSync(DIRECTORY, { recursive: true });
  for (const file of readdirSync(DIRECTORY)) rmSync(`${DIRECTORY}${file}`);
  for (const file of generatedFiles(FEATURE_SETS))
    writeFileSync(`${DIRECTORY}${file.name}.sql`, sqlFileText(file));
});
