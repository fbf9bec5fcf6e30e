/**
 * `bun run parity --from 2026-11-20 --to 2026-11-21`: recomputes stored vectors from SQL and compares them bit by
 * bit, whatever the range, also while a service runs on the database. See docs/parity.md.
 *
 * Exit code 0: every value equal, or its cause known. 1: something differs without a known cause, or the
 * comparison could not be made.
 */

import { systemClock } from "../src/base/clock.ts";
import { type Config, readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger, type Logger } from "../src/base/log.ts";
import type { Micros } from "../src/base/units.ts";
import type { FeatureSet } from "../src/features/set.ts";
import { FEATURE_SETS } from "../src/features/sets.ts";
import type { Database } from "../src/record/database.ts";
import { compareRange, storedRange } from "../src/record/parity_range.ts";
import { mergeReports, type ParityReport } from "../src/record/parity_report.ts";
import { ParityRuns } from "../src/record/parity_runs.ts";
import { Refresher } from "../src/record/refresher.ts";
import { openStore } from "./open_store.ts";
import { parityLines } from "./parity_lines.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type Flags, readFlags, runScript, timeFlag } from "./source_flags.ts";

const USAGE = `usage: bun run parity [--from 2026-11-20] [--to 2026-11-21T12:00] [--symbol BTCUSDT] [--set v1]

  --from --to     UTC days or times; --to is not included (default all vectors stored)
  --symbol        once or several times (default SYMBOLS)
  --set           once or several times (default ${FEATURE_SETS.map(({ name }) => name).join(", ")})
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  from: { type: "string" },
  to: { type: "string" },
  symbol: { type: "string", multiple: true },
  set: { type: "string", multiple: true },
  "database-url": { type: "string" },
} as const;

interface Wanted {
  readonly symbols: readonly string[];
  readonly sets: readonly FeatureSet[];
  readonly from_us: Micros | undefined;
  readonly to_us: Micros | undefined;
}

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return void process.stdout.write(`${USAGE}\n`);
  const config = readConfig(process.env);
  const wanted = wantedOf(flags, config);
  const log = createLogger({ level: "warn", format: config.log_format });
  const url = (flags["database-url"] as string | undefined) ?? config.database_url;
  const database = await openStore({ url, data_dir: config.data_dir, log });
  try {
    const reports = await compareAll(database, wanted, log);
    for (const line of parityLines(reports)) process.stdout.write(`${line}\n`);
    if (reports.some(({ rows_unexplained }) => rows_unexplained > 0)) process.exitCode = 1;
  } finally {
    await database.close();
  }
});

/** @throws ForetickError CONFIG_INVALID where there is nothing to compare: that proves nothing. */
async function compareAll(database: Database, wanted: Wanted, log: Logger): Promise<ParityReport[]> {
  const bars = new Refresher({ database, clock: systemClock, log });
  const bar = new ProgressBar(systemClock, process.stderr);
  const reports: ParityReport[] = [];
  const progress = { rows: 0 };
  try {
    for (const symbol of wanted.symbols) {
      for (const set of wanted.sets) {
        const report = await compareOne({ database, bars, bar, wanted, progress }, symbol, set);
        if (report) reports.push(report);
      }
    }
  } finally {
    bar.clear();
    await bars.close();
  }
  if (reports.length > 0) return reports;
  return fail(
    "CONFIG_INVALID",
    `expected vectors of ${wanted.symbols.join(", ")} in the range, there are none`,
  );
}

interface Parts {
  readonly database: Database;
  readonly bars: Refresher;
  readonly bar: ProgressBar;
  readonly wanted: Wanted;
  readonly progress: { rows: number };
}

async function compareOne(
  { database, bars, bar, wanted, progress }: Parts,
  symbol: string,
  set: FeatureSet,
): Promise<ParityReport | undefined> {
  const { sql } = database;
  const stored = await storedRange(sql, symbol, set);
  if (!stored) return undefined;
  const { from_us = stored.from_us, to_us = stored.to_us } = wanted;
  if (from_us >= to_us) return undefined;
  const started_us = systemClock.now();
  const span = { symbol, set, from_us, to_us };
  const spans: ParityReport[] = [];
  for await (const report of compareRange({ sql, bars, span, monotonicUs: systemClock.monotonicUs })) {
    spans.push(report);
    progress.rows += report.rows_compared;
    const done = (report.to_us - from_us) / (to_us - from_us);
    const at = `${symbol} ${set.name} ${new Date(report.to_us / 1_000).toISOString()}`;
    bar.show({ title: "compare", done, at, count: progress.rows, unit: "rows" });
  }
  const report = mergeReports(spans);
  await new ParityRuns(sql).add(report, "command", started_us);
  return report;
}

function wantedOf(flags: Flags, config: Config): Wanted {
  const symbols = (flags.symbol as readonly string[] | undefined) ?? config.symbols;
  const names = (flags.set as readonly string[] | undefined) ?? FEATURE_SETS.map(({ name }) => name);
  const sets = names.map((wanted) => {
    const set = FEATURE_SETS.find(({ name }) => name === wanted);
    const known = FEATURE_SETS.map(({ name }) => name).join(", ");
    return set ?? fail("FEATURE_SET_UNKNOWN", `--set expected one of ${known}, was ${wanted}`);
  });
  const [from_us, to_us] = [timeFlag(flags, "from"), timeFlag(flags, "to")];
  if (from_us !== undefined && to_us !== undefined && from_us >= to_us) {
    fail("CONFIG_INVALID", "--from expected before --to, was not");
  }
  return { symbols, sets, from_us, to_us };
}
