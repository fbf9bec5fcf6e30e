/**
 * The whole proof of a checkout. Ends with the one line a machine reads: "N passed, N failed".
 *
 *   npm test                   checks, every test under bun, and what depends on the runtime under vitest
 *   npm test -- <part of path> of those files only
 *   npm test -- --timings      writes to scripts/suite/timings.json how long each file took: an idle machine's order
 *   npm run test:full          every test under both runners
 *   npm run test:timescale     every test that has a side on TimescaleDB, at TIMESCALE_URL
 */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NAMED_SERVERS, prepareRun } from "../test/record/server/prepared.ts";
import { withExample } from "./flags/example.ts";
import { type Flags, readFlags, runScript } from "./flags/source.ts";
import { CHECKS } from "./suite/checks.ts";
import { type Outcome, runStep } from "./suite/step.ts";
import { suites, timescaleSuite } from "./suite/suites.ts";

const USAGE = `usage: npm test [-- <part of a path> …] [flags]

  <part of a path>  of the test files to run (default all)
  --full            every test under both runners
  --timescale       every test that has a side on TimescaleDB, at TIMESCALE_URL
  --timings         writes how long each file took to scripts/suite/timings.json`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  full: { type: "boolean" },
  timescale: { type: "boolean" },
  timings: { type: "boolean" },
} as const;

let asked: ReturnType<typeof readFlags> | undefined;
await runScript(async () => {
  const found = readFlags(OPTIONS, USAGE);
  if (found.flags.help) console.log(withExample(USAGE, OPTIONS, "test test/book", { full: true }));
  else asked = found;
});
if (asked) await run(asked.flags, asked.rest);

async function run(flags: Flags, filters: readonly string[]): Promise<never> {
  const timescale = flags.timescale === true;
  const urls = Object.values(NAMED_SERVERS).flatMap((variable) => process.env[variable] ?? []);
  if (timescale && !process.env.TIMESCALE_URL) {
    console.error(
      "test:timescale expected TIMESCALE_URL, was not set. Set it to a server that has TimescaleDB.",
    );
    process.exit(2);
  }

  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

  // What tests leave in the temporary folder goes with it.
  const folder = mkdtempSync(join(tmpdir(), "foretick-run-"));
  // Tests that run as another user come through it.
  chmodSync(folder, 0o711);
  process.env.TMPDIR = folder;
  const prepared = await prepareRun(urls);
  Object.assign(process.env, prepared.environment);
  const wanted = { filters, every_file: flags.full === true, timings: flags.timings === true };
  const steps = timescale ? [timescaleSuite()] : [...CHECKS, ...suites(wanted)];
  const outcomes: Outcome[] = [];
  try {
    for (const step of steps)
      if (!stopping.signal.aborted) outcomes.push(await runStep(step, stopping.signal));
  } finally {
    await prepared.close();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const { why } of outcomes) process.stdout.write(why);
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && !stopping.signal.aborted ? 0 : 1);
}
