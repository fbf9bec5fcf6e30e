import { beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { micros, tradeId, updateId } from "../../src/base/units.ts";
import type { Database } from "../../src/record/database.ts";
import { Queries } from "../../src/record/queries.ts";
import { connectTo } from "../../src/record/server/client.ts";
import { Writer } from "../../src/record/write/writer.ts";
import { rejection } from "../base/rejection.ts";
import { disconnectAt, quoteAt, START_US, SYMBOL, tradeAt, vectorAt } from "./market_events.ts";
import { onEveryServer } from "./server/servers.ts";

const at = (us: number) => micros(START_US + us);
const everything = { symbol: SYMBOL, from_us: micros(0), to_us: micros(START_US * 2) };

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

onEveryServer("queries", (server) => {
  let database: Database;
  let queries: Queries;
  /** More than one page of a cursor, and no multiple of it. */
  const rows = 2 * LIMITS.cursor_rows_max + 17;
  const missing = [500, 501, 502, 7_000];

  beforeAll(async () => {
    database = await server.openDatabase();
    queries = new Queries(database);
    const writer = new Writer({ database, clock, log });
    // Ids and times run against each other in places: the answer's order is by id all the same.
    for (let i = 0; i < rows; i++) {
      const swapped = i % 10 === 4 ? i + 1 : i % 10 === 5 ? i - 1 : i;
      if (!missing.includes(i)) writer.trade({ ...tradeAt(i), ts_us: tradeAt(swapped).ts_us }, i % 100 === 0);
      writer.quote(quoteAt(i), i % 100 === 0);
    }
    writer.trade({ ...tradeAt(1), symbol: "ETHUSDT" }, false);
    // What is not believed is newer than all that is, by time and by id.
    const poisoned = { symbol: "ASIDE" };
    writer.trade({ ...tradeAt(1), ...poisoned }, false);
    writer.trade({ ...tradeAt(2), ...poisoned, trade_id: tradeId(2 ** 53 - 1) }, false, "id_ahead");
    writer.quote({ ...quoteAt(1), ...poisoned }, false);
    writer.quote({ ...quoteAt(2), ...poisoned, update_id: updateId(2 ** 53 - 1) }, false, "id_ahead");
    writer.disconnect(disconnectAt(500));
    writer.disconnect(disconnectAt(900), at(77));
    for (let sec = 0; sec < 30; sec++) {
      writer.features(vectorAt(sec, [sec, Number.NaN, -0]), at(sec));
    }
    await writer.flush();
    await writer.close();
  });

  it("stream trades by id, as the events they were, over page boundaries", async () => {
    const trades = await all(queries.tradesSince(SYMBOL, at(0)));
    expect(trades.length).toBe(rows - missing.length);
    const ids = trades.map(({ trade }) => trade.trade_id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(trades[1]).toEqual({ trade: tradeAt(1), late: false, set_aside: null });
    expect(trades[100]).toEqual({ trade: tradeAt(100), late: true, set_aside: null });
  });

  it("stream exactly the trades of a range, from inclusive, to exclusive", async () => {
    const from_us = tradeAt(20).ts_us;
    const to_us = tradeAt(23).ts_us;
    const between = await all(queries.tradesBetween({ symbol: SYMBOL, from_us, to_us }));
    expect(between.map(({ trade }) => trade.trade_id)).toEqual([20, 21, 22].map((i) => tradeAt(i).trade_id));
    const by_id = await all(queries.tradesById(SYMBOL, tradeAt(498).trade_id, tradeAt(504).trade_id));
    expect(by_id.map(({ trade }) => trade.trade_id)).toEqual(
      [498, 499, 503, 504].map((i) => tradeAt(i).trade_id),
    );
  });

  it("give the connection back when the reader stops in the middle, again and again", async () => {
    for (let round = 0; round < 12; round++) {
      let seen = 0;
      for await (const _ of queries.tradesSince(SYMBOL, at(0)))
        if (++seen === LIMITS.cursor_rows_max + 1) break;
      expect(seen).toBe(LIMITS.cursor_rows_max + 1);
    }
    expect(await queries.highestTradeId(SYMBOL)).toBe(tradeAt(rows - 1).trade_id);
  });

  it("give the connection back when the reader throws, and hand the reader's error on", async () => {
    for (let round = 0; round < 6; round++) {
      const reading = (async () => {
        for await (const _ of queries.tradesSince(SYMBOL, at(0))) throw new RangeError("reader's own");
      })();
      expect(await rejection(reading)).toBeInstanceOf(RangeError);
    }
    expect(await queries.highestTradeId("ETHUSDT")).toBe(tradeAt(1).trade_id);
  });

  it("stream quotes by update id, and leave late ones out of a look-back", async () => {
    const between = await all(
      queries.quotesBetween({ symbol: SYMBOL, from_us: at(0), to_us: quoteAt(300).ts_us }),
    );
    expect(between).toEqual(Array.from({ length: 300 }, (_, i) => quoteAt(i)));
    const since = await all(queries.quotesSince(SYMBOL, quoteAt(rows - 200).ts_us));
    expect(since).toEqual(
      Array.from({ length: 200 }, (_, i) => rows - 200 + i)
        .filter((i) => i % 100 !== 0)
        .map(quoteAt),
    );
  });

  it("know the last quote and the highest trade id, and say undefined where there is none", async () => {
    expect(await queries.lastQuote(SYMBOL)).toEqual(quoteAt(rows - 1));
    expect(await queries.lastQuote("NONE")).toBeUndefined();
    expect(await queries.lastVectorAt("NONE")).toBeUndefined();
    expect(await queries.highestTradeId("NONE")).toBeUndefined();
  });

  it("go on, after a restart, from nothing that was set aside", async () => {
    expect(await queries.lastTrade("ASIDE")).toMatchObject({ ...tradeAt(1), symbol: "ASIDE" });
    expect(await queries.lastQuote("ASIDE")).toEqual({ ...quoteAt(1), symbol: "ASIDE" });
    expect(await all(queries.quotesSince("ASIDE", at(0)))).toEqual([{ ...quoteAt(1), symbol: "ASIDE" }]);
    const told = await all(queries.tradesSince("ASIDE", at(0)));
    expect(told.map(({ set_aside }) => set_aside)).toEqual([null, "id_ahead"]);
  });

  it("find every gap in the trade ids and no other", async () => {
    expect(await queries.tradeIdGaps(everything)).toEqual([
      {
        from: tradeAt(500).trade_id,
        to: tradeAt(502).trade_id,
        before_us: tradeAt(499).ts_us,
        after_us: tradeAt(503).ts_us,
      },
      {
        from: tradeAt(7_000).trade_id,
        to: tradeAt(7_000).trade_id,
        before_us: tradeAt(6_999).ts_us,
        after_us: tradeAt(7_001).ts_us,
      },
    ]);
  });

  it("tell disconnects, and which gaps were filled", async () => {
    expect(await queries.disconnectsSince(SYMBOL, at(0))).toEqual([disconnectAt(500), disconnectAt(900)]);
    const filled = await queries.disconnectsBetween({
      symbol: SYMBOL,
      from_us: disconnectAt(900).ts_us,
      to_us: at(10 ** 9),
    });
    expect(filled).toEqual([{ event: disconnectAt(900), filled_us: at(77) }]);
  });

  it("give vectors back bit for bit", async () => {
    const vectors = await all(queries.featureVectors({ ...everything, feature_set: "v1" }));
    expect(vectors.length).toBe(30);
    const { names: _, ...vector } = vectorAt(3, [3, Number.NaN, -0]);
    const { values, ...rest } = vectors[3]!;
    const hex = (floats: Float64Array) => Buffer.from(floats.buffer).toString("hex");
    expect({ ...rest, values: hex(values) }).toEqual({
      ...vector,
      values: hex(vector.values),
      closed_us: at(3),
    });
    expect(await all(queries.featureVectors({ ...everything, feature_set: "gold" }))).toEqual([]);
  });

  it("refuse a number that JavaScript could not hold, by code, and go on", async () => {
    await database.sql`
      insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
      values ('HUGE', now(), 9007199254740993, 1, 1, true)`;
    const refused = await rejection(all(queries.tradesSince("HUGE", micros(0))));
    expect(refused).toMatchObject({ code: "STORE_VALUE" });
    expect(await rejection(queries.highestTradeId("HUGE"))).toMatchObject({
      code: "STORE_VALUE",
    });
    expect(await queries.lastQuote(SYMBOL)).toEqual(quoteAt(rows - 1));
  });

  it("say STORE_QUERY for a statement the database refuses", async () => {
    await database.sql`alter table disconnects rename to elsewhere`;
    const refused = await rejection(queries.disconnectsSince(SYMBOL, at(0)));
    await database.sql`alter table elsewhere rename to disconnects`;
    expect(refused).toMatchObject({ code: "STORE_QUERY", message: expect.stringContaining("42P01") });
  });
});

describe("queries without a database", () => {
  it("say STORE_UNREACHABLE, also in the middle of a stream's opening", async () => {
    const sql = connectTo("postgres://nobody@127.0.0.1:1/none");
    const { drizzle } = await import("drizzle-orm/postgres-js");
    const queries = new Queries({ sql, db: drizzle(sql) as unknown as Database["db"] });
    const codes = await Promise.all(
      [
        queries.lastQuote(SYMBOL),
        queries.tradeIdGaps(everything),
        all(queries.tradesSince(SYMBOL, at(0))),
      ].map((asked) =>
        asked.then(
          () => "answered",
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(["STORE_UNREACHABLE", "STORE_UNREACHABLE", "STORE_UNREACHABLE"]);
    await sql.end();
  });
});
