import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { HOLD_LOADING } from "../../../src/record/retention/loading.ts";
import { Maintenance } from "../../../src/record/retention/maintenance.ts";
import { type AllBars, differences, naiveBars, type RawTape, storedBars } from "../bars/naive_bars.ts";
import { joinTapes, rawTape, storeTape, TAPE_START_US } from "../raw_tape.ts";
import { onEveryServer } from "../server/servers.ts";

const SEC_US = 1_000_000;
const HOUR_US = 3_600 * SEC_US;
const DAY_US = 24 * HOUR_US;
const EVERYTHING = { from_us: 0, to_us: TAPE_START_US + 365 * DAY_US };

onEveryServer("maintenance", (server) => {
  let database: Database;
  let refresher: Refresher;
  let clock: ManualClock;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    database = await server.openDatabase();
    clock = new ManualClock(TAPE_START_US + 30 * DAY_US);
    refresher = new Refresher({ database, clock, log });
    closers.push(() => refresher.close());
  });

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await database.close();
  });

  function maintenanceWith(days: { raw_retention_days?: number; compress_after_days?: number }): Maintenance {
    const { raw_retention_days = 0, compress_after_days = 10_000 } = days;
    // Pauses between batches are the system's: this clock is not moved.
    const moving = {
      ...clock,
      now: () => clock.now(),
      monotonicUs: () => clock.monotonicUs(),
      after: immediately,
    };
    const maintenance = new Maintenance({
      ...{ database, refresher, clock: moving, log, raw_retention_days, compress_after_days },
    });
    closers.push(() => maintenance.close());
    return maintenance;
  }

  /** `days` days, of a few minutes each. */
  function tapeOfDays(days: number, seed: number): RawTape {
    const day = (i: number): RawTape =>
      rawTape(seededRng(seed + i), {
        from_us: TAPE_START_US + i * DAY_US + 5 * HOUR_US,
        seconds: 2 * 3_600,
        trades: 300,
        quotes: 300,
        first_id: 1 + (seed + i) * 10_000,
      });
    return joinTapes(...Array.from({ length: days }, (_, i) => day(i)));
  }

  async function rawCount(): Promise<number> {
    const [row] = await database.sql`
      select (select count(*) from trades) + (select count(*) from quotes) as n`;
    return Number(row!.n);
  }

  async function oldestRaw(): Promise<number> {
    const [row] = await database.sql`
      select us_of(least((select min(ts) from trades), (select min(ts) from quotes))) as us`;
    return Number(row!.us);
  }

  const expectBars = async (expected: AllBars): Promise<void> =>
    expect(differences(await storedBars(database.sql), expected).slice(0, 5)).toEqual([]);

  it("deletes raw rows past their retention, and no bar, whatever is refreshed afterwards", async () => {
    const tape = tapeOfDays(6, 100);
    await storeTape(database.sql, tape);
    const maintenance = maintenanceWith({ raw_retention_days: 2 });
    await maintenance.run();
    expect(maintenance.stats).toMatchObject({ failures: 0, last_error: undefined });
    expect(maintenance.stats.stretches_dropped).toBeGreaterThan(0);
    const newest_us = Math.max(...[...tape.trades, ...tape.quotes].map(({ ts_us }) => ts_us));
    expect(await oldestRaw()).toBeGreaterThanOrEqual(newest_us - 2 * DAY_US - 6 * HOUR_US);
    expect(await rawCount()).toBeLessThan(tape.trades.length + tape.quotes.length);
    expect(await rawCount()).toBeGreaterThan(0);
    // Nothing had been refreshed before: retention saw to it that the bars were there first.
    await refresher.through({ from_us: await oldestRaw(), to_us: newest_us + SEC_US });
    await expectBars(naiveBars(tape));

    await refresher.through(EVERYTHING);
    for (let hour = 0; hour < 48; hour++) {
      const from_us = TAPE_START_US + hour * HOUR_US;
      await refresher.through({ from_us, to_us: from_us + HOUR_US });
    }
    for (let i = 0; i < 70; i++) {
      clock.advance(5_000);
      await refresher.pass();
    }
    expect(refresher.stats).toMatchObject({ failures: 0 });
    await expectBars(naiveBars(tape));
  });

  it("keeps the bars of deleted rows as they are when single rows of that time come again", async () => {
    const tape = tapeOfDays(4, 200);
    await storeTape(database.sql, tape);
    await maintenanceWith({ raw_retention_days: 1 }).run();
    const kept = await rawCount();
    const again = { trades: tape.trades.slice(0, 20), quotes: tape.quotes.slice(0, 20) };
    await storeTape(database.sql, again);
    await refresher.through(EVERYTHING);
    await expectBars(naiveBars(tape));
    expect(await rawCount()).toBe(kept + 40);
    await maintenanceWith({ raw_retention_days: 1 }).run();
    await refresher.through(EVERYTHING);
    expect(await rawCount()).toBe(kept);
    await expectBars(naiveBars(tape));
    if (database.capability !== "timescale") {
      expect(await database.sql`select from dirty_ranges`).toHaveLength(0);
    }
  });

  it("lets history older than anything dropped become bars", async () => {
    const tape = tapeOfDays(4, 300);
    await storeTape(database.sql, tape);
    await maintenanceWith({ raw_retention_days: 1 }).run();
    const history = rawTape(seededRng(399), {
      from_us: TAPE_START_US - 3 * DAY_US,
      ...{ seconds: 600, trades: 300, quotes: 300, first_id: 9_000_000 },
    });
    await storeTape(database.sql, history);
    await maintenanceWith({ raw_retention_days: 1 }).run();
    expect(await oldestRaw()).toBeGreaterThan(TAPE_START_US);
    await refresher.through(EVERYTHING);
    await expectBars(naiveBars(joinTapes(tape, history)));
  });

  it("deletes nothing where retention is off, or where the recording is old but no older than itself", async () => {
    const tape = tapeOfDays(2, 400);
    await storeTape(database.sql, tape);
    await maintenanceWith({ raw_retention_days: 0 }).run();
    clock.advance(3_650 * 24 * 3_600_000);
    await maintenanceWith({ raw_retention_days: 2 }).run();
    expect(await rawCount()).toBe(tape.trades.length + tape.quotes.length);
  });

  it("deletes no row whose bars could not be refreshed first", async () => {
    const tape = tapeOfDays(4, 500);
    await storeTape(database.sql, tape);
    await database.sql`alter table raw_drops rename to raw_drops_gone`;
    const maintenance = maintenanceWith({ raw_retention_days: 1 });
    await maintenance.run();
    expect(maintenance.stats).toMatchObject({ failures: 1, last_error: { code: "STORE_QUERY" } });
    expect(await rawCount()).toBe(tape.trades.length + tape.quotes.length);
    await database.sql`alter table raw_drops_gone rename to raw_drops`;
    await maintenance.run();
    expect(maintenance.stats).toMatchObject({ failures: 1, last_error: undefined });
    expect(await rawCount()).toBeLessThan(tape.trades.length + tape.quotes.length);
  });

  async function expectConverted(chunks: number): Promise<void> {
    const rows = await database.sql<{ relation: string; converted: string; total: string }[]>`
      select coalesce(a.view_name, c.hypertable_name) as relation,
        count(*) filter (where is_compressed) as converted,
        count(*) as total
      from timescaledb_information.chunks as c
      left join timescaledb_information.continuous_aggregates as a
        on a.materialization_hypertable_name = c.hypertable_name
      group by 1
      order by 1`;
    const converted = Object.fromEntries(rows.map((row) => [row.relation, Number(row.converted)]));
    for (const name of ["trades", "quotes", "trade_bars_1s", "quote_bars_1s"])
      expect(converted[name]).toBeGreaterThan(0);
    expect(rows.reduce((sum, row) => sum + Number(row.converted), 0)).toBe(chunks);
    expect(Number(rows.find(({ relation }) => relation === "trades")!.total)).toBeGreaterThan(
      converted.trades!,
    );
  }

  it("converts old chunks where there are columns, and bars over them still take in what comes afterwards", async () => {
    const tape = tapeOfDays(9, 600);
    await storeTape(database.sql, tape);
    await refresher.through(EVERYTHING);
    const maintenance = maintenanceWith({ compress_after_days: 1 });
    await maintenance.run();
    expect(maintenance.stats).toMatchObject({ failures: 0, last_error: undefined });
    if (database.capability === "timescale") await expectConverted(maintenance.stats.chunks_converted);
    else expect(maintenance.stats.chunks_converted).toBe(0);
    await expectBars(naiveBars(tape));

    const backfilled = tapeOfDays(5, 700);
    await storeTape(database.sql, backfilled);
    await refresher.through(EVERYTHING);
    await expectBars(naiveBars(joinTapes(tape, backfilled)));

    await maintenanceWith({ raw_retention_days: 3, compress_after_days: 1 }).run();
    await refresher.through(EVERYTHING);
    await expectBars(naiveBars(joinTapes(tape, backfilled)));
    expect(await rawCount()).toBeLessThan(3_000);
  });

  it("deletes nothing while history is being loaded, and does once it is", async () => {
    const tape = tapeOfDays(4, 900);
    await storeTape(database.sql, tape);
    const loader = database.connect({ connections: 1 });
    await loader.unsafe(HOLD_LOADING);
    const maintenance = maintenanceWith({ raw_retention_days: 1 });
    await maintenance.run();
    expect(maintenance.stats).toMatchObject({ failures: 0, stretches_dropped: 0 });
    expect(await rawCount()).toBe(tape.trades.length + tape.quotes.length);
    // A loader that is killed holds nothing.
    await loader.end({ timeout: 1 });
    await maintenance.run();
    expect(maintenance.stats.stretches_dropped).toBeGreaterThan(0);
    expect(await rawCount()).toBeLessThan(tape.trades.length + tape.quotes.length);
  });

  it("is done by one process at a time", async () => {
    await storeTape(database.sql, tapeOfDays(4, 800));
    const both = [maintenanceWith({ raw_retention_days: 1 }), maintenanceWith({ raw_retention_days: 1 })];
    await Promise.all(both.map((maintenance) => maintenance.run()));
    const dropped = both.map(({ stats }) => stats.stretches_dropped);
    expect(both.map(({ stats }) => stats.failures)).toEqual([0, 0]);
    expect(Math.min(...dropped)).toBe(0);
    expect(Math.max(...dropped)).toBeGreaterThan(0);
  });
});

/** Pauses take no time; what waits for longer than a pause is a deadline, which is not reached. */
function immediately(delay_ms: number, run: () => void): { cancel(): void } {
  const handle = delay_ms > 1_000 ? undefined : setTimeout(run, 0);
  return { cancel: () => clearTimeout(handle) };
}
