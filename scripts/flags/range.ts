/** The flags by which a stretch of the database's history is asked for, and that history, opened. */

import { systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { fail } from "../../src/base/errors.ts";
import { micros } from "../../src/base/units.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { barsOfReader, type ReadersBars } from "../../src/record/bars/bars_of_reader.ts";
import type { Database } from "../../src/record/database.ts";
import type { HistoryRange } from "../../src/train/course/data.ts";
import { withStore } from "../store/with_store.ts";
import { databaseUrl, type Flags, timeFlag } from "./source.ts";

export const RANGE_OPTIONS = {
  from: { type: "string" },
  to: { type: "string" },
  since: { type: "string" },
  symbol: { type: "string" },
  "database-url": { type: "string" },
  "known-before": { type: "string" },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

export interface RangeSettings extends HistoryRange {
  readonly database_url: string | undefined;
}

/**
 * @returns undefined where neither --since nor --from and --to are given.
 * @throws ForetickError CONFIG_INVALID.
 */
export function rangeFlags(flags: Flags, environment: Environment = process.env): RangeSettings | undefined {
  const since_us = timeFlag(flags, "since");
  if (since_us !== undefined && (flags.from !== undefined || flags.to !== undefined)) {
    return fail("CONFIG_INVALID", "--since expected without --from and --to: it reaches up to now");
  }
  const from_us = since_us ?? timeFlag(flags, "from");
  const to_us = since_us === undefined ? timeFlag(flags, "to") : systemClock.now();
  if (from_us === undefined && to_us === undefined) return undefined;
  if (from_us === undefined || to_us === undefined || from_us >= to_us) {
    return fail(
      "CONFIG_INVALID",
      "--from and --to expected together, --from the earlier, or --since a time past; were not",
    );
  }
  return { ...historyFlags(flags, environment), from_us, to_us };
}

/** All that is stored of the symbol, up to now. */
export function wholeRange(flags: Flags, environment: Environment = process.env): RangeSettings {
  return { ...historyFlags(flags, environment), from_us: micros(0), to_us: systemClock.now(), whole: true };
}

function historyFlags(flags: Flags, environment: Environment): Omit<RangeSettings, "from_us" | "to_us"> {
  const config = readConfig(environment);
  return {
    symbol: String(flags.symbol ?? config.symbols[0]),
    known_before_us: timeFlag(flags, "known-before"),
    database_url: databaseUrl(flags, config),
  };
}

/** @throws ForetickError FEATURE_SET_UNKNOWN. */
export function setFlag({ set }: Flags): FeatureSet | undefined {
  if (set === undefined) return undefined;
  const known = FEATURE_SETS.find(({ name }) => name === set);
  if (known) return known;
  const names = FEATURE_SETS.map(({ name }) => name).join(", ");
  return fail("FEATURE_SET_UNKNOWN", `--set expected one of ${names}, was ${String(set)}`);
}

/** Runs `run` on the database, whether or not a service runs there, and closes it. */
export async function withHistory<T>(
  url: string | undefined,
  run: (database: Database, bars: ReadersBars) => Promise<T>,
): Promise<T> {
  return withStore({ config: readConfig(process.env), url }, async (database, log) => {
    const bars = await barsOfReader({ database, clock: systemClock, log });
    try {
      return await run(database, bars);
    } finally {
      await bars.close();
    }
  });
}
