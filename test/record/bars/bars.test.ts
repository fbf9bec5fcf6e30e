/** What bars hold: the agreed columns, what a naive recomputation holds, and of whatever order and correction the rows came in. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { BAR_TABLES, selectOf, upsertOf } from "../../../src/record/bars/bars.ts";
import { migrationsFor } from "../../../src/record/sql/install/migration_files.ts";
import { inParts, joinTapes, rawTape, storeTape, TAPE_START_US } from "../raw_tape.ts";
import { onEveryServer } from "../server/servers.ts";
import { barsWorld, EVERYTHING, HOUR_US, SEC_US } from "./bars_world.ts";
import { type RawTape, storedBars } from "./naive_bars.ts";

describe("the definition of bars", () => {
  it("is one text: that of the continuous aggregate is the one tables are filled by", () => {
    const caggs = migrationsFor("timescale").map(({ text }) => text);
    for (const bars of BAR_TABLES) {
      const body = selectOf(bars);
      expect(caggs.filter((text) => text.includes(`\nas\n${body}\nwith no data;`))).toHaveLength(1);
      expect(upsertOf(bars)).toContain(`)\n${body}\non conflict`);
      expect(body).toBe(readFileSync(`sql/bars/${bars.name}.sql`, "utf8").trimEnd());
    }
  });
});

onEveryServer("bars", (server) => {
  const world = barsWorld(server);
  const { refresherOn, differing } = world;

  it("have the columns, types and order that were agreed", async () => {
    const rows = await world.database.sql<{ relation: string; columns: string }[]>`
      select attrelid::regclass::text as relation,
        string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) as columns
      from pg_attribute
      where attrelid in ('bars_1s'::regclass, 'quotes_1s'::regclass, 'trade_sizes_5m'::regclass) and attnum > 0
      group by attrelid`;
    const columns = Object.fromEntries(rows.map((row) => [row.relation, row.columns]));
    expect(columns).toEqual({
      bars_1s:
        "symbol text, sec timestamp with time zone, n bigint, n_buy bigint, n_single bigint, open_e8 bigint, high_e8 bigint, " +
        "low_e8 bigint, close_e8 bigint, first_trade_id bigint, last_trade_id bigint, last_trade_ts_us bigint, " +
        "buy_qty_e8 numeric, sell_qty_e8 numeric, notional_e16 numeric, qty_max_e8 bigint, " +
        "received_at timestamp with time zone, epoch integer",
      quotes_1s:
        "symbol text, sec timestamp with time zone, n_quotes bigint, update_id bigint, ts_us bigint, " +
        "bid_price_e8 bigint, bid_qty_e8 bigint, ask_price_e8 bigint, ask_qty_e8 bigint, " +
        "received_at timestamp with time zone, epoch integer",
      trade_sizes_5m: "symbol text, block timestamp with time zone, n bigint, qty_p95_e8 bigint",
    });
    for (const { name, columns: listed } of BAR_TABLES) {
      const made = await world.database.sql<{ relation: string; columns: string }[]>`
        select attrelid::regclass::text as relation, string_agg(attname::text, ',' order by attnum) as columns
        from pg_attribute
        where attrelid in (${name}::regclass, ${`${name}_kept`}::regclass) and attnum > 0 and not attisdropped
        group by attrelid`;
      expect(made.map(({ columns: found }) => found.split(","))).toEqual([listed, listed]);
    }
  });

  it("equal a naive recomputation, whatever the pieces they were refreshed in", async () => {
    const refresher = refresherOn();
    let stored: RawTape = { trades: [], quotes: [] };
    for (const seed of [1, 2, 3]) {
      const rng = seededRng(seed);
      const from_us = TAPE_START_US + seed * 7 * HOUR_US - 600 * SEC_US;
      const first_id = seed * 1_000_000;
      const tape = rawTape(rng, { from_us, seconds: 2_000, trades: 3_000, quotes: 3_000, first_id });
      for (const part of inParts(tape, 7)) {
        await storeTape(world.database.sql, part);
        const piece_us = from_us + Math.floor(rng.uniform() * 2_000 * SEC_US);
        await refresher.through({ from_us: piece_us, to_us: piece_us + rng.below(400 * SEC_US) });
      }
      stored = joinTapes(stored, tape);
      await refresher.through(EVERYTHING);
      expect(await differing(stored)).toEqual([]);
    }
  });

  it("take first and last by the numbering before the id: a new one begins below the old", async () => {
    const [sec_us, symbol] = [TAPE_START_US, "BTCUSDT"];
    // Of the old numbering ids 900 and 901, of the new one 1 and 2, all within a second, told out of order.
    await world.database.sql.unsafe(`
      insert into trades (symbol, ts, trade_id, epoch, price_e8, qty_e8, is_buyer_maker)
      values ('${symbol}', at_us(${sec_us + 800_000}), 2, 1, 400, 4, false),
        ('${symbol}', at_us(${sec_us + 100_000}), 900, 0, 100, 1, true),
        ('${symbol}', at_us(${sec_us + 600_000}), 1, 1, 300, 3, true),
        ('${symbol}', at_us(${sec_us + 300_000}), 901, 0, 200, 2, false)`);
    await world.database.sql.unsafe(`
      insert into quotes (symbol, ts, update_id, epoch, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8)
      values ('${symbol}', at_us(${sec_us + 700_000}), 5, 1, 300, 1, 301, 1),
        ('${symbol}', at_us(${sec_us + 200_000}), 7000, 0, 100, 1, 101, 1)`);
    await refresherOn().through(EVERYTHING);
    const [bar] = await world.database.sql`
      select n::int, open_e8::int, close_e8::int, first_trade_id::int, last_trade_id::int, epoch from bars_1s`;
    expect(bar).toEqual({
      ...{ n: 4, open_e8: 100, close_e8: 400, first_trade_id: 900, last_trade_id: 2, epoch: 1 },
    });
    const [ends] = await world.database.sql`
      select first_epoch, first_id::int, last_epoch, last_id::int, n_ids::int from trade_bars_1s`;
    expect(ends).toEqual({ first_epoch: 0, first_id: 900, last_epoch: 1, last_id: 2, n_ids: 4 });
    const [quote] = await world.database.sql`select update_id::int, bid_price_e8::int, epoch from quotes_1s`;
    expect(quote).toEqual({ update_id: 5, bid_price_e8: 300, epoch: 1 });
  });

  it("hold no trade or quote that was marked late", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 60, trades: 100, quotes: 100, first_id: 1 };
    const tape = rawTape(seededRng(9), { ...knobs, late_share: 1 });
    await storeTape(world.database.sql, tape);
    await refresherOn().through(EVERYTHING);
    const bars = await storedBars(world.database.sql);
    expect([bars.bars_1s.size, bars.quotes_1s.size, bars.trade_sizes_5m.size]).toEqual([0, 0, 0]);
  });

  it("follow a row that is corrected, by any writer", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 300, trades: 500, quotes: 500, first_id: 1 };
    const tape = rawTape(seededRng(10), knobs);
    const refresher = refresherOn();
    await storeTape(world.database.sql, tape);
    await refresher.through(EVERYTHING);
    await world.database.sql`update trades set qty_e8 = 77000 where trade_id % 5 = 0`;
    await world.database.sql`update quotes set bid_qty_e8 = 78000 where update_id % 5 = 0`;
    await refresher.through(EVERYTHING);
    const corrected = {
      trades: tape.trades.map((row) => (row.trade_id % 5 === 0 ? { ...row, qty_e8: 77_000 } : row)),
      quotes: tape.quotes.map((row) => (row.update_id % 5 === 0 ? { ...row, bid_qty_e8: 78_000 } : row)),
    };
    expect(await differing(corrected)).toEqual([]);
  });
});
