/**
 * Runs benches one after the other and adds a line for each to a file, so that nights can be compared: JSON with the day, the
 * commit, the machine, how it ended, how long it took, and what it printed.
 *
 *   bun bench/history.ts --file history.jsonl hot_path/decode hot_path/features
 */

import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "../src/base/errors.ts";

/** None of those that are run so takes longer on a machine of its own. */
const BENCH_MS_MAX = 30 * 60_000;
/** The table and the aims are at the end. */
const PRINTED_MAX = 8_000;

const { values, positionals } = parseArgs({
  options: { file: { type: "string", default: "history.jsonl" } },
  allowPositionals: true,
});
const missing = positionals.filter((name) => !existsSync(join(import.meta.dir, `${name}.ts`)));
if (positionals.length === 0 || missing.length > 0) {
  fail(
    "CONFIG_INVALID",
    `expected names of benches, ${missing.join(", ") || "none"} was given. See bench/README.md`,
  );
}
const commit = spawnSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dir, encoding: "utf8" });
let failed = 0;
for (const bench of positionals) {
  const began_ms = performance.now();
  const run = spawnSync(process.execPath, [join(import.meta.dir, `${bench}.ts`)], {
    ...{ encoding: "utf8", timeout: BENCH_MS_MAX, stdio: ["ignore", "pipe", "inherit"] },
  });
  const line = {
    ...{ day: new Date().toISOString(), commit: commit.stdout.trim(), bench: basename(bench) },
    machine: `${cpus()[0]?.model} × ${cpus().length}`,
    ...{ exit_code: run.status, took_s: Math.round((performance.now() - began_ms) / 1_000) },
    printed: run.stdout.slice(-PRINTED_MAX),
  };
  appendFileSync(values.file, `${JSON.stringify(line)}\n`);
  process.stdout.write(`${run.stdout}\n`);
  if (run.status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
