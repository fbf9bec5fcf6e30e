/**
 * `bun run replay <folder|tape>`: feeds what a service has captured (CAPTURE=1) to a fresh lane and predictor, and compares
 * every vector and every forecast with those of the run, bit for bit.
 *
 * Exit code 0: equal. 1: something differs, could not be compared to its end, or could not be read.
 */

import { join } from "node:path";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import { US_PER_SEC } from "../src/base/units.ts";
import { CAPTURED_MODELS } from "../src/record/capture/capture_folder.ts";
import { captureDir } from "../src/system/capture/capture.ts";
import type { Stored } from "../src/system/replay/comparison.ts";
import { type ReplayOptions, replayRun } from "../src/system/replay/replay.ts";
import { StoredRows } from "../src/system/replay/stored_rows.ts";
import { type TapeRun, tapeRuns } from "../src/system/replay/tape_runs.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, readFlags, runScript, textFlags, timeFlag } from "./flags/source.ts";
import { replayLines } from "./lines/replay.ts";
import { withStore } from "./store/with_store.ts";

const USAGE = `usage: bun run replay <folder|tape> [--from 2026-11-20T12:00] [--to …] [--model <bundle>]
                      [--against captured|stored] [--database-url postgres://…]

  --from, --to    seconds before and after these are replayed, not compared
  --model         folder of a bundle, in place of the champion: features are compared, its forecasts measured
  --against       what the replay is held against: the capture's own outputs (default), or the rows in the database
  --database-url  with "stored": default DATABASE_URL, else the embedded database of DATA_DIR`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  from: { type: "string" },
  to: { type: "string" },
  model: { type: "string" },
  against: { type: "string" },
  "database-url": { type: "string" },
} as const;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help)
    return console.log(withExample(USAGE, OPTIONS, "replay .data/capture", { against: "captured" }));
  const { against = "captured", model } = textFlags(flags, ["against", "model"]);
  if (rest.length !== 1 || !["captured", "stored"].includes(against)) {
    fail(
      "CONFIG_INVALID",
      `replay expected one folder or tape, and --against captured or stored\n\n${USAGE}`,
    );
  }
  const path = rest[0]!;
  const config = readConfig(process.env);
  const log = createLogger({ level: "warn", format: config.log_format });
  const seconds = (name: string): number | undefined => {
    const time_us = timeFlag(flags, name);
    return time_us === undefined ? undefined : Math.floor(time_us / US_PER_SEC);
  };
  const options: ReplayOptions = {
    ...{ from_sec: seconds("from"), to_sec: seconds("to"), model, log, seal: config.bundle_key },
    model_dirs: [
      ...[path, join(path, ".."), join(path, "../.."), captureDir(config)].map((dir) =>
        join(dir, CAPTURED_MODELS),
      ),
      config.model_dir,
    ],
  };
  const replayAll = async (storedOf?: (symbol: string) => Stored): Promise<void> => {
    const runs = tapeRuns(path);
    for (const run of runs) await replayOne(run, { ...options, stored: storedOf?.(run.header.symbol) });
  };
  if (against === "captured") return replayAll();
  const url = databaseUrl(flags, config);
  await withStore({ config, url }, (database) => replayAll((symbol) => new StoredRows(symbol, database)));
});

async function replayOne(run: TapeRun, options: ReplayOptions): Promise<void> {
  const onProgress = async ({ bytes, ts_sec }: { bytes: number; ts_sec: number }): Promise<void> => {
    if (!process.stderr.isTTY) return;
    const share = Math.floor((100 * bytes) / run.bytes);
    process.stderr.write(
      `\r${run.header.symbol} ${new Date(ts_sec * 1_000).toISOString().slice(0, 19)}Z ${share} % `,
    );
  };
  const comparison = await replayRun(run, { ...options, onProgress });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  for (const line of replayLines(run, comparison)) process.stdout.write(`${line}\n`);
  if (comparison.difference || comparison.gap) process.exitCode = 1;
}
