/** Backfill over HTTP against the paper exchange: whatever the way, the same trades, each once. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { DAY_US } from "../../../src/base/units.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { keepBars } from "../../../src/record/retention/kept_bars.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import {
  Backfiller,
  barSums,
  DAYS,
  exchangeAfter,
  MIDNIGHT_US,
  START_US,
  STREAMED,
  SYMBOL,
  storedRows,
} from "./world.ts";

onEveryServer("backfill", (server) => {
  let exchange: PaperExchange;
  let backfiller: Backfiller;
  /** Filled once from the archive: what every other way is compared with. */
  let reference: Database;
  const more: Backfiller[] = [];
  const exchanges: PaperExchange[] = [];

  beforeAll(async () => {
    const made = await exchangeAfter();
    exchange = made.exchange;
    backfiller = new Backfiller(made.origin);
    reference = await server.openDatabase();
  });
  afterAll(async () => {
    for (const each of [backfiller, ...more]) await each.close();
    for (const each of [exchange, ...exchanges]) await each.close();
  });

  async function another(options: Parameters<typeof exchangeAfter>[0]) {
    const made = await exchangeAfter(options);
    exchanges.push(made.exchange);
    const filler = new Backfiller(made.origin);
    more.push(filler);
    return { exchange: made.exchange, filler };
  }

  it("stores from the archive exactly the trades that were streamed, agreeing with the klines", async () => {
    const result = await backfiller.byArchive(reference);
    expect(await storedRows(reference)).toEqual(STREAMED);
    expect(result).toMatchObject({
      is_complete: true,
      tally: { rows_added: STREAMED.length, days_loaded: 2, days_failed: 0 },
      report: { missing_count: 0, n: STREAMED.length, n_single: STREAMED.length, seconds: 172_800 },
      check: { minutes_differing: 0, minutes: 8, ours: { n: STREAMED.length } },
    });
    expect(result.check!.ours.volume_e8).toBe(STREAMED.reduce((sum, row) => sum + BigInt(row[4]), 0n));
  });

  it("fetches and stores nothing a second time", async () => {
    const { zips } = exchange.archive.counters;
    const result = await backfiller.byArchive(reference, "trades", { check: false });
    expect(result).toMatchObject({
      is_complete: true,
      tally: { rows_read: 0, days_known: 2, days_loaded: 0 },
    });
    expect(exchange.archive.counters.zips).toBe(zips);
  });

  it("stores through REST what the archive holds, row for row", async () => {
    const database = await server.openDatabase();
    const result = await backfiller.byRest(database);
    expect(await storedRows(database)).toEqual(STREAMED);
    expect(await barSums(database)).toBe(await barSums(reference));
    expect(result).toMatchObject({ is_complete: true, tally: { rows_read: STREAMED.length } });
    expect(result.check).toMatchObject({ minutes_differing: 0 });
  });

  it("loads whole months as one file, and days where the month is not published", async () => {
    const database = await server.openDatabase();
    const february = { symbol: SYMBOL, from_us: Date.UTC(2025, 1, 1) * 1_000, to_us: MIDNIGHT_US };
    const { zips } = exchange.archive.counters;
    const monthly = await backfiller.byArchive(database, "trades", { stretch: february, check: false });
    expect(exchange.archive.counters.zips).toBe(zips + 1);
    expect(monthly.tally).toMatchObject({ days_loaded: 28, days_failed: 0 });
    const before = STREAMED.filter((row) => row[2] < MIDNIGHT_US);
    expect(await storedRows(database)).toEqual(before);

    exchange.archive.faults.push({ kind: "status", status: 404, file: "-2025-02.zip", times: 1 });
    const other = await server.openDatabase();
    const daily = await backfiller.byArchive(other, "trades", { stretch: february, check: false });
    // The paper exchange publishes no file for a day without a trade.
    expect(daily.tally).toMatchObject({ days_loaded: 1, days_failed: 27 });
    expect(await storedRows(other)).toEqual(before);
  });

  it("reads files with a header, and times in milliseconds, without storing a trade twice", async () => {
    const { filler } = await another({ archive: { open_days: true, header: true, time_unit: "ms" } });
    const database = await server.openDatabase();
    const result = await filler.byArchive(database);
    const in_ms = STREAMED.map(([id, first, us, ...rest]) => [
      id,
      first,
      Math.floor(us / 1e3) * 1e3,
      ...rest,
    ]);
    expect(await storedRows(database)).toEqual(in_ms);
    expect(result).toMatchObject({ is_complete: true, check: { minutes_differing: 0 } });
    // The same trades told in microseconds are known by their ids.
    const again = await backfiller.byRest(database);
    expect(again).toMatchObject({ is_complete: true, tally: { rows_added: 0 } });
    await database.sql`delete from archive_days`;
    await database.sql`delete from trades where trade_id = ${STREAMED.at(-1)![0]}`;
    const from_files = await backfiller.byArchive(database);
    expect(from_files.tally.rows_added).toBe(1);
    expect(await storedRows(database)).toHaveLength(STREAMED.length);
  });

  it("fills gaps in the ids, and only them, one trade at a time", async () => {
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    const [from, to] = [STREAMED[500]![0], STREAMED[1_700]![0]];
    await database.sql`delete from trades where trade_id between ${from} and ${to}`;
    await database.sql`delete from trades where trade_id = ${STREAMED[3_000]![0]}`;
    const left = await backfiller.byArchive(database, "trades", { rest: undefined, check: false });
    expect(left.report).toMatchObject({
      missing_count: 1_202,
      missing: [{ from, to }, { from: STREAMED[3_000]![0] }],
    });
    expect(left.is_complete).toBe(false);
    const filled = await backfiller.byArchive(database);
    expect(filled).toMatchObject({ is_complete: true, tally: { rows_read: 1_202, rows_added: 1_202 } });
    expect(await storedRows(database)).toEqual(STREAMED);
  });

  it("says that a break is filled once no trade around it is missing", async () => {
    const database = await server.openDatabase();
    const at_us = [STREAMED[400]![2], STREAMED[2_000]![2]];
    await database.sql`
      insert into disconnects (symbol, ts, reason, received_at)
      select ${SYMBOL}, at_us(us), 'socket closed', now()
      from unnest(${`{${at_us.join(",")}}`}::bigint[]) as markers(us)`;
    await backfiller.byArchive(database, "trades", { check: false });
    await database.sql`update disconnects set filled_at = null`;
    await database.sql`delete from trades where trade_id between ${STREAMED[350]![0]} and ${STREAMED[450]![0]}`;
    await backfiller.byArchive(database, "trades", { rest: undefined, check: false });
    const filled = () => database.sql`select filled_at is not null as filled from disconnects order by ts`;
    expect(await filled()).toMatchObject([{ filled: false }, { filled: true }]);
    await backfiller.byArchive(database, "trades", { check: false });
    expect(await filled()).toMatchObject([{ filled: true }, { filled: true }]);
  });

  it("reports seconds without a trade by their longest stretches", async () => {
    const { report } = await backfiller.byArchive(reference, "trades", { check: false });
    const traded = new Set(STREAMED.map((row) => Math.floor(row[2] / 1e6))).size;
    expect(report.seconds_without_trade).toBe(172_800 - traded);
    const last_us = Math.floor(STREAMED.at(-1)![2] / 1e6) * 1e6 + 1e6;
    const first_us = Math.floor(STREAMED[0]![2] / 1e6) * 1e6;
    expect(report.silent[0]).toEqual({ from_us: DAYS.from_us, to_us: first_us });
    expect(report.silent[1]).toEqual({ from_us: last_us, to_us: DAYS.to_us });
    expect(first_us).toBe(START_US);
  });

  it("reports minutes in which the klines tell of another volume", async () => {
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    const [id, , us, , qty] = STREAMED[900]!;
    await database.sql`update trades set qty_e8 = qty_e8 + 1 where trade_id = ${id}`;
    for (const run of [backfiller.byArchive(database), backfiller.byRest(database)]) {
      const { check, is_complete } = await run;
      expect(is_complete).toBe(false);
      expect(check).toMatchObject({ minutes: 8, minutes_differing: 1 });
      expect(check!.differences[0]!.minute_us).toBe(Math.floor(us / 6e7) * 6e7);
      expect(check!.ours.volume_e8 - check!.exchange.volume_e8).toBe(1n);
      expect(qty).toBeGreaterThan(0);
    }
  });

  /** Deletes the first day's trades as retention does. */
  async function dropFirstDay(database: Database): Promise<void> {
    const refresher = new Refresher({ database, clock: systemClock, log: silentLogger });
    const day = { from_us: DAYS.from_us, to_us: MIDNIGHT_US };
    const owned = database.capability !== "timescale";
    try {
      await refresher.through(day);
      await refresher.exclusively((sql) => keepBars(sql, day, owned));
      await database.sql`delete from trades where ts < at_us(${MIDNIGHT_US})`;
      await refresher.again(day);
    } finally {
      await refresher.close();
    }
  }

  it("leaves a day alone whose trades retention has deleted and whose bars know them all, and loads it again where asked", async () => {
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    const bars = await barSums(database);
    await dropFirstDay(database);
    expect(await barSums(database)).toBe(bars);
    const left = await backfiller.byArchive(database, "trades", { check: false });
    expect(left).toMatchObject({ is_complete: true, tally: { days_dropped: 1, rows_added: 0 } });
    expect(await storedRows(database)).toEqual(STREAMED.filter((row) => row[2] >= MIDNIGHT_US));
    const again = await backfiller.byArchive(database, "trades", { check: false, again: true });
    expect(again).toMatchObject({ is_complete: true, tally: { days_dropped: 0, days_loaded: 1 } });
    expect(await storedRows(database)).toEqual(STREAMED);
    expect(await barSums(database)).toBe(bars);
    expect(await database.sql`select from trade_bars_1s_kept union all select from raw_drops`).toHaveLength(
      0,
    );
  });

  it("makes bars of what had never been stored in a stretch that retention has dropped", async () => {
    const [whole, database] = [await server.openDatabase(), await server.openDatabase()];
    await backfiller.byArchive(whole, "trades", { check: false });
    const bars = await barSums(whole);
    // Of the day only every third trade had been stored when it was dropped, of another symbol all.
    const insert = (symbol: string, rows: typeof STREAMED) =>
      database.sql.unsafe(
        `insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
        select $1, at_us(us), id, price, qty, sold
        from json_to_recordset($2::text::json) as row(id bigint, us bigint, price bigint, qty bigint, sold boolean)`,
        [symbol, JSON.stringify(rows.map(([id, , us, price, qty, sold]) => ({ id, us, price, qty, sold })))],
      );
    const first_day = STREAMED.filter((row) => row[2] < MIDNIGHT_US);
    await insert(
      SYMBOL,
      first_day.filter((_, index) => index % 3 === 0),
    );
    await insert("ETHUSDT", first_day);
    await dropFirstDay(database);
    expect(await barSums(database)).not.toBe(bars);
    const result = await backfiller.byArchive(database, "trades", { check: false });
    expect(result).toMatchObject({ is_complete: true, tally: { days_dropped: 0, days_loaded: 2 } });
    expect(
      JSON.parse(await barSums(database)).filter(({ symbol }: { symbol: string }) => symbol === SYMBOL),
    ).toEqual(JSON.parse(bars));
    const [other] = await database.sql`
      select (select sum(n) from bars_1s where symbol = 'ETHUSDT') as n, count(*) as raw
      from trades where symbol = 'ETHUSDT'`;
    expect([Number(other!.n), Number(other!.raw)]).toEqual([first_day.length, 0]);
  });

  it("refuses parts of days from the archive, and aggregates of the last day", async () => {
    const half = { ...DAYS, to_us: DAYS.to_us - 1 };
    expect((await rejection(backfiller.byArchive(reference, "trades", { stretch: half }))).message).toContain(
      "whole UTC days",
    );
    const now_us = systemClock.now();
    const today = { symbol: SYMBOL, from_us: now_us - DAY_US / 2, to_us: now_us };
    expect(
      (await rejection(backfiller.byRest(reference, "aggTrades", { stretch: today }))).message,
    ).toContain("aggregates of the last day");
    expect(await rejection(backfiller.byRest(reference, "aggTrades", { stretch: today }))).toBeInstanceOf(
      ForetickError,
    );
  });
});
