/**
 * `bun run archive --from 2026-10-01 --to 2026-11-01`: days of the database into the lake, as Parquet in hive
 * partitions, with a manifest for each. It may be stopped anywhere and run again: what is there is passed over.
 */

import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { archive, storedRange } from "../src/record/lake/archive.ts";
import type { ArchivedDay } from "../src/record/lake/archive_day.ts";
import { lakeStoreOf, lakeTablesOf } from "../src/record/lake/lake_of_config.ts";
import { withExample } from "./flags/example.ts";
import { RANGE_OPTIONS, rangeFlags, withHistory } from "./flags/range.ts";
import { databaseUrl, readFlags, runScript } from "./flags/source.ts";

const { "known-before": _, ...SPAN_OPTIONS } = RANGE_OPTIONS;
const USAGE = `usage: bun run archive [--from 2026-10-01 --to 2026-11-01] [--layers bronze,silver,gold]

  --from --to     UTC days or times, days that overlap them whole; --to is not included (default all that is stored)
  --since         instead of them: from that UTC day or time to now
  --symbol        default the first of SYMBOLS
  --layers        bronze: trades, quotes; silver: bars, quote_bars; gold: features with labels, predictions with
                  outcomes (default LAKE_LAYERS)
  --sets          feature sets of gold (default LAKE_SETS: v1,trades)
  --to-dir        folder of the lake (default LAKE_DIR, else lake in DATA_DIR)
  --s3            instead of a folder: the store of S3_ENDPOINT and S3_BUCKET, below lake/
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR

A day is written once it is over and whole, and again where its rows have changed since. docs/lake.md`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  ...SPAN_OPTIONS,
  layers: { type: "string" },
  sets: { type: "string" },
  "to-dir": { type: "string" },
  s3: { type: "boolean" },
} as const;

const listOf = (text: unknown): string[] => String(text).split(",");

function describe({ table, day, result, reason, rows, bytes }: ArchivedDay): string {
  const name = `${day.date} ${table.layer}/${table.name}`;
  if (result === "not_yet") return `not yet ${name}: ${reason}`;
  return `${result === "written" ? "wrote  " : "there  "} ${name}: ${rows.toLocaleString("en")} rows, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help)
    return console.log(
      withExample(USAGE, OPTIONS, "archive", {
        from: "2026-10-01",
        to: "2026-11-01",
        layers: "bronze,silver",
      }),
    );
  const config = readConfig(process.env);
  const asked = rangeFlags(flags);
  const lake = {
    ...config,
    lake: flags.s3 ? ("s3" as const) : ("folder" as const),
    ...(flags["to-dir"] === undefined ? {} : { lake_dir: String(flags["to-dir"]) }),
    ...(flags.layers === undefined ? {} : { lake_layers: listOf(flags.layers) }),
    ...(flags.sets === undefined ? {} : { lake_sets: listOf(flags.sets) }),
  };
  const tables = lakeTablesOf(lake);
  const store = lakeStoreOf(lake, systemClock)!;
  const symbol = String(flags.symbol ?? config.symbols[0]);
  const database_url = databaseUrl(flags, config);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped; run it again to go on")));
  await withHistory(database_url, async (database, bars) => {
    const range = asked ?? (await storedRange(database, symbol));
    if (!range) return console.log(`nothing of ${symbol} is stored`);
    console.log(`lake    ${store.description}`);
    const draft_dir = join(config.data_dir, "lake-drafts");
    const tools = { sql: database.sql, store, bars, draft_dir, clock: systemClock, signal: stop.signal };
    const counts = { written: 0, there: 0, not_yet: 0 };
    for await (const done of archive(range, tables, tools)) {
      counts[done.result]++;
      console.log(describe(done));
    }
    const { written, there, not_yet } = counts;
    console.log(`${written} written, ${there} there already, ${not_yet} not yet`);
  });
});
