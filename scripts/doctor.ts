/**
 * `bun run doctor [--json]`: looks at everything a service needs and says, one line a check, what it found and what to do.
 * It changes nothing, and prints no secret.
 *
 * Exit code 0: nothing fails. 1: something does.
 */

import { fail } from "../src/base/errors.ts";
import type { Named } from "./doctor/check.ts";
import { doctor } from "./doctor/doctor.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";
import { doctorLine, doctorSummary } from "./lines/doctor.ts";

const USAGE = `usage: bun run doctor [--json]

  looks at configuration, exchange, key, clock, symbols, database, Redis, model, disk, journal, port, memory and open
  files, as the environment sets them for a service, all at once; nothing is changed

  --json  one object a check instead of a line: check, state, found, remedy

exit code: 0 nothing fails, 1 something does`;
const OPTIONS = { help: { type: "boolean", short: "h" }, json: { type: "boolean" } } as const;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) return console.log(withExample(USAGE, OPTIONS, "doctor", { json: true }));
  if (rest.length > 0)
    fail("CONFIG_INVALID", `doctor expected flags alone, was ${rest.join(" ")}\n\n${USAGE}`);
  const all: Named[] = [];
  for await (const found of doctor(process.env)) {
    all.push(found);
    console.log(flags.json ? JSON.stringify(found) : doctorLine(found, process.stdout.isTTY === true));
  }
  if (!flags.json) console.log(`\n${doctorSummary(all)}`);
  // What did not answer may still be waited for.
  process.exit(all.some(({ state }) => state === "FAIL") ? 1 : 0);
});
