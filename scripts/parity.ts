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
import type { Logger } from "../src/base/log.ts";
import type { Micros } from "../src/base/units.ts";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import type { FeatureSet } from "../src/features/sets/feature_set.ts";
import { barsOfReader, type ReadersBars } from "../src/record/bars/bars_of_reader.ts";
import type { Database } from "../src/record/database.ts";
import { compareRange, storedRange } from "../src/record/parity/range.ts";
import { mergeReports, type ParityReport } from "../src/record/parity/report.ts";
import { ParityRuns } from "../src/record/parity/runs.ts";
import { mayInsert } from "../src/record/server/rights.ts";
import { requireFeatureFunctions } from "../src/record/sql/install/feature_functions.ts";
import { isOwn } from "../src/record/sql/install/schema_version.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, type Flags, readFlags, runScript, timeFlag } from "./flags/source.ts";
import { parityLines } from "./lines/parity.ts";
import { ProgressBar } from "./lines/progress/progress_bar.ts";
import { withStore } from "./store/with_store.ts";

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
  if (flags.help)
    return void process.stdout.write(
      `${withExample(USAGE, OPTIONS, "parity", { from: "2026-11-20", to: "2026-11-21", set: ["v1"] })}\n`,
    );
  const config = readConfig(process.env);
  const wanted = wantedOf(flags, config);
  await withStore({ config, url: databaseUrl(flags, config) }, async (database, log) => {
    await requireFeatureFunctions(database.sql, wanted.sets);
    const reports = await compareAll(database, wanted, log);
    for (const line of parityLines(reports)) process.stdout.write(`${line}\n`);
    if (reports.some(({ rows_unexplained }) => rows_unexplained > 0)) process.exitCode = 1;
  });
});

/** @throws ForetickError CONFIG_INVALID where there is nothing to compare: that proves nothing. */
async function compareAll(database: Database, wanted: Wanted, log: Logger): Promise<ParityReport[]> {
  const bars = await barsOfReader({ database, clock: systemClock, log });
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
  readonly bars: ReadersBars;
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
  if (await keepsRuns(database)) await new ParityRuns(sql).add(report, "command", started_us);
  return report;
}

/** The result is shown in any case; it is stored where this role may, and no other version keeps the database. */
async function keepsRuns({ sql, schema }: Database): Promise<boolean> {
  return isOwn(schema) && (await mayInsert(sql, "parity_runs"));
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
