/**
 * What SQL takes for known: a missing day, missing ids, the time before the first and after the last row, breaks dated
 * where the data ended, bars that are behind their rows. From any source: rows here come by plain INSERTs.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { Database } from "../../../src/record/database.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { isBornOut, missingIds } from "../naive/known.ts";
import { bitsOf, insert, labels, warmOf } from "./plain_rows.ts";
import { refreshBars, sqlVectors } from "./sql_world.ts";

/** The start of a five-minute block. */
const T0 = 1_700_000_100;
const DAY_S = 86_400;
const HORIZON_S = 10;

onEveryServer("known stretches", (server) => {
  let database: Database;
  beforeAll(async () => {
    database = await server.openDatabase();
  });

  const vectors = (symbol: string, from_t: number, to_t: number) =>
    sqlVectors(database.sql, v1, symbol, from_t, to_t);

  /** The instants that the referee calls warm, from the rows alone. */
  async function expectedWarm(symbol: string, from_t: number, to_t: number): Promise<number[]> {
    const rows = await database.sql<{ trade_id: string; us: string }[]>`
      select trade_id, us_of(ts) as us from trades where symbol = ${symbol}`;
    const trades = rows.map(({ trade_id, us }) => ({ trade_id: Number(trade_id), ts_us: Number(us) }));
    const first_us = Math.min(...trades.map(({ ts_us }) => ts_us));
    const newest = { ts_us: Math.max(...trades.map(({ ts_us }) => ts_us)) };
    const holes = [{ from_sec: 0, until_sec: Math.floor(first_us / 1e6) }, ...missingIds(trades)];
    return Array.from({ length: to_t - from_t }, (_, i) => from_t + i).filter((t) =>
      isBornOut(v1, t, [newest], holes),
    );
  }

  describe("a missing day", () => {
    const next = T0 + 900 + DAY_S;
    beforeAll(async () => {
      await insert(database, "DAY", { from_sec: T0, seconds: 900, first_id: 1_000 });
      await insert(database, "DAY", { from_sec: next, seconds: 900, first_id: 5_000_000 });
      await refreshBars(database);
    });

    it("has no warm vector and no label, where 86,399 of 86,399 were warm and label_last was 0", async () => {
      const rows = await vectors("DAY", T0 + 901, next);
      expect(rows.size).toBe(DAY_S - 1);
      expect(warmOf(rows)).toEqual([]);
      expect(
        [...rows.values()].filter(({ values }) => !Number.isNaN(values[v1.names.indexOf("spread")]!)),
      ).toEqual([]);
      expect((await labels(database, "DAY", T0 + 901, next)).size).toBe(0);
      // From one day into the other neither.
      const before = await labels(database, "DAY", T0 + 880, T0 + 901);
      const known = [...before].filter(([, { label_last }]) => label_last !== null).map(([t]) => t);
      expect(known).toEqual([...before.keys()].filter((t) => t + HORIZON_S <= T0 + 899));
      expect(known.length).toBeGreaterThan(0);
    });

    it("leaves warm what the referee calls warm, on both sides", async () => {
      for (const from of [T0, next]) {
        const expected = await expectedWarm("DAY", from, from + 900);
        expect(warmOf(await vectors("DAY", from, from + 900))).toEqual(expected);
        expect(expected.length).toBe(300);
      }
    });
  });

  describe("missing ids", () => {
    beforeAll(async () => {
      await insert(database, "IDS", { from_sec: T0, seconds: 1_800, first_id: 1 });
      await database.sql`
        delete from trades
        where symbol = 'IDS' and ts >= at_sec(${T0 + 700}) and ts < at_sec(${T0 + 790})`;
      await refreshBars(database);
    });

    it("of 90 s make every look-back cold that meets them, whatever is asked for", async () => {
      const expected = await expectedWarm("IDS", T0, T0 + 1_800);
      expect(warmOf(await vectors("IDS", T0, T0 + 1_800))).toEqual(expected);
      expect(expected.includes(T0 + 699)).toBe(true);
      expect(expected.includes(T0 + 700)).toBe(false);
      expect(expected.filter((t) => t > T0 + 701).length).toBeGreaterThan(300);
      for (const from_t of [T0 + 695, T0 + 740, T0 + 1_150, T0 + 1_195]) {
        const rows = warmOf(await vectors("IDS", from_t, from_t + 10));
        expect(rows).toEqual(expected.filter((t) => t >= from_t && t < from_t + 10));
      }
    });

    it("break the label on the last trade and not the one on quotes", async () => {
      const rows = await labels(database, "IDS", T0 + 680, T0 + 700);
      for (const [t, { label_last, label_mid }] of rows) {
        expect([t, label_last === null]).toEqual([t, t + HORIZON_S > T0 + 699]);
        expect([t, label_mid === null]).toEqual([t, false]);
      }
      expect(rows.size).toBe(20);
    });

    it("the exchange has no trade of, as it has said twice, are no hole; others beside them are", async () => {
      await insert(database, "ABSENT", { from_sec: T0, seconds: 1_500, first_id: 1 });
      // Within one second, across ninety, and across two while one more is missing.
      const gaps = [
        [1_202, 1_202],
        [1_601, 1_780],
      ] as const;
      for (const [from, to] of [...gaps, [2_401, 2_403] as const]) {
        await database.sql`delete from trades where symbol = 'ABSENT' and trade_id between ${from} and ${to}`;
      }
      await refreshBars(database);
      const cold = async (): Promise<number[]> => {
        const warm = new Set(warmOf(await vectors("ABSENT", T0 + 600, T0 + 1_500)));
        return Array.from({ length: 900 }, (_, i) => i + 600).filter((sec) => !warm.has(T0 + sec));
      };
      const say = async (from: number, to: number, answers: number): Promise<unknown> => database.sql`
        insert into absent_trades (symbol, from_id, to_id, answers, asked_at)
        values ('ABSENT', ${from}, ${to}, ${answers}, now())
        on conflict (symbol, epoch, from_id, to_id) do update set answers = excluded.answers`;
      const before = await cold();
      for (const [from, to] of gaps) await say(from, to, LIMITS.repair_absent_answers - 1);
      await say(2_401, 2_402, LIMITS.repair_absent_answers);
      expect(await cold()).toEqual(before);
      for (const [from, to] of gaps) await say(from, to, LIMITS.repair_absent_answers);
      const after = await cold();
      // Trade 2,403 is missing still, somewhere between those on either side.
      expect([after[0], after.at(-1)]).toEqual([1_200, 1_499]);
      await say(2_403, 2_403, LIMITS.repair_absent_answers);
      expect(await cold()).toEqual([]);
    });

    it("are the holes that the check of unmarked gaps reports, and late trades are none", async () => {
      await insert(database, "LATE", { from_sec: T0, seconds: 700, first_id: 1 });
      await database.sql`update trades set late = true where symbol = 'LATE' and trade_id between 1201 and 1210`;
      await refreshBars(database);
      expect(warmOf(await vectors("LATE", T0 + 600, T0 + 690)).length).toBe(90);
    });
  });

  it("before the first row and past the last nothing is warm, and no label reaches past the end", async () => {
    await insert(database, "ENDS", { from_sec: T0, seconds: 900, first_id: 1 });
    await refreshBars(database);
    const warm = warmOf(await vectors("ENDS", T0 - 400, T0 + 1_500));
    expect(warm).toEqual(await expectedWarm("ENDS", T0 - 400, T0 + 1_500));
    expect([warm[0], warm.at(-1)]).toEqual([T0 + 600, T0 + 899]);
    const known = await labels(database, "ENDS", T0 - 400, T0 + 1_500);
    const last = [...known]
      .filter(([, label]) => label.label_last !== null || label.label_mid !== null)
      .at(-1)!;
    expect(last[0]).toBe(T0 + 899 - HORIZON_S);
  });

  it("a backfill and the first run of a service are two stretches, though no break says so", async () => {
    await insert(database, "BACKFILL", { from_sec: T0, seconds: 900, first_id: 1 });
    // Hours later the service begins; 100,000 trades were between.
    await insert(database, "BACKFILL", { from_sec: T0 + 7_200, seconds: 900, first_id: 101_801 });
    await refreshBars(database);
    const warm = warmOf(await vectors("BACKFILL", T0 + 7_200, T0 + 8_100));
    expect(warm).toEqual(await expectedWarm("BACKFILL", T0 + 7_200, T0 + 8_100));
    expect(warm[0]).toBe(T0 + 7_800);
  });

  it("data goes on after a time with the next row of either kind, or never", async () => {
    await insert(database, "AFTER", { from_sec: T0, seconds: 60, first_id: 1 });
    await insert(database, "AFTER", { from_sec: T0 + 100, seconds: 60, first_id: 1_000 });
    await database.sql`delete from trades where symbol = 'AFTER' and ts < at_sec(${T0 + 110}) and ts >= at_sec(${T0 + 100})`;
    const after = async (us: number): Promise<number> => {
      const [row] = await database.sql<{ us: string }[]>`
        select first_after('AFTER', at_us(${us}::bigint), bar_places_of('trade_bars_1s', 'trades', 'AFTER'),
          bar_places_of('quote_bars_1s', 'quotes', 'AFTER')) as us`;
      return Number(row!.us);
    };
    const us = (sec: number, within_us: number): number => (T0 + sec) * 1e6 + within_us;
    for (const refreshed of [false, true]) {
      if (refreshed) await refreshBars(database);
      // Within a second, later trades and quotes of it count; after its last row, the next second's.
      expect(await after(us(10, 50_000))).toBe(us(10, 50_000));
      expect(await after(us(10, 599_999))).toBe(us(10, 599_999));
      expect(await after(us(10, 600_000))).toBe(us(11, 0));
      // Across the silence: to a quote, which comes before the first trade.
      expect(await after(us(59, 900_000))).toBe(us(100, 0));
      expect(await after(us(80, 0))).toBe(us(100, 0));
      expect(await after(us(159, 600_000))).toBe(Number.MAX_SAFE_INTEGER);
    }
  });

  describe("a break", () => {
    const ended_us = (T0 + 700) * 1e6 + 300_000;
    const mark = (symbol: string, stream: string, filled: boolean) => database.sql`
      insert into disconnects (symbol, ts, reason, received_at, stream, until, noticed, filled_at)
      values (${symbol}, at_us(${ended_us}::bigint), 'stale', at_sec(${T0 + 712}), ${stream},
        at_us(${ended_us + 11_000_000}::bigint), at_sec(${T0 + 711}), ${filled ? database.sql`now()` : null})`;
    beforeAll(async () => {
      for (const [symbol, stream] of [
        ["QUOTES", "quote"],
        ["ALL", "all"],
        ["FILLED", "all"],
      ] as const) {
        await insert(database, symbol, { from_sec: T0, seconds: 1_500, first_id: 1 });
        await database.sql`
          delete from quotes
          where symbol = ${symbol} and ts > at_us(${ended_us}::bigint) and ts < at_us(${ended_us + 11_000_000}::bigint)`;
        await mark(symbol, stream, symbol === "FILLED");
      }
      await refreshBars(database);
    });

    it("is dated where the data ended: no label on quotes crosses it, also of the seconds before it was noticed", async () => {
      const rows = await labels(database, "FILLED", T0 + 685, T0 + 725);
      for (const [t, { label_mid, label_last }] of rows) {
        const crosses = t + HORIZON_S > T0 + 700 && t < T0 + 712;
        expect([t, label_mid === null]).toEqual([t, crosses]);
        expect([t, label_last === null]).toEqual([t, false]);
      }
      expect(rows.size).toBe(40);
    });

    it("of the quotes leaves the trades' windows warm and their own columns null until the next quote", async () => {
      for (const symbol of ["QUOTES", "FILLED"]) {
        const rows = await vectors(symbol, T0 + 695, T0 + 720);
        for (const [t, { warm, values }] of rows) {
          const null_spread = Number.isNaN(values[v1.names.indexOf("spread")]!);
          expect([symbol, t, warm, null_spread]).toEqual([symbol, t, true, t > T0 + 700 && t < T0 + 712]);
        }
      }
    });

    it("whose trades were not fetched makes every look-back cold that meets its interval, and no other", async () => {
      const warm = new Set(warmOf(await vectors("ALL", T0 + 600, T0 + 1_500)));
      for (let t = T0 + 600; t < T0 + 1_500; t++) {
        const start = Math.floor(t / 300) * 300 - 300;
        const meets = ended_us < t * 1e6 && ended_us + 11_000_000 >= start * 1e6;
        expect([t, warm.has(t)]).toEqual([t, !meets]);
      }
    });
  });

  it("bars that are behind their rows change no value: right after a stop, and where rows came below", async () => {
    await insert(database, "BEHIND", { from_sec: T0, seconds: 700, first_id: 1 });
    await refreshBars(database);
    // Rows above what bars hold, and rows between: backfilled quotes and trades of seconds that are done.
    await database.sql`
      insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
      select symbol, ts + interval '200 milliseconds', trade_id + 5000000, price_e8 + 7000000, qty_e8, is_buyer_maker
      from trades
      where symbol = 'BEHIND' and ts >= at_sec(${T0 + 500}) and ts < at_sec(${T0 + 530})`;
    await insert(database, "BEHIND", { from_sec: T0 + 700, seconds: 625, first_id: 1_401 });
    const behind = await vectors("BEHIND", T0, T0 + 1_400);
    const behind_labels = await labels(database, "BEHIND", T0, T0 + 1_400);
    await refreshBars(database);
    const refreshed = await vectors("BEHIND", T0, T0 + 1_400);
    expect(bitsOf(behind)).toEqual(bitsOf(refreshed));
    expect(behind_labels).toEqual(await labels(database, "BEHIND", T0, T0 + 1_400));
    const spread = v1.names.indexOf("spread");
    const without = [...behind].filter(
      ([t, { values }]) => t > T0 + 1 && t <= T0 + 1_325 && Number.isNaN(values[spread]!),
    );
    expect(without).toEqual([]);
  });
});
