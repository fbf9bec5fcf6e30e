/** What the writer is given is what is stored: every field and bit, each row once. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { micros, priceE8, unixSec } from "../../../src/base/units.ts";
import { floatsOf } from "../../../src/record/market_rows.ts";
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
import { tradesUpTo, writerWorld } from "./writer_world.ts";

onEveryServer("writer", (server) => {
  const world = writerWorld(server);
  const { writerTo, storedTrades } = world;

  it("stores every field of every kind of row as it was given", async () => {
    const writer = writerTo(world.database.url);
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
    const { sql } = world.database;
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
    const writer = writerTo(world.database.url);
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
    const { sql } = world.database;
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
    const writer = writerTo(world.database.url, { batch_rows_max: 7 });
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
    expect(await world.database.sql`select from quotes`).toHaveLength(100);
    expect(await world.database.sql`select from disconnects`).toHaveLength(1);
    expect(await world.database.sql`select from predictions`).toHaveLength(1);
    expect(writer.stats.rows_known).toBe(2 * 202);
  });

  it("marks a gap as filled, also within one batch, and never unmarks it", async () => {
    const writer = writerTo(world.database.url);
    const filled_us = micros(START_US + 77);
    writer.disconnect(disconnectAt(0));
    writer.disconnect(disconnectAt(0), filled_us);
    writer.disconnect(disconnectAt(1));
    await writer.flush();
    writer.disconnect(disconnectAt(1), filled_us);
    writer.disconnect(disconnectAt(0));
    writer.disconnect(disconnectAt(0), micros(START_US + 99));
    await writer.flush();
    const rows = await world.database.sql`select us_of(filled_at) as filled from disconnects order by ts`;
    expect(rows.map((row) => Number(row.filled))).toEqual([filled_us, filled_us]);
  });
});
