/**
 * Makes a tape of recordings or of the simulator:
 *
 *     bun run tape --from <recording.gz…> --to <file.tape>
 *     bun run tape --simulate --seed 7 --seconds 3600 --r2 0.02 --to <file.tape>
 */

import { statSync } from "node:fs";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { US_PER_SEC } from "../src/base/units.ts";
import type { MarketSource } from "../src/binance/capture/market_source.ts";
import { writeTape } from "../src/binance/capture/tape_write.ts";
import { writeOracle } from "../src/sim/market/oracle.ts";
import type { SimulatedSource } from "../src/sim/market/simulator.ts";
import { withExample } from "./flags/example.ts";
import { type Flags, numberFlag, readFlags, runScript, sourceOf } from "./flags/source.ts";

const USAGE = `usage: bun run tape --from <recording.gz…> --to <file.tape>
       bun run tape --simulate [--seed 7] [--seconds 3600] [--r2 0.02] [--symbol BTCUSDT]
                    [--start 2026-01-01T00:00:00Z] [--signal linear|flow|interaction] [--no-depth]
                    [--oracle <file.csv>] --to <file.tape>
  --no-depth  trades and quotes alone: three times as fast, enough for training
  --oracle    the planted conditional mean of every second, to measure a model by`;

const OPTIONS = {
  from: { type: "string", multiple: true },
  to: { type: "string" },
  simulate: { type: "boolean" },
  seed: { type: "string" },
  seconds: { type: "string" },
  r2: { type: "string" },
  symbol: { type: "string" },
  start: { type: "string" },
  signal: { type: "string" },
  "no-depth": { type: "boolean" },
  oracle: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const PROGRESS_EVERY_US = 500_000;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    process.stdout.write(
      `${withExample(USAGE, OPTIONS, "tape", { simulate: true, seconds: "3600", to: "hour.tape" })}\n`,
    );
    return;
  }
  if (flags.to === undefined)
    fail("CONFIG_INVALID", `--to expected the tape's file, was not given\n\n${USAGE}`);
  const path = String(flags.to);
  // A shell expands `--from *.gz` to one flag and several bare words: they are recordings too.
  const recordings = [...((flags.from as readonly string[] | undefined) ?? []), ...rest];
  const started_us = systemClock.monotonicUs();
  const source = await sourceOf(flags, recordings, startUs(flags));
  const seconds = flags.simulate ? numberFlag(flags, "seconds", 3_600, 1, 31_536_000) : undefined;
  let shown_us = started_us;
  const header = await writeTape(path, source, {
    ...(seconds === undefined ? {} : { seconds }),
    on_progress: ({ frames, at_us }) => {
      if (!process.stderr.isTTY || systemClock.monotonicUs() - shown_us < PROGRESS_EVERY_US) return;
      shown_us = systemClock.monotonicUs();
      process.stderr.write(`\r${frames} frames, market time ${iso(at_us)} `);
    },
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const { frames, trades, quotes, depth_diffs } = header.counts;
  const took_s = (systemClock.monotonicUs() - started_us) / US_PER_SEC;
  const span_s = (header.end_us - header.start_us) / US_PER_SEC;
  process.stdout.write(
    `${path}: ${header.symbol} from ${iso(header.start_us)}, ${span_s.toFixed(1)} s, ${frames} frames ` +
      `(${trades} trades, ${quotes} quotes, ${depth_diffs} depth diffs), ` +
      `${(statSync(path).size / 1e6).toFixed(1)} MB in ${took_s.toFixed(1)} s\n`,
  );
  if (flags.oracle !== undefined) await writeOracleOf(source, String(flags.oracle), header.end_us);
});

async function writeOracleOf(source: MarketSource, path: string, end_us: number): Promise<void> {
  if (!("oracle" in source)) fail("CONFIG_INVALID", "--oracle goes with --simulate: a recording has none");
  const { oracle } = source as SimulatedSource;
  const from_sec = Math.ceil(source.start_us / US_PER_SEC);
  await writeOracle(path, oracle, from_sec, Math.floor(end_us / US_PER_SEC));
  process.stdout.write(`${path}: the true mean of every second's next ten\n`);
}

function startUs(flags: Flags): number {
  if (flags.start === undefined) return systemClock.now();
  const time_ms = Date.parse(String(flags.start));
  if (Number.isFinite(time_ms)) return time_ms * 1_000;
  return fail(
    "CONFIG_INVALID",
    `--start expected a time such as 2026-01-01T00:00:00Z, was ${String(flags.start)}`,
  );
}

function iso(time_us: number): string {
  return `${new Date(time_us / 1_000).toISOString().slice(0, 19)}Z`;
}
