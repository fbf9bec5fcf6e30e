/** Live markets whose stored vectors are compared with SQL's, and may be tampered with. */

import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros, startOf } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import type { ParityReport } from "../../../src/record/parity/report.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { textFromMicros } from "../../../src/record/sql/time_text.ts";
import { FIRST_SEC, LiveMarket } from "../live_market.ts";
import type { ServerUnderTest } from "../server/servers.ts";

export const at = (sec: number): string => textFromMicros(startOf(sec));

/** One database for the file, with the functions of every set; its markets are closed at the end. */
export function parityWorld(server: ServerUnderTest) {
  let database: Database;
  let bars: Refresher;
  const open: LiveMarket[] = [];

  beforeAll(async () => {
    database = await server.openDatabase();
    await installFeatureFunctions(database.sql, FEATURE_SETS, silentLogger);
    bars = new Refresher({ database, clock: systemClock, log: silentLogger });
  });
  afterAll(async () => {
    for (const market of open) await market.close();
    await bars?.close();
  });

  /** A market of its own symbol, so that tests share a database and nothing in it. */
  function market(seed: number, seconds: number, sets: readonly FeatureSet[] = [v1]): LiveMarket {
    const made = new LiveMarket(database, { symbol: `S${seed}USDT`, seconds, seed, sets });
    open.push(made);
    return made;
  }

  async function compared(
    live: LiveMarket,
    { set = v1, from = FIRST_SEC, to = 0 }: { set?: FeatureSet; from?: number; to?: number } = {},
  ): Promise<ParityReport> {
    await live.writer.flush();
    const to_us = to > 0 ? startOf(to) : micros((await lastVector(live, set)) + 1);
    const span = { symbol: live.symbol, set, from_us: startOf(from), to_us };
    return compareSpan({ sql: database.sql, bars, span, monotonicUs: systemClock.monotonicUs });
  }

  async function lastVector(live: LiveMarket, set: FeatureSet): Promise<number> {
    const [row] = await database.sql<{ last: string }[]>`
      select us_of(max(ts)) as last
      from features_live
      where symbol = ${live.symbol} and feature_set = ${set.name}`;
    return Number(row!.last);
  }

  async function firstVector(live: LiveMarket): Promise<number> {
    await live.writer.flush();
    const [row] = await database.sql<{ first: string }[]>`
      select us_of(min(ts)) as first from features_live where symbol = ${live.symbol}`;
    return Number(row!.first) / 1e6;
  }

  /** Writes `text`, a float8 or NULL, over a stored value. */
  async function tamper(live: LiveMarket, sec: number, feature: string, text: string): Promise<void> {
    const column = v1.names.indexOf(feature) + 1;
    await database.sql.unsafe(
      `update features_live set values[${column}] = ${text}::float8 where symbol = $1 and ts = $2 and feature_set = 'v1'`,
      [live.symbol, at(sec)],
    );
  }

  async function valueAt(live: LiveMarket, sec: number, feature: string): Promise<number> {
    const column = v1.names.indexOf(feature) + 1;
    const [row] = await database.sql.unsafe<{ value: number }[]>(
      `select values[${column}] as value from features_live where symbol = $1 and ts = $2 and feature_set = 'v1'`,
      [live.symbol, at(sec)],
    );
    return row!.value;
  }

  return {
    get database() {
      return database;
    },
    get bars() {
      return bars;
    },
    ...{ market, compared, lastVector, firstVector, tamper, valueAt },
  };
}
