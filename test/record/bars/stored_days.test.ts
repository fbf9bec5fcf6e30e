/** What is stored of a day is counted from bars: by hour, with breaks, on every server, no row of another day or symbol. */

import { beforeAll, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { DAY_US, micros, US_PER_SEC } from "../../../src/base/units.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { readStoredDays } from "../../../src/record/bars/stored_days.ts";
import type { Database } from "../../../src/record/database.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { disconnectAt, quoteAt, START_US, SYMBOL, tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";

const HOUR_US = 3_600 * US_PER_SEC;
const DAY = Math.ceil(START_US / DAY_US) * DAY_US;

onEveryServer("what is stored of a day", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
    const writer = new Writer({ database, clock, log });
    let id = 0;
    /** Three trades and two quotes in each of `seconds` seconds. */
    const market = (from_us: number, seconds: number, symbol = SYMBOL): void => {
      for (let i = 0; i < 3 * seconds; i++) {
        const ts_us = micros(from_us + Math.floor(i / 3) * US_PER_SEC + (i % 3) * 1_000);
        writer.trade({ ...tradeAt(id), symbol, ts_us }, false);
        if (i % 3 < 2) writer.quote({ ...quoteAt(id), symbol, ts_us }, false);
        id++;
      }
    };
    market(DAY - 2 * US_PER_SEC, 2);
    market(DAY, 60);
    market(DAY + 23 * HOUR_US, 30);
    market(DAY + DAY_US, 5);
    market(DAY + HOUR_US, 10, "ETHUSDT");
    writer.disconnect({ ...disconnectAt(1), ts_us: micros(DAY + 60 * US_PER_SEC) });
    writer.disconnect({ ...disconnectAt(2), ts_us: micros(DAY + 90 * US_PER_SEC) }, micros(DAY + HOUR_US));
    await writer.flush();
    const bars = new Refresher({ database, clock, log });
    await bars.again({ from_us: DAY - HOUR_US, to_us: DAY + 2 * DAY_US });
    await bars.close();
    await writer.close();
  });

  it("is counted by hour, newest day first", async () => {
    const days = await readStoredDays(database.sql, { symbol: SYMBOL, before_us: DAY + DAY_US, days: 3 });
    const none = { breaks: 0, breaks_open: 0, raw_dropped: false, from_archive: false };
    const hour = (at: number, seconds: number) => ({
      ...{ hour: at, trades: 3 * seconds, trade_seconds: seconds },
      ...{ quotes: 2 * seconds, quote_seconds: seconds },
    });
    expect(days).toEqual([
      { ...none, day_us: DAY, hours: [hour(0, 60), hour(23, 30)], breaks: 2, breaks_open: 1 },
      { ...none, day_us: DAY - DAY_US, hours: [hour(23, 2)] },
      { ...none, day_us: DAY - 2 * DAY_US, hours: [] },
    ]);
  });

  it("says where retention has left bars alone, and what a whole day of the archive gave", async () => {
    const { sql } = database;
    await sql`insert into raw_drops (symbol, source, from_ts, to_ts)
      values (${SYMBOL}, 'quotes', at_us(${String(DAY - HOUR_US)}), at_us(${String(DAY - HOUR_US / 2)}))`;
    await sql`insert into archive_days (symbol, day, kind, file, sha256, n, refused)
      values (${SYMBOL}, (at_us(${String(DAY)}) at time zone 'UTC')::date, 'trades', 'x.zip', 'x', 9, 0)`;
    const days = await readStoredDays(sql, { symbol: SYMBOL, before_us: DAY + DAY_US, days: 2 });
    expect(days.map(({ raw_dropped, from_archive }) => [raw_dropped, from_archive])).toEqual([
      [false, true],
      [true, false],
    ]);
  });
});
