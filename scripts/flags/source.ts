/** The flags that say where a script's market comes from, and the market opened from them. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { inSchema } from "../../src/base/config/in_schema.ts";
import type { Config } from "../../src/base/config.ts";
import { describeError, fail } from "../../src/base/errors.ts";
import { keepLoopbackFromProxy } from "../../src/base/http.ts";
import { type Micros, micros } from "../../src/base/units.ts";
import type { MarketSource } from "../../src/binance/capture/market_source.ts";
import { readTape } from "../../src/binance/capture/tape_read.ts";
import { SIGNALS, type SignalKind } from "../../src/sim/market/planted_signal.ts";
import type { SimulatorOptions } from "../../src/sim/market/settings.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { recordingSource } from "../../src/sim/recording/recording.ts";

export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** @throws ForetickError CONFIG_INVALID with a sentence and the usage where a flag is not known or lacks its value. */
export function readFlags(
  options: NonNullable<ParseArgsConfig["options"]>,
  usage: string,
  args: readonly string[] = process.argv.slice(2),
): { readonly flags: Flags; readonly rest: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { flags: values as Flags, rest: positionals };
  } catch (error) {
    // Node adds advice on positional arguments that does not apply here.
    const sentence = (error as Error).message.split(". To specify")[0];
    return fail("CONFIG_INVALID", `${sentence}\n\n${usage}`);
  }
}

/** @throws ForetickError CONFIG_INVALID where the text is no number in the range. */
export function numberFlag(flags: Flags, name: string, otherwise: number, min: number, max: number): number {
  const text = flags[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text !== "" && value >= min && value <= max) return value;
  return fail("CONFIG_INVALID", `--${name} expected a number from ${min} to ${max}, was ${String(text)}`);
}

/** Those of the flags that are given, as they are. */
export const textFlags = <Name extends string>(
  flags: Flags,
  names: readonly Name[],
): { [Key in Name]?: string } =>
  Object.fromEntries(
    names.flatMap((name) => (typeof flags[name] === "string" ? [[name, flags[name]]] : [])),
  ) as { [Key in Name]?: string };

/** `--database-url`, else DATABASE_URL; undefined: the embedded database of DATA_DIR. */
export function databaseUrl(
  flags: Flags,
  { database_url, database_schema }: Partial<Pick<Config, "database_url" | "database_schema">>,
): string | undefined {
  const url = textFlags(flags, ["database-url"])["database-url"];
  return url === undefined ? database_url : inSchema(url, database_schema);
}

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** "90s", "10m", "1.5h" or "3d" in seconds; NaN where it is nothing of the kind. */
export function lengthSeconds(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  return parts ? Number(parts[1]) * UNIT_S[parts[2]!]! : Number.NaN;
}

/** A UTC day or time; undefined where the flag is not given. */
export function timeFlag(flags: Flags, name: string): Micros | undefined {
  if (flags[name] === undefined) return undefined;
  const text = String(flags[name]);
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?Z?)?$/.exec(text);
  const time_ms = Date.parse(`${parts?.[1]}T${parts?.[2] ?? "00:00"}:${parts?.[3] ?? "00"}Z`);
  if (parts && !Number.isNaN(time_ms)) return micros(time_ms * 1_000);
  return fail("CONFIG_INVALID", `--${name} expected like 2026-11-20 or 2026-11-20T12:00, was ${text}`);
}

/** Exactly one of `--tape`, `--recording`, `--simulate`; the simulator starts at `start_us`. */
export async function sourceOf(
  flags: Flags,
  recordings: readonly string[],
  start_us: number,
): Promise<MarketSource> {
  const chosen = [flags.tape !== undefined, recordings.length > 0, flags.simulate === true];
  if (chosen.filter(Boolean).length !== 1) {
    fail("CONFIG_INVALID", "expected exactly one market: a tape, recordings, or --simulate");
  }
  if (recordings.length > 0) return recordingSource(recordings);
  if (flags.tape !== undefined) return readTape(String(flags.tape));
  return simulatedSource({ ...simulatorFlags(flags), depth: flags["no-depth"] !== true, start_us });
}

/** The market that `--simulate` asks for. */
export function simulatorFlags(flags: Flags): Omit<SimulatorOptions, "start_us"> {
  return {
    symbol: String(flags.symbol ?? "BTCUSDT"),
    seed: numberFlag(flags, "seed", 7, -(2 ** 31), 2 ** 31 - 1),
    r2: numberFlag(flags, "r2", 0.02, 0, 1),
    signal: signalFlag(flags),
    trades_per_s: numberFlag(flags, "trades-per-s", 30, 0.1, 1_000),
  };
}

function signalFlag({ signal = "linear" }: Flags): SignalKind {
  const known = SIGNALS.find((name) => name === signal);
  return known ?? fail("CONFIG_INVALID", `--signal expected ${SIGNALS.join(", ")}, was ${String(signal)}`);
}

/** Runs a script; what goes wrong is one sentence and exit code 1, without a stack. */
export async function runScript(run: () => Promise<void>): Promise<void> {
  keepLoopbackFromProxy();
  try {
    await run();
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 1;
  }
}
