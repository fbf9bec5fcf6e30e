import { afterEach, beforeEach } from "vitest";
import { type Clock, ManualClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { TAPE_START_US } from "../raw_tape.ts";
import type { ServerUnderTest } from "../server/servers.ts";
import { differences, naiveBars, type RawTape, storedBars } from "./naive_bars.ts";

export const SEC_US = 1_000_000;
export const HOUR_US = 3_600 * SEC_US;
export const EVERYTHING = { from_us: 0, to_us: TAPE_START_US + 365 * 24 * HOUR_US };

export interface BarsWorld {
  readonly database: Database;
  refresherOn(clock?: Clock): Refresher;
  /** Is closed after the test. */
  closing(refresher: Refresher): Refresher;
  differing(tape: RawTape): Promise<string[]>;
}

/** A database and refreshers for each test. */
export function barsWorld(server: ServerUnderTest): BarsWorld {
  let database: Database;
  const refreshers: Refresher[] = [];

  beforeEach(async () => {
    database = await server.openDatabase();
  });

  afterEach(async () => {
    for (const refresher of refreshers.splice(0)) await refresher.close();
    await database.close();
  });

  const closing = (refresher: Refresher): Refresher => {
    refreshers.push(refresher);
    return refresher;
  };
  return {
    get database() {
      return database;
    },
    closing,
    refresherOn: (clock = new ManualClock(TAPE_START_US)) => closing(new Refresher({ database, clock, log })),
    differing: async (tape) => differences(await storedBars(database.sql), naiveBars(tape)).slice(0, 5),
  };
}
