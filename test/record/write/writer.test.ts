import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros, priceE8, unixSec } from "../../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { ConnectOptions, Database } from "../../../src/record/database.ts";
import { floatsOf } from "../../../src/record/market_rows.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { Writer, type WriterOptions } from "../../../src/record/write/writer.ts";
import { codeOf } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import {
  disconnectAt,
  HASH,
  outcomeAt,
  predictionAt,
  quoteAt,
  START_SEC,
  START_US,
  SYMBOL,
  tradeAt,
  vectorAt,
} from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";
import { FlakyWire } from "./flaky_wire.ts";

onEveryServer("writer", (server) => {
  let database: Database;
  let data_dir = "";
  const writers: Writer[] = [];

  beforeAll(async () => {
    database = await server.openDatabase();
  });
  beforeEach(async () => {
    data_dir = tempDir();
    await database.sql`truncate trades, quotes, disconnects, book_1s, features_live, predictions, outcomes`;
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  function writerTo(url: string, options: Partial<WriterOptions> = {}): Writer {
    const connect = (settings?: ConnectOptions) => connectTo(url, settings);
    const writer = new Writer({
      database: { connect, data_dir },
      clock,
      log,
      flush_interval_ms: 5,
      ...options,
    });
    writers.push(writer);
    return writer;
  }

  /** What is stored of `trades`: how many, from which id to which, all of them in between. */
  async function storedTrades(): Promise<{ count: number; from: number; to: number }> {
    const [row] = await database.sql`select count(*), min(trade_id), max(trade_id) from trades`;
    return { count: Number(row!.count), from: Number(row!.min), to: Number(row!.max) };
  }
  const tradesUpTo = (n: number) => ({ count: n, from: tradeAt(0).trade_id, to: tradeAt(n - 1).trade_id });

  it("stores every field of every kind of row as it was given", async () => {
    const writer = writerTo(database.url);
    writer.trade(tradeAt(0), true);
    writer.quote(quoteAt(0), false);
    writer.disconnect(disconnectAt(0));
    writer.book(SYMBOL, unixSec(START_SEC + 1), {
      bid_qty_top5_e8: 500_000_000,
      ask_qty_top5_e8: 500_000_001,
      bid_qty_top20_e8: Number.MAX_SAFE_INTEGER,
      ask_qty_top20_e8: 0,
    });
    writer.lookBack(SYMBOL, {
      ...{ taken_us: micros(START_US + 9), asked_us: micros(START_US + 7), reason: "start" },
      ...{ complete_from_sec: unixSec(START_SEC - 600), epoch: 3, first_trade_id: 3_735_683_000 },
    });
    writer.features(vectorAt(1, [1.5, Number.NaN, -0, 5e-324]), micros(START_US + 123_457));
    writer.prediction(predictionAt(1, -2.5e-5));
    writer.outcome(outcomeAt(1, null));
    await writer.flush();
    const { sql } = database;
    const text = (us: number) => sql`at_us(${us})`;
    expect([
      ...(await sql`select *, us_of(ts) as us, us_of(received_at) as received_us from trades`),
    ]).toMatchObject([
      {
        symbol: SYMBOL,
        us: String(START_US + 3),
        received_us: String(START_US + 9),
        trade_id: "3735683259",
        price_e8: "6183763000000",
        qty_e8: "1200000",
        is_buyer_maker: true,
        late: true,
      },
    ]);
    expect([
      ...(await sql`select *, us_of(ts) as us, us_of(received_at) as received_us from quotes`),
    ]).toMatchObject([
      {
        us: String(START_US + 1),
        received_us: String(START_US + 2),
        update_id: "50000000000",
        bid_price_e8: "6183763000000",
        bid_qty_e8: "50000000",
        ask_price_e8: "6183764000000",
        ask_qty_e8: "12000000",
        late: false,
      },
    ]);
    expect([...(await sql`select *, ts = ${text(START_US + 3)} as at from disconnects`)]).toMatchObject([
      { at: true, reason: disconnectAt(0).reason, filled_at: null },
    ]);
    expect([...(await sql`select *, us_of(closed_at) as closed_us from features_live`)]).toMatchObject([
      {
        feature_set: "v1",
        set_hash: HASH,
        warm: false,
        values: "{1.5,NULL,-0,5e-324}",
        closed_us: String(START_US + 123_457),
      },
    ]);
    expect([...(await sql`select *, us_of(emitted_at) as emitted_us from predictions`)]).toMatchObject([
      {
        venue: "binance",
        model_version: predictionAt(1).model_version,
        role: "champion",
        horizon_s: 10,
        yhat_log_return: -2.5e-5,
        current_price: 61_837.635,
        predicted_price: 61_839.5625,
        feature_set: "v1",
        set_hash: HASH,
        source: "onnx",
        features_age_ms: 3.25,
        latency_ms: 0.125,
        warm: true,
        emitted_us: String(START_US + 1_251_007),
        mid_sum_e8: "12367527000001",
      },
    ]);
    expect([
      ...(await sql`
        select *, us_of(taken_at) as taken_us, us_of(asked_at) as asked_us, us_of(complete_from) as from_us
        from look_backs`),
    ]).toMatchObject([
      {
        symbol: SYMBOL,
        taken_us: String(START_US + 9),
        asked_us: String(START_US + 7),
        from_us: String(1_000_000 * (START_SEC - 600)),
        epoch: 3,
        first_trade_id: "3735683000",
        reason: "start",
      },
    ]);
    expect([...(await sql`select * from outcomes`)]).toMatchObject([
      { venue: "binance", horizon_s: 10, realized_log_return: null, realized_price: null },
    ]);
    expect([
      ...(await sql`select *, us_of(sec) as us, us_of(received_at) as received_us from book_1s`),
    ]).toMatchObject([
      {
        us: String(1_000_000 * (START_SEC + 1)),
        bid_qty_top5_e8: "500000000",
        ask_qty_top5_e8: "500000001",
        bid_qty_top20_e8: String(Number.MAX_SAFE_INTEGER),
        ask_qty_top20_e8: "0",
        received_us: expect.stringMatching(/^\d{16}$/),
      },
    ]);
    expect(writer.stats.written).toEqual({
      trades: 1,
      quotes: 1,
      disconnects: 1,
      look_backs: 1,
      book_1s: 1,
      features_live: 1,
      predictions: 1,
      outcomes: 1,
      // Signals have tests of their own.
      signals: 0,
    });
  });

  it("keeps every microsecond, every integer up to 2^53 − 1 and every bit of a float64", async () => {
    const writer = writerTo(database.url);
    const samples = fc.sample(
      fc.record({
        ts: fc.integer({ min: 0, max: 4_102_444_800_000_000 }),
        price: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        values: fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 30 }),
      }),
      // A chunk a distinct week on TimescaleDB: enough of them, not thousands.
      { numRuns: 60, seed: 7 },
    );
    for (const [i, { ts, price, values }] of samples.entries()) {
      writer.trade({ ...tradeAt(i), ts_us: micros(ts), price_e8: priceE8(price) }, false);
      writer.features(vectorAt(i, values), micros(ts));
    }
    await writer.flush();
    const { sql } = database;
    const stored = await sql`select us_of(ts) as ts, price_e8 as price from trades order by trade_id`;
    expect(stored.map((row) => ({ ts: Number(row.ts), price: Number(row.price) }))).toEqual(
      samples.map(({ ts, price }) => ({ ts, price })),
    );
    const vectors = await sql<{ values: string }[]>`select values from features_live order by ts`;
    const hex = (values: Float64Array) => Buffer.from(values.buffer).toString("hex");
    expect(vectors.map(({ values }) => hex(floatsOf(values)))).toEqual(
      samples.map(({ values }) => hex(Float64Array.from(values))),
    );
    expect(writer.stats.rows_rejected).toBe(0);
  });

  it("stores a row once, however often it comes", async () => {
    const writer = writerTo(database.url, { batch_rows_max: 7 });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 100; i++) {
        writer.trade(tradeAt(i), false);
        writer.quote(quoteAt(i), false);
      }
      writer.disconnect(disconnectAt(5));
      writer.prediction(predictionAt(1));
      await writer.flush();
    }
    expect(await storedTrades()).toEqual(tradesUpTo(100));
    expect(await database.sql`select from quotes`).toHaveLength(100);
    expect(await database.sql`select from disconnects`).toHaveLength(1);
    expect(await database.sql`select from predictions`).toHaveLength(1);
    expect(writer.stats.rows_known).toBe(2 * 202);
  });

  it("marks a gap as filled, also within one batch, and never unmarks it", async () => {
    const writer = writerTo(database.url);
    const filled_us = micros(START_US + 77);
    writer.disconnect(disconnectAt(0));
    writer.disconnect(disconnectAt(0), filled_us);
    writer.disconnect(disconnectAt(1));
    await writer.flush();
    writer.disconnect(disconnectAt(1), filled_us);
    writer.disconnect(disconnectAt(0));
    writer.disconnect(disconnectAt(0), micros(START_US + 99));
    await writer.flush();
    const rows = await database.sql`select us_of(filled_at) as filled from disconnects order by ts`;
    expect(rows.map((row) => Number(row.filled))).toEqual([filled_us, filled_us]);
  });

  it("keeps what is not believed with its reason, its epoch, and a break's interval, stream by stream", async () => {
    const writer = writerTo(database.url);
    writer.trade({ ...tradeAt(0), epoch: 2 }, false, "id_ahead");
    writer.quote(quoteAt(0), false, "crossed");
    const cut = { ...disconnectAt(0), noticed_us: micros(START_US + 5_000_000) };
    writer.disconnect({ ...cut, stream: "quote" });
    writer.disconnect({ ...cut, stream: "trade" });
    await writer.flush();
    writer.disconnect({ ...cut, stream: "quote", until_us: micros(START_US + 9_000_000) });
    writer.disconnect({ ...cut, stream: "quote", until_us: micros(START_US + 10_000_000) });
    await writer.flush();
    expect([...(await database.sql`select epoch, set_aside from trades`)]).toEqual([
      { epoch: 2, set_aside: "id_ahead" },
    ]);
    expect([...(await database.sql`select epoch, set_aside from quotes`)]).toEqual([
      { epoch: 0, set_aside: "crossed" },
    ]);
    const breaks = await database.sql`
      select stream, us_of(until) - ${START_US}::bigint as until_us, us_of(noticed) - ${START_US}::bigint as noticed_us
      from disconnects
      order by stream`;
    expect([...breaks]).toEqual([
      { stream: "quote", until_us: "9000000", noticed_us: "5000000" },
      { stream: "trade", until_us: null, noticed_us: "5000000" },
    ]);
  });

  it("replaces a row that was set aside by the believed one of its key, also within one batch, and never the reverse", async () => {
    const writer = writerTo(database.url);
    const wrongTrade = (i: number) =>
      ({ ...tradeAt(i), price_e8: 7 * tradeAt(i).price_e8, epoch: 3 }) as TradeEvent;
    const wrongQuote = (i: number) => ({ ...quoteAt(i), bid_price_e8: 0 }) as QuoteEvent;
    writer.trade(wrongTrade(0), false, "price_band");
    writer.trade(wrongTrade(1), false, "price_band");
    writer.trade(tradeAt(1), false);
    writer.trade(tradeAt(2), false);
    writer.quote(wrongQuote(0), false, "non_positive");
    writer.quote(quoteAt(1), false);
    await writer.flush();
    const bars = new Refresher({ database, clock, log });
    const span = { from_us: micros(START_US - 60_000_000), to_us: micros(START_US + 60_000_000) };
    await bars.through(span);
    writer.trade(tradeAt(0), true);
    writer.trade(wrongTrade(2), false, "price_band");
    writer.quote(quoteAt(0), false);
    writer.quote(wrongQuote(1), false, "non_positive");
    await writer.flush();
    writer.trade(wrongTrade(0), false, "price_band");
    writer.trade({ ...tradeAt(1), price_e8: priceE8(1) }, false);
    await writer.flush();
    const trades = await database.sql`select set_aside, late, epoch, price_e8 from trades order by trade_id`;
    expect(trades.map((row) => [row.set_aside, row.late, row.epoch, Number(row.price_e8)])).toEqual(
      [0, 1, 2].map((i) => [null, i === 0, 0, tradeAt(i).price_e8]),
    );
    const quotes = await database.sql`select set_aside, bid_price_e8 from quotes order by update_id`;
    expect(quotes.map((row) => [row.set_aside, Number(row.bid_price_e8)])).toEqual(
      [0, 1].map((i) => [null, quoteAt(i).bid_price_e8]),
    );
    await bars.through(span);
    await bars.close();
    const [heard] = await database.sql`select sum(n) as n from bars_1s where symbol = ${SYMBOL}`;
    const [told] = await database.sql`select sum(n_quotes) as n from quotes_1s where symbol = ${SYMBOL}`;
    // A late trade is in no bar.
    expect([Number(heard!.n), Number(told!.n)]).toEqual([2, 2]);
  });

  it("keeps a trade that was set aside whatever its price and size, and refuses none that is believed but such", async () => {
    const writer = writerTo(database.url);
    const wrong = { ...tradeAt(0), price_e8: 0, qty_e8: -5 } as unknown as TradeEvent;
    writer.trade(wrong, false, "non_positive");
    writer.trade({ ...tradeAt(1), price_e8: priceE8(0) }, false);
    writer.trade(tradeAt(2), false);
    await writer.flush();
    const rows =
      await database.sql`select trade_id, price_e8, qty_e8, set_aside from trades order by trade_id`;
    expect(rows.map((row) => [row.price_e8, row.qty_e8, row.set_aside].map(String))).toEqual([
      ["0", "-5", "non_positive"],
      [String(tradeAt(2).price_e8), String(tradeAt(2).qty_e8), "null"],
    ]);
    expect(writer.stats.rows_rejected).toBe(1);
    writer.trade(tradeAt(0), false);
    await writer.flush();
    expect(await storedTrades()).toMatchObject({ count: 2, from: tradeAt(0).trade_id });
  });

  it("loses nothing and doubles nothing when its connection is killed again and again", async () => {
    const writer = writerTo(database.url, { batch_rows_max: 200 });
    const kill = () => database.sql`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where application_name = 'foretick writer' and datname = current_database()`;
    for (let round = 0; round < 6; round++) {
      const before = writer.stats.written.trades;
      for (let i = 0; i < 4_000; i++) writer.trade(tradeAt(4_000 * round + i), false);
      await met("more rows", () => writer.stats.written.trades > before);
      await met("a connection to kill", async () => (await kill()).length > 0);
    }
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(24_000));
    expect(writer.stats.failures).toBeGreaterThan(0);
    expect(writer.stats.rows_rejected + writer.stats.rows_lost).toBe(0);
    expect(writer.stats.last_error).toBeUndefined();
  });

  it("spills to disk beyond its bound while the database is away, and replays in order when it is back", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    await wire.cut();
    const writer = writerTo(wire.url, {
      queue_rows_max: 500,
      batch_rows_max: 100,
      journal_segment_bytes_max: 20_000,
    });
    for (let i = 0; i < 5_000; i++) writer.trade(tradeAt(i), false);
    expect(await codeOf(writer.flush())).toBe("STORE_UNREACHABLE");
    await met("what is on disk leaving memory", () => writer.queue_depth <= 500);
    expect(writer.stats.rows_spilled).toBeGreaterThanOrEqual(4_500);
    expect(writer.stats.rows_lost).toBe(0);
    expect(writer.stats.journal_bytes).toBeGreaterThan(100_000);
    expect(writer.stats.last_error?.code).toBe("STORE_UNREACHABLE");
    await wire.mend();
    for (let i = 5_000; i < 6_000; i++) writer.trade(tradeAt(i), false);
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(6_000));
    expect(writer.stats).toMatchObject({
      journal_bytes: 0,
      queue_rows: 0,
      rows_known: 0,
      last_error: undefined,
    });
    if (database.capability === "postgres") {
      const swapped = await database.sql`
        select from (select trade_id, lag(trade_id) over (order by ctid) as before from trades) as t
        where trade_id < before`;
      expect(swapped).toHaveLength(0);
    }
    await writer.close();
    await wire.cut();
  });

  it("leaves for the next run what the database did not take before it closed", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    await wire.cut();
    const first = writerTo(wire.url, { queue_rows_max: 300, batch_rows_max: 50 });
    for (let i = 0; i < 1_000; i++) first.trade(tradeAt(i), false);
    first.features(vectorAt(1, [-0, Number.NaN]), micros(START_US));
    const waiting = codeOf(first.drained(0));
    await first.close();
    expect(await waiting).toBe("STORE_WRITE_FAILED");
    // A call after the close is kept too.
    first.trade(tradeAt(1_000), false);
    expect(first.queue_depth).toBe(0);
    const second = writerTo(database.url);
    second.trade(tradeAt(1_001), false);
    await second.flush();
    expect(await storedTrades()).toEqual(tradesUpTo(1_002));
    const [vector] = await database.sql`select values from features_live`;
    expect(vector!.values).toBe("{-0,NULL}");
    expect(second.stats.journal_bytes).toBe(0);
  });

  it("loses nothing where the wire is cut in the middle of batches", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    const writer = writerTo(wire.url, { batch_rows_max: 500 });
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 3_000; i++) writer.trade(tradeAt(3_000 * round + i), false);
      await met("the round's rows", () => writer.stats.written.trades > 3_000 * round);
      await wire.cut();
      await wire.mend();
    }
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(15_000));
    await writer.close();
    await wire.cut();
  });

  it("sets a row aside that the database refuses, says why, and stores its neighbours", async () => {
    const writer = writerTo(database.url);
    for (let i = 0; i < 1_000; i++) {
      const price = i === 137 ? 0 : i === 400 ? Number.NaN : tradeAt(i).price_e8;
      writer.trade({ ...tradeAt(i), price_e8: price as never }, false);
    }
    const vector = vectorAt(1, [1]);
    writer.features({ ...vector, feature_set: "nul\0" }, micros(START_US));
    writer.features(vector, micros(START_US));
    await writer.flush();
    expect(await storedTrades()).toEqual({ ...tradesUpTo(1_000), count: 998 });
    expect(await database.sql`select from features_live`).toHaveLength(1);
    expect(writer.stats.rows_rejected).toBe(3);
    const lines = readFileSync(join(data_dir, "journal", "rejected.ndjson"), "utf8")
      .trim()
      .split("\n");
    const rejected = lines.map((line) => JSON.parse(line));
    expect(rejected.map(({ table }) => table).sort()).toEqual(["features_live", "trades", "trades"]);
    expect(rejected.find(({ row }) => row.trade_id === tradeAt(137).trade_id).error).toMatch(
      /check constraint/,
    );
    expect(rejected.find(({ row }) => row.trade_id === tradeAt(400).trade_id).error).toMatch(/22P02/);
  });

  it("calls a statement that takes too long by its name, and writes the rows when it can", async () => {
    const writer = writerTo(database.url, { timeout_ms: 150 });
    const blocker = connectTo(database.url);
    await blocker.unsafe("begin; lock table trades in exclusive mode").simple();
    writer.trade(tradeAt(0), false);
    expect(await codeOf(writer.flush())).toBe("STORE_WRITE_TIMEOUT");
    await blocker`rollback`;
    await blocker.end();
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(1));
  });

  it("gives up on a connection that went silent and goes on with another", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    const writer = writerTo(wire.url, { timeout_ms: 200 });
    writer.trade(tradeAt(0), false);
    await writer.flush();
    wire.silence();
    writer.trade(tradeAt(1), false);
    expect(await codeOf(writer.flush())).toBe("STORE_WRITE_TIMEOUT");
    await wire.cut();
    await wire.mend();
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(2));
    await writer.close();
    await wire.cut();
  });

  it("holds a producer that waits for it within the bound, so that a replay spills nothing", async () => {
    const writer = writerTo(database.url, { queue_rows_max: 2_000, batch_rows_max: 500 });
    let deepest = 0;
    for (let i = 0; i < 30_000; i++) {
      writer.trade(tradeAt(i), false);
      if (writer.queue_depth < 1_500) continue;
      deepest = Math.max(deepest, writer.queue_depth);
      await writer.drained(500);
    }
    await writer.flush();
    expect(await storedTrades()).toEqual(tradesUpTo(30_000));
    expect(writer.stats.rows_spilled).toBe(0);
    expect(deepest).toBe(1_500);
    expect(existsSync(join(data_dir, "journal", "rejected.ndjson"))).toBe(false);
  });

  it("closes twice, with everything that waited stored and the journal empty", async () => {
    const writer = writerTo(database.url, { flush_interval_ms: 60_000 });
    for (let i = 0; i < 100; i++) writer.trade(tradeAt(i), false);
    await Promise.all([writer.close(), writer.close()]);
    await writer.close();
    expect(await storedTrades()).toEqual(tradesUpTo(100));
    expect(writer.stats.journal_bytes).toBe(0);
  });

  it("opens with a torn journal and stores the rest of it", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    await wire.cut();
    const first = writerTo(wire.url, { batch_rows_max: 10 });
    for (let i = 0; i < 100; i++) first.trade(tradeAt(i), false);
    await first.close();
    appendFileSync(join(data_dir, "journal", "trades.000000000001.ndjson"), '0badc0de {"table":"trades","ro');
    const second = writerTo(database.url);
    await second.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(100));
  });
});
