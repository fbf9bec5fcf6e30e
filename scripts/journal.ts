/**
 * `bun run journal show`: what waits in the journal, and what the database refused. `bun run journal replay`: writes the
 * refused rows again. Rows that wait are written by the service itself.
 *
 * Exit code 0: done. 1: rows are still refused, or the replay could not be made.
 */

import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { LIMITS } from "../src/base/limits.ts";
import { createLogger } from "../src/base/log.ts";
import { DatabaseLink } from "../src/record/link.ts";
import { BatchInserter } from "../src/record/write/insert/batch_inserter.ts";
import { RejectedRows } from "../src/record/write/journal/rejected_rows.ts";
import { replayRejected } from "../src/record/write/replay.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, readFlags, runScript } from "./flags/source.ts";
import { journalLines } from "./lines/journal.ts";

const USAGE = `usage: bun run journal show
       bun run journal replay [--database-url postgres://…]   while no service runs on DATA_DIR

  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;

const OPTIONS = { help: { type: "boolean", short: "h" }, "database-url": { type: "string" } } as const;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) return void process.stdout.write(`${withExample(USAGE, OPTIONS, "journal show")}\n`);
  const config = readConfig(process.env);
  const directory = join(config.data_dir, "journal");
  if (rest.length !== 1 || !["show", "replay"].includes(rest[0]!)) {
    fail("CONFIG_INVALID", `journal expected show or replay, was ${rest.join(" ") || "nothing"}\n\n${USAGE}`);
  }
  if (rest[0] === "show") {
    const rejected = new RejectedRows(directory, LIMITS.rejected_bytes_max).read();
    for (const line of journalLines(directory, rejected)) process.stdout.write(`${line}\n`);
    return;
  }
  const log = createLogger({ level: "warn", format: config.log_format });
  const url = databaseUrl(flags, config);
  // Takes the directory: the refused rows of a running service are its own.
  const link = new DatabaseLink({ url, data_dir: config.data_dir, log, clock: systemClock });
  const inserter = new BatchInserter({
    connect: () => link.connect({ statement_timeout_ms: LIMITS.write_timeout_ms }),
    timeout_ms: LIMITS.write_timeout_ms,
    clock: systemClock,
  });
  try {
    await link.ready();
    const rejected = new RejectedRows(directory, LIMITS.rejected_bytes_max);
    const { stored, kept } = await replayRejected(rejected, inserter, LIMITS.write_batch_rows_max);
    process.stdout.write(`${stored} rows are in the database now, ${kept} are kept in ${directory}\n`);
    if (kept > 0) process.exitCode = 1;
  } finally {
    await inserter.close();
    await link.close();
  }
});
