/** History of which only the bars are kept: equal, to the bit, to what is made of stored trades. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { DAY_US } from "../../../src/base/units.ts";
import type { BackfillOptions } from "../../../src/record/backfill/backfill.ts";
import { BAR_TABLES } from "../../../src/record/bars/bars.ts";
import type { Database } from "../../../src/record/database.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { FakeArchive, fakeTrades, lineOf, SYMBOL } from "./fake_archive.ts";
import { Backfiller, DAYS, exchangeAfter, START_US, STREAMED, storedRows } from "./world.ts";

const MARCH_US = Date.UTC(2025, 2, 1) * 1_000;

onEveryServer("a backfill that keeps bars only", (server) => {
  let exchange: PaperExchange;
  let backfiller: Backfiller;
  let reference: Database;

  beforeAll(async () => {
    const made = await exchangeAfter();
    exchange = made.exchange;
    backfiller = new Backfiller(made.origin);
    reference = await server.openDatabase();
    await backfiller.byArchive(reference, "trades", { check: false });
  });
  afterAll(async () => {
    await backfiller.close();
    await exchange.close();
  });

  const barsOnly = (database: Database, more: Partial<BackfillOptions> = {}) =>
    backfiller.byArchive(database, "trades", { bars_only: true, rest: undefined, ...more });

  /** Everything that features read of bars, but when it was received. */
  async function barsOf(
    { sql }: Database,
    stretch: { from_us: number; to_us: number } = DAYS,
  ): Promise<string> {
    const tables = [];
    for (const { name, source, columns } of BAR_TABLES.filter((table) => table.source === "trades")) {
      const wanted = columns.filter((column) => column !== "received_at").join(", ");
      const reader = name === "trade_bars_1s" ? "trade_bars_of" : "trade_blocks_of";
      tables.push(
        await sql.unsafe(
          `select ${wanted}
          from bar_places_of($1, $2, $3) as places
          cross join lateral ${reader}($3, at_us($4), at_us($5), places.elsewhere, places.dropped, places.raw)
          order by 1, 2`,
          [name, source, SYMBOL, String(stretch.from_us), String(stretch.to_us)],
        ),
      );
    }
    return JSON.stringify(tables);
  }

  const featuresOf = async ({ sql }: Database): Promise<string> =>
    JSON.stringify(
      await sql`
        select * from features_trades(${SYMBOL}, at_us(${START_US + 2e6}), at_us(${START_US + 355e6})) order by ts`,
    );
  const droppedParts = async ({ sql }: Database): Promise<number[][]> =>
    (
      await sql<{ from_us: string; to_us: string }[]>`
        select us_of(from_ts) as from_us, us_of(to_ts) as to_us
        from raw_drops where symbol = ${SYMBOL} and source = 'trades' order by 1`
    ).map(({ from_us, to_us }) => [Number(from_us), Number(to_us)]);

  it("has the bars, blocks and features of one that keeps trades, and no trades", async () => {
    const database = await server.openDatabase();
    const result = await barsOnly(database, { batch_rows: 700 });
    expect(result).toMatchObject({
      is_complete: true,
      tally: { rows_to_bars: STREAMED.length, rows_added: 0, days_loaded: 2 },
      report: {
        missing_count: 0,
        n: STREAMED.length,
        n_single: STREAMED.length,
        n_bars_only: STREAMED.length,
      },
      check: { minutes: 8, minutes_differing: 0 },
    });
    expect(await storedRows(database)).toEqual([]);
    expect(await barsOf(database)).toBe(await barsOf(reference));
    const features = await featuresOf(reference);
    expect(JSON.parse(features).length).toBeGreaterThan(300);
    expect(await featuresOf(database)).toBe(features);
    // Exactly the blocks that have trades.
    expect(await droppedParts(database)).toEqual([[START_US - 120e6, START_US + 480e6]]);
  });

  it("goes on where it was stopped, fetches nothing twice, and gives its place to trades where they are asked for", async () => {
    const database = await server.openDatabase();
    const stop = new AbortController();
    const onProgress: BackfillOptions["onProgress"] = ({ stage, rows_read }) => {
      if (stage === "load" && rows_read > STREAMED.length / 2) stop.abort();
    };
    await rejection(barsOnly(database, { signal: stop.signal, onProgress, check: false }));
    expect(await barsOnly(database)).toMatchObject({
      is_complete: true,
      tally: { days_loaded: 1, days_known: 1 },
    });
    expect(await barsOf(database)).toBe(await barsOf(reference));
    const { zips } = exchange.archive.counters;
    expect(await barsOnly(database, { check: false })).toMatchObject({
      is_complete: true,
      tally: { days_loaded: 0, days_known: 2, rows_read: 0 },
    });
    expect(exchange.archive.counters.zips).toBe(zips);
    const left = await backfiller.byArchive(database, "trades", { check: false });
    expect(left).toMatchObject({ is_complete: true, tally: { days_dropped: 2, rows_read: 0 } });
    await backfiller.byArchive(database, "trades", { check: false, again: true });
    expect(await storedRows(database)).toEqual(STREAMED);
    expect(await droppedParts(database)).toEqual([]);
    expect(await barsOf(database)).toBe(await barsOf(reference));
  });

  it("makes bars again where those that are kept have become columns", async () => {
    const database = await server.openDatabase();
    if (database.capability !== "timescale") return;
    await barsOnly(database);
    const chunks = await database.sql`
      select compress_chunk(chunk)
      from (
        select show_chunks('trade_bars_1s_kept') as chunk union all select show_chunks('trade_blocks_5m_kept')
      ) as chunks`;
    expect(chunks.length).toBeGreaterThan(1);
    await database.sql`update archive_days set sha256 = 'of an earlier version'`;
    expect(await barsOnly(database, { refetch: true })).toMatchObject({
      is_complete: true,
      tally: { days_loaded: 2, rows_to_bars: STREAMED.length },
    });
    expect(await barsOf(database)).toBe(await barsOf(reference));
  });

  it("joins trades that are stored already, in their blocks", async () => {
    const database = await server.openDatabase();
    const live = STREAMED.filter((row) => row[2] >= MARCH_US).slice(0, 500);
    await database.sql`
      insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
      select ${SYMBOL}, at_us(us), id, price, qty, sold
      from json_to_recordset(${JSON.stringify(
        live.map(([id, , us, price, qty, sold]) => ({ id, us, price, qty, sold })),
      )}::text::json) as row(id bigint, us bigint, price bigint, qty bigint, sold boolean)`;
    const result = await barsOnly(database);
    const second_day = STREAMED.filter((row) => row[2] >= MARCH_US);
    expect(result).toMatchObject({
      is_complete: true,
      tally: {
        rows_added: second_day.length - live.length,
        rows_to_bars: STREAMED.length - second_day.length,
      },
    });
    expect(await storedRows(database)).toEqual(second_day);
    expect(await barsOf(database)).toBe(await barsOf(reference));
  });

  it("keeps the trades around missing ids and rows that are not believed, so that what is missing can be filled", async () => {
    const trades = fakeTrades(MARCH_US, 1, 600);
    const stretch = { symbol: SYMBOL, from_us: MARCH_US, to_us: MARCH_US + DAY_US };
    const archive = new FakeArchive();
    const filler = new Backfiller(archive.origin);
    try {
      archive.publishDays(trades, stretch.from_us, stretch.to_us);
      const blockOf = ({ us }: { us: number }): number => us - (us % 300_000_000);
      const cut = trades.findIndex((trade) => blockOf(trade) > blockOf(trades[0]!));
      // Missing across the first block's end, and a price of three times the others' in the third.
      const wrong = trades.findIndex((trade) => blockOf(trade) > blockOf(trades[cut]!)) + 20;
      const lines = trades
        .map((trade, index) => lineOf(index === wrong ? { ...trade, price_e8: 3 * trade.price_e8 } : trade))
        .filter((_, index) => index < cut - 3 || index >= cut + 3);
      archive.publish(stretch.from_us, stretch.to_us, lines);
      const run = (database: Database, more: Partial<BackfillOptions> = {}) =>
        filler.byArchive(database, "trades", { stretch, rest: undefined, batch_rows: 100, ...more });
      const [whole, database] = [await server.openDatabase(), await server.openDatabase()];
      const first = await run(database, { bars_only: true });
      const beside = trades.filter(
        (trade) => blockOf(trade) <= blockOf(trades[cut]!) || blockOf(trade) === blockOf(trades[wrong]!),
      );
      expect(first).toMatchObject({
        is_complete: false,
        tally: { rows_set_aside: 1, rows_added: beside.length - 7 },
        report: { missing_count: 7 },
      });
      expect((await storedRows(database)).length).toBe(beside.length - 6);
      archive.publishDays(trades, stretch.from_us, stretch.to_us);
      expect(await run(database, { bars_only: true, refetch: true })).toMatchObject({
        is_complete: true,
        report: { missing_count: 0, n: trades.length, n_bars_only: trades.length - beside.length },
      });
      await run(whole);
      const rows = (text: string) =>
        JSON.parse(text)[0].map(({ n_rows: _, ...bar }: { n_rows: string }) => bar);
      expect(rows(await barsOf(database, stretch))).toEqual(rows(await barsOf(whole, stretch)));
    } finally {
      await filler.close();
      await archive.close();
    }
  });
});
