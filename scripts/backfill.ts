/**
 * `bun run backfill --symbol BTCUSDT --from 2026-10-01 --to 2026-11-01 --source archive`: brings history into the
 * database. Stopped or killed, it is run again with the same words and goes on where it was. See
 * docs/backfill.md.
 *
 * Exit code 0: every trade is there. 1: it could not be done. 2: it was done, and something is missing. 130: it
 * was stopped.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { type Config, readConfig } from "../src/base/config.ts";
import { ForetickError, fail } from "../src/base/errors.ts";
import { LIMITS } from "../src/base/limits.ts";
import { createLogger, type Logger } from "../src/base/log.ts";
import { type Rng, seededRng } from "../src/base/rng.ts";
import { micros } from "../src/base/units.ts";
import { ArchiveClient } from "../src/binance/archive.ts";
import { RestClient } from "../src/binance/rest.ts";
import type { HistoryKind } from "../src/binance/trade_run.ts";
import { type BackfillResult, backfill } from "../src/record/backfill.ts";
import type { BackfillStage } from "../src/record/backfill_job.ts";
import { type Database, openDatabase } from "../src/record/database.ts";
import { backfillLines } from "./backfill_lines.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type Flags, numberFlag, readFlags, runScript } from "./source_flags.ts";

const USAGE = `usage: bun run backfill --symbol BTCUSDT --from 2026-10-01 --to 2026-11-01 --source archive|rest

  --symbol      upper case (default the first of SYMBOLS)
  --from --to   UTC days, or times such as 2026-10-01T12:00 with --source rest; --to is not included
  --source      archive: files of whole days and months from ARCHIVE_URL, its gaps through REST
                rest: pages from BINANCE_REST_URL
  --kind        trades: single trades, what the features count (default)
                aggTrades: lighter; exact but for the sizes of single trades
  --no-rest     with --source archive: leave gaps as they are
  --no-check    do not compare with the exchange's klines
  --keep-files  keep the archive's files below DATA_DIR/archive once they are loaded
  --batch-rows  rows a transaction, about (default ${LIMITS.load_batch_rows_max})`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  source: { type: "string" },
  kind: { type: "string" },
  "no-rest": { type: "boolean" },
  "no-check": { type: "boolean" },
  "keep-files": { type: "boolean" },
  "batch-rows": { type: "string" },
} as const;

const STAGES: Readonly<Record<BackfillStage, string>> = {
  download: "download",
  load: "load",
  gaps: "gaps",
  bars: "bars",
  check: "check",
};

/** A ban is waited out: history can wait. */
const REST_WAIT_MAX_MS = 3_600_000;
const REST_TRIES_MAX = 10;
const INCOMPLETE = 2;
const INTERRUPTED = 130;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return void process.stdout.write(`${USAGE}\n`);
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const wanted = wantedOf(flags, config);
  const database = await openStore(config, log);
  try {
    const result = await run(flags, wanted, config, database, log);
    if (!result) {
      process.stderr.write("stopped; the same command goes on from here\n");
      process.exitCode = INTERRUPTED;
      return;
    }
    for (const line of backfillLines(result)) process.stdout.write(`${line}\n`);
    if (!result.is_complete) process.exitCode = INCOMPLETE;
  } finally {
    await database.close();
  }
});

interface Wanted {
  readonly stretch: { readonly symbol: string; readonly from_us: number; readonly to_us: number };
  readonly source: "archive" | "rest";
  readonly kind: HistoryKind;
}

/** undefined: stopped by a signal, after the batch at hand. */
async function run(
  flags: Flags,
  { stretch, source, kind }: Wanted,
  config: Config,
  database: Database,
  log: Logger,
): Promise<BackfillResult | undefined> {
  const rng: Rng = seededRng(systemClock.now() & 0x7fffffff);
  const shared = { clock: systemClock, rng, log: log.child({ stage: "backfill" }) };
  const rest = new RestClient({
    ...shared,
    origin: config.binance_rest_url,
    wait_max_ms: REST_WAIT_MAX_MS,
    tries_max: REST_TRIES_MAX,
  });
  const archive = new ArchiveClient({
    ...shared,
    origin: config.archive_url,
    cache_dir: join(config.data_dir, "archive"),
  });
  const bar = new ProgressBar(systemClock, process.stderr);
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
    void archive.close();
    void rest.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  try {
    return await backfill({
      ...shared,
      database,
      stretch,
      kind,
      archive: source === "archive" ? { archive, keep_files: flags["keep-files"] === true } : undefined,
      rest: source === "archive" && flags["no-rest"] ? undefined : rest,
      signal: stop.signal,
      batch_rows: numberFlag(flags, "batch-rows", LIMITS.load_batch_rows_max, 1, 1_000_000),
      check: flags["no-check"] !== true,
      onProgress: ({ stage, done, at, rows_read }) =>
        bar.show({ title: STAGES[stage], done, at, count: rows_read, unit: "rows" }),
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return undefined;
  } finally {
    bar.clear();
    await archive.close();
    await rest.close();
  }
}

function wantedOf(flags: Flags, config: Config): Wanted {
  const { source, kind = "trades", symbol = config.symbols[0] } = flags;
  if (source !== "archive" && source !== "rest") {
    return fail("CONFIG_INVALID", `--source expected archive or rest, was ${String(source)}\n\n${USAGE}`);
  }
  if (kind !== "trades" && kind !== "aggTrades") {
    return fail("CONFIG_INVALID", `--kind expected trades or aggTrades, was ${String(kind)}`);
  }
  if (!/^[A-Z0-9]{3,20}$/.test(String(symbol))) {
    return fail("CONFIG_INVALID", `--symbol expected upper case such as BTCUSDT, was ${String(symbol)}`);
  }
  const [from_us, to_us] = [timeFlag(flags, "from"), timeFlag(flags, "to")];
  if (from_us >= to_us) fail("CONFIG_INVALID", "--from expected before --to, was not");
  return { stretch: { symbol: String(symbol), from_us, to_us }, source, kind };
}

/** A UTC day or time. */
function timeFlag(flags: Flags, name: "from" | "to"): number {
  const text = String(flags[name] ?? "");
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?Z?)?$/.exec(text);
  const time_ms = Date.parse(`${parts?.[1]}T${parts?.[2] ?? "00:00"}:${parts?.[3] ?? "00"}Z`);
  if (parts && !Number.isNaN(time_ms)) return micros(time_ms * 1_000);
  return fail(
    "CONFIG_INVALID",
    `--${name} expected a UTC day such as 2026-10-01, was ${text || "not given"}`,
  );
}

/** Its own lock, so that a service may run on the same database; an embedded one is reached through the service. */
async function openStore(config: Config, log: Logger): Promise<Database> {
  const { data_dir, database_url } = config;
  const shared = { log, clock: systemClock };
  const own_dir = join(data_dir, "backfill");
  if (database_url) return openDatabase({ ...shared, url: database_url, data_dir: own_dir });
  try {
    return await openDatabase({ ...shared, data_dir });
  } catch (error) {
    if (!(error instanceof ForetickError && error.code === "STORE_DATA_DIR")) throw error;
    const url = urlOfService(data_dir);
    if (!url) throw error;
    return openDatabase({ ...shared, url, data_dir: own_dir });
  }
}

/** Where the service that has this data directory tells its database's address. */
function urlOfService(data_dir: string): string | undefined {
  try {
    return readFileSync(join(data_dir, "postgres.url"), "utf8").trim();
  } catch {
    return undefined;
  }
}
