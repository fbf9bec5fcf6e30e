/** The flags by which a stretch of the database's history is asked for, and that history, opened. */

import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import type { Micros } from "../src/base/units.ts";
import type { FeatureSet } from "../src/features/set.ts";
import { FEATURE_SETS } from "../src/features/sets.ts";
import { v1 } from "../src/features/v1.ts";
import type { Database } from "../src/record/database.ts";
import { Refresher } from "../src/record/refresher.ts";
import { openStore } from "./open_store.ts";
import { type Flags, timeFlag } from "./source_flags.ts";

export const RANGE_OPTIONS = {
  from: { type: "string" },
  to: { type: "string" },
  symbol: { type: "string" },
  "database-url": { type: "string" },
  "known-before": { type: "string" },
} as const;

export interface RangeSettings {
  readonly symbol: string;
  /** from_us ≤ ts < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
  readonly known_before_us: Micros | undefined;
  readonly database_url: string | undefined;
}

/**
 * @returns undefined where neither --from nor --to is given.
 * @throws ForetickError CONFIG_INVALID.
 */
export function rangeFlags(flags: Flags): RangeSettings | undefined {
  const [from_us, to_us] = [timeFlag(flags, "from"), timeFlag(flags, "to")];
  if (from_us === undefined && to_us === undefined) return undefined;
  if (from_us === undefined || to_us === undefined || from_us >= to_us) {
    return fail("CONFIG_INVALID", "--from and --to expected together, --from the earlier; were not");
  }
  const config = readConfig(process.env);
  return {
    symbol: String(flags.symbol ?? config.symbols[0]),
    from_us,
    to_us,
    known_before_us: timeFlag(flags, "known-before"),
    database_url: (flags["database-url"] as string | undefined) ?? config.database_url,
  };
}

/** v1 where none is asked for. @throws ForetickError FEATURE_SET_UNKNOWN. */
export function setFlag({ set = v1.name }: Flags): FeatureSet {
  const known = FEATURE_SETS.find(({ name }) => name === set);
  if (known) return known;
  const names = FEATURE_SETS.map(({ name }) => name).join(", ");
  return fail("FEATURE_SET_UNKNOWN", `--set expected one of ${names}, was ${String(set)}`);
}

/** Runs `run` on the database, whether or not a service runs there, and closes it. */
export async function withHistory<T>(
  url: string | undefined,
  run: (database: Database, bars: Refresher) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env);
  const log = createLogger({ level: "warn", format: config.log_format });
  const database = await openStore({ url, data_dir: config.data_dir, log });
  const bars = new Refresher({ database, clock: systemClock, log });
  try {
    return await run(database, bars);
  } finally {
    await bars.close();
    await database.close();
  }
}
