/**
 * Writes `sql/generated/`: the SQL the feature sets compile to, for reading and for diffs. The service sends
 * the same text to the database itself.
 *
 *   bun scripts/feature_sql.ts
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { FEATURE_SETS } from "../src/features/sets.ts";
import { sqlFiles, sqlFileText } from "../src/features/sql_functions.ts";

const DIRECTORY = new URL("../sql/generated/", import.meta.url).pathname;

mkdirSync(DIRECTORY, { recursive: true });
for (const file of readdirSync(DIRECTORY)) rmSync(`${DIRECTORY}${file}`);
for (const file of sqlFiles(FEATURE_SETS)) writeFileSync(`${DIRECTORY}${file.name}.sql`, sqlFileText(file));
