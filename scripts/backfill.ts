/**
 * `bun run backfill --symbol BTCUSDT --days 30`: brings history into the
 * database. After a stop or a kill, run it again with the same arguments: it continues where it ended. See
 * docs/backfill.md.
 *
 * Exit code 0: every trade is there. 1: it could not be done. 2: it was done, and something is missing. 130: it
 * was stopped.
 */

import { join } from "node:path";
import { type Clock, systemClock } from "../src/base/clock.ts";
import { type Config, readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { LIMITS } from "../src/base/limits.ts";
import { createLogger, type Logger } from "../src/base/log.ts";
import { type Rng, seededRng } from "../src/base/rng.ts";
import { DAY_US } from "../src/base/units.ts";
import { ArchiveClient } from "../src/binance/archive/archive.ts";
import { RestClient } from "../src/binance/rest/client.ts";
import type { HistoryKind } from "../src/binance/trade_run.ts";
import { type BackfillResult, backfill } from "../src/record/backfill/backfill.ts";
import type { BackfillStage } from "../src/record/backfill/job.ts";
import { lastPublishedEnd } from "../src/record/backfill/plan.ts";
import type { Database } from "../src/record/database.ts";
import { withExample } from "./flags/example.ts";
import { type Flags, numberFlag, readFlags, runScript, timeFlag } from "./flags/source.ts";
import { backfillLines } from "./lines/backfill.ts";
import { ProgressBar } from "./lines/progress/progress_bar.ts";
import { dryRunLines, hasDatabase, type RoomOptions, requireRoom } from "./store/backfill_room.ts";
import { openStore } from "./store/open_store.ts";

const USAGE = `usage: bun run backfill --symbol BTCUSDT --days 30
       bun run backfill --symbol BTCUSDT --from 2026-10-01 --to 2026-11-01 --source archive|rest

  --symbol      upper case (default the first of SYMBOLS)
  --days        from the archive: so many days up to the last one that is published
  --from --to   instead: UTC days, or times such as 2026-10-01T12:00 with --source rest; --to is not included
  --source      archive (default): files of whole days and months from ARCHIVE_URL, its gaps through REST
                rest: pages from BINANCE_REST_URL
  --kind        trades: single trades, what the features count (default)
                aggTrades: lighter; exact but for the sizes of single trades
  --dry-run     say what would be fetched and what disk it takes; nothing is loaded or created
  --bars-only   keep one-second bars of what the archive has, and no trades: a fraction of the disk, the same features
  --no-rest     with --source archive: leave gaps as they are
  --refetch     load days again that miss trades, differ from the klines, or whose file has been published again
  --again       load days once more of which only the bars are kept
  --no-check    do not compare with the exchange's klines
  --no-disk-check  begin although the disk seems too small
  --keep-files  keep the archive's files below DATA_DIR/archive once they are loaded
  --batch-rows  rows per transaction, about (default ${LIMITS.load_batch_rows_max})`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  days: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  source: { type: "string" },
  kind: { type: "string" },
  "dry-run": { type: "boolean" },
  "bars-only": { type: "boolean" },
  "no-rest": { type: "boolean" },
  refetch: { type: "boolean" },
  again: { type: "boolean" },
  "no-check": { type: "boolean" },
  "no-disk-check": { type: "boolean" },
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

const DAYS_MAX = 3_650;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help)
    return void process.stdout.write(
      `${withExample(USAGE, OPTIONS, "backfill", { symbol: "BTCUSDT", days: "30", "dry-run": true })}\n`,
    );
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const asked = askedOf(flags, config);
  const rng: Rng = seededRng(systemClock.now() & 0x7fffffff);
  const shared = { clock: systemClock, rng, log: log.child({ stage: "backfill" }) };
  const archive = new ArchiveClient({
    ...shared,
    origin: config.archive_url,
    cache_dir: join(config.data_dir, "archive"),
  });
  try {
    const wanted = { ...asked, stretch: await stretchOf(flags, asked, archive) };
    const room: RoomOptions = {
      ...{ archive, config, log, wanted, database_url: config.database_url },
      ...{ bars_only: wanted.bars_only, keep_files: flags["keep-files"] === true },
    };
    if (flags["dry-run"]) return say(await dryRunLines(room));
    const asks_room =
      wanted.source === "archive" && !["no-disk-check", "refetch", "again"].some((name) => flags[name]);
    const is_new = !hasDatabase(room);
    if (asks_room && is_new) await requireRoom(room, undefined);
    const database = await openStore({
      ...{ url: config.database_url, data_dir: config.data_dir, log },
      use: "write",
      // A service may run on the same database, another backfill may not.
      lock_dir: join(config.data_dir, "backfill"),
    });
    try {
      if (asks_room && !is_new) await requireRoom(room, database);
      const result = await run(flags, wanted, config, database, archive, shared);
      if (!result) {
        process.stderr.write("stopped; the same command goes on from here\n");
        process.exitCode = INTERRUPTED;
        return;
      }
      say(backfillLines(result));
      if (!result.is_complete) process.exitCode = INCOMPLETE;
    } finally {
      await database.close();
    }
  } finally {
    await archive.close();
  }
});

function say(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

interface Asked {
  readonly symbol: string;
  readonly source: "archive" | "rest";
  readonly kind: HistoryKind;
  readonly bars_only: boolean;
}

interface Wanted extends Asked {
  readonly stretch: { readonly symbol: string; readonly from_us: number; readonly to_us: number };
}

/** undefined: stopped by a signal, after the batch at hand. */
async function run(
  flags: Flags,
  { stretch, source, kind, bars_only }: Wanted,
  config: Config,
  database: Database,
  archive: ArchiveClient,
  shared: { readonly clock: Clock; readonly rng: Rng; readonly log: Logger },
): Promise<BackfillResult | undefined> {
  const rest = new RestClient({
    ...shared,
    origin: config.binance_rest_url,
    api_key: config.binance_api_key,
    wait_max_ms: REST_WAIT_MAX_MS,
    tries_max: REST_TRIES_MAX,
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
      ...{ bars_only, again: flags.again === true, refetch: flags.refetch === true },
      check: flags["no-check"] !== true,
      onProgress: ({ stage, done, at, rows_read }) =>
        bar.show({ title: STAGES[stage], done, at, count: rows_read, unit: "rows" }),
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return undefined;
  } finally {
    bar.clear();
    await rest.close();
  }
}

function askedOf(flags: Flags, config: Config): Asked {
  const { source = "archive", kind = "trades", symbol = config.symbols[0] } = flags;
  if (source !== "archive" && source !== "rest") {
    return fail("CONFIG_INVALID", `--source expected archive or rest, was ${String(source)}\n\n${USAGE}`);
  }
  if (kind !== "trades" && kind !== "aggTrades") {
    return fail("CONFIG_INVALID", `--kind expected trades or aggTrades, was ${String(kind)}`);
  }
  if (!/^[A-Z0-9]{3,20}$/.test(String(symbol))) {
    return fail(
      "CONFIG_INVALID",
      `--symbol expected upper case such as BTCUSDT, was ${String(symbol)}; a symbol with other letters than A to Z is not loaded`,
    );
  }
  for (const name of ["days", "bars-only", "dry-run", "refetch"]) {
    if (source === "rest" && flags[name] !== undefined) {
      fail("CONFIG_INVALID", `--${name} expected --source archive, was --source rest`);
    }
  }
  return { symbol: String(symbol), source, kind, bars_only: flags["bars-only"] === true };
}

async function stretchOf(
  flags: Flags,
  { symbol, kind }: Asked,
  archive: ArchiveClient,
): Promise<Wanted["stretch"]> {
  if (flags.days !== undefined) {
    if (flags.from !== undefined || flags.to !== undefined) {
      fail("CONFIG_INVALID", "--days expected without --from and --to");
    }
    const days = numberFlag(flags, "days", 0, 1, DAYS_MAX);
    const to_us = await lastPublishedEnd(archive, kind, symbol, systemClock.now());
    return { symbol, from_us: to_us - Math.ceil(days) * DAY_US, to_us };
  }
  const [from_us, to_us] = [dayFlag(flags, "from"), dayFlag(flags, "to")];
  if (from_us >= to_us) fail("CONFIG_INVALID", "--from expected before --to, was not");
  return { symbol, from_us, to_us };
}

function dayFlag(flags: Flags, name: "from" | "to"): number {
  return (
    timeFlag(flags, name) ??
    fail("CONFIG_INVALID", `--${name} expected a UTC day such as 2026-10-01, or --days 30; was not given`)
  );
}
