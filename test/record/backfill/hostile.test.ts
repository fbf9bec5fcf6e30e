/** Archives as they should not be: each fault is said, nothing is lost by it, and nothing wrong is believed. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { backfillLines } from "../../../scripts/lines/backfill.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { DAY_US, narrowed } from "../../../src/base/units.ts";
import type { BackfillOptions } from "../../../src/record/backfill/backfill.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { FakeArchive, type FakeTrade, fakeTrades, lineOf, SYMBOL } from "./fake_archive.ts";
import { Backfiller, storedRows } from "./world.ts";

const FEBRUARY_US = Date.UTC(2025, 1, 1) * 1_000;
const MARCH_US = Date.UTC(2025, 2, 1) * 1_000;
const THREE_DAYS = { symbol: SYMBOL, from_us: MARCH_US, to_us: MARCH_US + 3 * DAY_US };
const TRADES = fakeTrades(MARCH_US, 3, 60);

onEveryServer("an archive that is not as it should be", (server) => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  function world(trades: readonly FakeTrade[] = TRADES) {
    const archive = new FakeArchive();
    const filler = new Backfiller(archive.origin);
    closers.push(
      () => filler.close(),
      () => archive.close(),
    );
    archive.publishDays(trades, THREE_DAYS.from_us, THREE_DAYS.to_us);
    const run = (database: Database, more: Partial<BackfillOptions> = {}) =>
      filler.byArchive(database, "trades", { stretch: THREE_DAYS, rest: undefined, batch_rows: 50, ...more });
    return { archive, filler, run };
  }

  const believed = async ({ sql }: Database): Promise<FakeTrade[]> => {
    const rows = await sql<Record<"id" | "us" | "price" | "qty", string>[]>`
      select trade_id as id, us_of(ts) as us, price_e8 as price, qty_e8 as qty, is_buyer_maker as sold
      from trades where symbol = ${SYMBOL} and set_aside is null order by trade_id`;
    return rows.map((row) => ({
      id: Number(row.id),
      us: Number(row.us),
      price_e8: Number(row.price),
      qty_e8: Number(row.qty),
      sold: (row as unknown as { sold: boolean }).sold,
    }));
  };

  /** Seconds of the trades on either side. */
  const holesOf = async ({ sql }: Database): Promise<number[][]> =>
    (
      await sql<{ from_sec: string; until_sec: string }[]>`
        select from_sec, until_sec
        from trade_holes(
          ${SYMBOL}, at_us(${MARCH_US}), at_us(${THREE_DAYS.to_us}),
          bar_places_of('trade_bars_1s', 'trades', ${SYMBOL})
        )`
    ).map(({ from_sec, until_sec }) => [Number(from_sec), Number(until_sec)]);

  it("loads quantities past 2^53 at 1e-8 to the last digit, up to the exchange's largest, and sums them so", async () => {
    const sizes = [46_116_860_414n, 90_071_993n, 92_233_720_368n, 1n];
    const tokens = TRADES.map((trade, index) => ({
      ...trade,
      price_e8: 50 + (index % 3),
      qty_e8: narrowed(sizes[index % 4]! * 100_000_000n + (index % 8 === 1 ? 1n : 0n)),
    }));
    const { run } = world(tokens);
    const database = await server.openDatabase();
    expect(await run(database)).toMatchObject({
      is_complete: true,
      tally: { rows_added: TRADES.length, rows_set_aside: 0, refused: 0, quarantined: [] },
      check: { minutes_differing: 0 },
    });
    const stored = await database.sql<{ qty: string }[]>`
      select qty_e8::text as qty from trades where symbol = ${SYMBOL} order by trade_id`;
    expect(stored.map(({ qty }) => qty)).toEqual(tokens.map(({ qty_e8 }) => `${qty_e8}`));
    const refresher = new Refresher({ database, clock: systemClock, log: silentLogger });
    await refresher.through(THREE_DAYS);
    const [sums] = await database.sql<{ qty: string; notional: string; largest: string }[]>`
      select sum(buy_qty_e8 + sell_qty_e8)::text as qty, sum(notional_e16)::text as notional, max(qty_max_e8)::text as largest
      from trade_bars_1s where symbol = ${SYMBOL}`;
    const total = (of: (trade: FakeTrade) => bigint): string =>
      `${tokens.reduce((sum, trade) => sum + of(trade), 0n)}`;
    expect(sums).toEqual({
      qty: total(({ qty_e8 }) => BigInt(qty_e8)),
      notional: total(({ price_e8, qty_e8 }) => BigInt(price_e8) * BigInt(qty_e8)),
      largest: "9223372036800000000",
    });
  });

  it("counts a day of a month that is not in order as loaded when the last of its rows is, and loses none by a stop", async () => {
    const trades = fakeTrades(FEBRUARY_US, 28, 20);
    // Every third row first, the latest days before the earliest.
    const shuffled = [0, 1, 2].flatMap((third) => trades.filter((_, index) => index % 3 === third).reverse());
    const { archive, run } = world();
    archive.publish(
      FEBRUARY_US,
      MARCH_US,
      shuffled.map((trade) => lineOf(trade)),
    );
    archive.publishKlines(trades, FEBRUARY_US, MARCH_US);
    const stretch = { symbol: SYMBOL, from_us: FEBRUARY_US, to_us: MARCH_US };
    const database = await server.openDatabase();
    const stop = new AbortController();
    const onProgress: BackfillOptions["onProgress"] = ({ rows_added }) => {
      if (rows_added >= 450) stop.abort();
    };
    await rejection(run(database, { stretch, signal: stop.signal, onProgress }));
    const marked = await database.sql<{ day: string; n: string }[]>`
      select to_char(day, 'YYYY-MM-DD') as day, n from archive_days order by day`;
    const stored = await believed(database);
    expect(stored.length).toBeGreaterThanOrEqual(450);
    expect(stored.length).toBeLessThan(trades.length);
    const whole = Array.from({ length: 28 }, (_, day) => FEBRUARY_US + day * DAY_US).filter(
      (day_us) => stored.filter(({ us }) => us >= day_us && us < day_us + DAY_US).length === 20,
    );
    expect(whole.length).toBeGreaterThan(0);
    expect(marked.map(({ day }) => day)).toEqual(
      whole.map((day_us) => new Date(day_us / 1e3).toISOString().slice(0, 10)),
    );
    const again = await run(database, { stretch });
    expect(again).toMatchObject({
      is_complete: true,
      tally: { days_known: whole.length, days_loaded: 28 - whole.length, absent: [], rows_set_aside: 0 },
      report: { missing_count: 0, n: trades.length },
    });
    expect(await believed(database)).toEqual(trades);
  });

  it("sets rows of another day and of 1970 aside, counted and named, and loads them when their own day says so", async () => {
    const { archive, filler, run } = world();
    const day = TRADES.slice(0, 60);
    const moved = day.map((trade, index) => {
      if (index === 10) return lineOf(trade, 0);
      if (index === 20) return lineOf(trade, trade.us + DAY_US);
      return lineOf(trade);
    });
    archive.publish(MARCH_US, MARCH_US + DAY_US, moved);
    const database = await server.openDatabase();
    const result = await run(database);
    expect(result).toMatchObject({
      is_complete: false,
      tally: { rows_elsewhere: 2, days_loaded: 3, gaps_explained: 0 },
      report: { missing_count: 2 },
    });
    expect(result.tally.set_aside).toEqual([
      { trade_id: day[10]!.id, ts_us: 0, reason: "other_day" },
      { trade_id: day[20]!.id, ts_us: day[20]!.us + DAY_US, reason: "other_day" },
    ]);
    const kept = join(filler.cache_dir, "quarantine", "BTCUSDT-trades-2025-03-01.zip.rows");
    expect(readFileSync(kept, "utf8")).toBe(`${moved[10]}\n${moved[20]}\n`);
    expect(backfillLines(result).join("\n")).toContain("2 rows are of another day than their file");
    expect(await believed(database)).toEqual(
      TRADES.filter(({ id }) => id !== day[10]!.id && id !== day[20]!.id),
    );

    archive.publishDays(TRADES, THREE_DAYS.from_us, THREE_DAYS.to_us);
    expect(await run(database, { refetch: true })).toMatchObject({
      is_complete: true,
      tally: { days_loaded: 1, days_known: 2, rows_added: 2 },
    });
    expect(await believed(database)).toEqual(TRADES);
  });

  it("refuses a file all of whose rows are of another day", async () => {
    const { archive, run } = world();
    archive.publish(
      MARCH_US,
      MARCH_US + DAY_US,
      TRADES.slice(60, 120).map((trade) => lineOf(trade)),
    );
    const database = await server.openDatabase();
    const result = await run(database);
    expect(result).toMatchObject({ is_complete: false, tally: { days_failed: 1, days_loaded: 2 } });
    expect(result.tally.quarantined[0]!.reason).toContain("all 60 are of another");
    archive.publishDays(TRADES, THREE_DAYS.from_us, THREE_DAYS.to_us);
    expect(await run(database)).toMatchObject({
      is_complete: true,
      tally: { days_known: 2, days_loaded: 1 },
    });
  });

  it("fetches a file again where trades are missing or told otherwise, and where it has been published again", async () => {
    const { archive, run } = world();
    const earlier = TRADES.slice(60, 120)
      .filter((_, index) => index < 20 || index >= 40)
      .map((trade, index) =>
        lineOf(index === 5 ? { ...trade, qty_e8: Number(trade.qty_e8) + 1_000 } : trade),
      );
    archive.publish(MARCH_US + DAY_US, MARCH_US + 2 * DAY_US, earlier);
    const database = await server.openDatabase();
    const first = await run(database);
    expect(first).toMatchObject({ is_complete: false, report: { missing_count: 20 } });
    expect(first.check!.minutes_differing).toBeGreaterThan(0);
    expect(backfillLines(first).at(-1)).toContain("--refetch");
    archive.publishDays(TRADES, THREE_DAYS.from_us, THREE_DAYS.to_us);
    expect(await run(database)).toMatchObject({ is_complete: false, tally: { days_known: 3, rows_read: 0 } });
    expect(await run(database, { refetch: true })).toMatchObject({
      is_complete: true,
      tally: { days_known: 2, days_loaded: 1, rows_added: 21, rows_replaced: 1 },
    });
    expect(await believed(database)).toEqual(TRADES);
    const { requests } = archive;
    expect(await run(database, { refetch: true })).toMatchObject({
      is_complete: true,
      tally: { rows_read: 0 },
    });
    // Checksums of three days, and three files of klines, twice.
    expect(archive.requests - requests).toBeLessThanOrEqual(15);
  });

  it("takes a gap in the ids for the exchange's own where its klines agree, and asks REST for nothing", async () => {
    const numbered = TRADES.map((trade, index) => (index < 90 ? trade : { ...trade, id: trade.id + 7 }));
    const { filler, run } = world(numbered);
    const database = await server.openDatabase();
    const first = await run(database, { rest: filler.rest });
    expect(first).toMatchObject({
      is_complete: true,
      tally: { gaps_explained: 1 },
      report: { missing_count: 0, n: TRADES.length },
    });
    expect(await database.sql`select from_id::int, to_id::int from absent_trades`).toMatchObject([
      { from_id: numbered[89]!.id + 1, to_id: numbered[90]!.id - 1 },
    ]);
    expect(await run(database, { rest: filler.rest })).toMatchObject({
      is_complete: true,
      tally: { gaps_explained: 0, days_known: 3 },
    });
    expect(filler.rest.counters.requests).toBe(0);
    expect(await holesOf(database)).toEqual([]);
  });

  it("says which day is missing, shows its hole to features, and is complete once the day is published", async () => {
    const { archive, run } = world();
    archive.withdraw(MARCH_US + DAY_US, MARCH_US + 2 * DAY_US);
    for (const bars_only of [false, true]) {
      const database = await server.openDatabase();
      const first = await run(database, { bars_only });
      expect(first).toMatchObject({
        is_complete: false,
        tally: { absent: ["BTCUSDT-trades-2025-03-02.zip"], days_failed: 1, gaps_explained: 0 },
        report: { missing_count: 60 },
      });
      expect(await holesOf(database)).toEqual([
        [Math.floor(TRADES[59]!.us / 1e6), Math.floor(TRADES[120]!.us / 1e6)],
      ]);
      archive.publishDays(TRADES, THREE_DAYS.from_us, THREE_DAYS.to_us);
      expect(await run(database, { bars_only })).toMatchObject({
        is_complete: true,
        tally: { days_known: 2, days_loaded: 1 },
      });
      archive.withdraw(MARCH_US + DAY_US, MARCH_US + 2 * DAY_US);
    }
  });

  it("reads milliseconds and microseconds in one file", async () => {
    const { archive, run } = world();
    const mixed = TRADES.slice(0, 60).map((trade, index) =>
      lineOf(trade, index % 2 === 0 ? trade.us : Math.floor(trade.us / 1_000)),
    );
    archive.publish(MARCH_US, MARCH_US + DAY_US, mixed);
    const database = await server.openDatabase();
    expect(await run(database)).toMatchObject({ is_complete: true, tally: { rows_elsewhere: 0 } });
    const times = (await storedRows(database)).slice(0, 60).map((row) => row[2]);
    expect(times).toEqual(
      TRADES.slice(0, 60).map(({ us }, index) => (index % 2 === 0 ? us : us - (us % 1_000))),
    );
  });
});
