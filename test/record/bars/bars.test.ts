import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, ManualClock, systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { BAR_TABLES, selectOf, upsertOf } from "../../../src/record/bars/bars.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { migrationsFor } from "../../../src/record/sql/migration_files.ts";
import { codeOf } from "../../base/rejection.ts";
import { inParts, joinTapes, rawTape, storeTape, TAPE_START_US } from "../raw_tape.ts";
import { onEveryServer } from "../server/servers.ts";
import { FlakyWire } from "../write/flaky_wire.ts";
import { differences, naiveBars, type RawTape, storedBars } from "./naive_bars.ts";

const SEC_US = 1_000_000;
const HOUR_US = 3_600 * SEC_US;
const EVERYTHING = { from_us: 0, to_us: TAPE_START_US + 365 * 24 * HOUR_US };

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

/** A bar of a second that is over goes, and the server does not know: as where a commit fell between. */
async function loseBar({ sql, capability }: Database): Promise<void> {
  let table = "quote_bars_1s";
  if (capability === "timescale") {
    const [row] = await sql`
      select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as name
      from timescaledb_information.continuous_aggregates
      where view_name = 'quote_bars_1s'`;
    table = row!.name as string;
  }
  const lost = await sql.unsafe(
    `delete from ${table} where sec = (select max(sec) from quote_bars_1s where sec < (select max(sec) from quote_bars_1s))`,
  );
  expect(lost.count).toBeGreaterThan(0);
}

onEveryServer("bars", (server) => {
  let database: Database;
  const refreshers: Refresher[] = [];

  beforeEach(async () => {
    database = await server.openDatabase();
  });

  afterEach(async () => {
    for (const refresher of refreshers.splice(0)) await refresher.close();
    await database.close();
  });

  function refresherOn(clock: Clock = new ManualClock(TAPE_START_US)): Refresher {
    const refresher = new Refresher({ database, clock, log });
    refreshers.push(refresher);
    return refresher;
  }

  const differing = async (tape: RawTape): Promise<string[]> =>
    differences(await storedBars(database.sql), naiveBars(tape)).slice(0, 5);

  it("have the columns, types and order that were agreed", async () => {
    const rows = await database.sql<{ relation: string; columns: string }[]>`
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
      const made = await database.sql<{ relation: string; columns: string }[]>`
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
        await storeTape(database.sql, part);
        const piece_us = from_us + Math.floor(rng.uniform() * 2_000 * SEC_US);
        await refresher.through({ from_us: piece_us, to_us: piece_us + rng.below(400 * SEC_US) });
      }
      stored = joinTapes(stored, tape);
      await refresher.through(EVERYTHING);
      expect(await differing(stored)).toEqual([]);
    }
  });

  it("take in, pass by pass, what is stored second by second, and hold no second that is not over", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const refresher = refresherOn(clock);
    const knobs = { from_us: TAPE_START_US, seconds: 700, trades: 2_000, quotes: 2_000, first_id: 1 };
    const tape = rawTape(seededRng(4), { ...knobs, late_share: 0 });
    let stored: RawTape = { trades: [], quotes: [] };
    for (const part of inParts(tape, 20)) {
      await storeTape(database.sql, part);
      stored = joinTapes(stored, part);
      clock.advance(1_000);
      await refresher.pass();
      expect(refresher.stats).toMatchObject({ last_error: undefined, failures: 0 });
      const newest = Math.max(...[...stored.trades, ...stored.quotes].map(({ ts_us }) => ts_us));
      const before = (bucket_us: number) => (row: { ts_us: number }) =>
        row.ts_us <
        Math.floor(newest / SEC_US) * SEC_US - ((Math.floor(newest / SEC_US) * SEC_US) % bucket_us);
      const over = {
        trades: stored.trades.filter(before(SEC_US)),
        quotes: stored.quotes.filter(before(SEC_US)),
      };
      const expected = {
        ...naiveBars(over),
        trade_sizes_5m: naiveBars({ trades: stored.trades.filter(before(300 * SEC_US)), quotes: [] })
          .trade_sizes_5m,
      };
      expect(differences(await storedBars(database.sql), expected)).toEqual([]);
    }
    // The market falls silent: what is open is taken as it is.
    for (let i = 0; i < 3; i++) {
      clock.advance(16_000);
      await refresher.pass();
    }
    expect(await differing(tape)).toEqual([]);
  });

  it("take in rows that come afterwards: of the last hour within a quarter of a minute, older in five minutes", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const refresher = refresherOn(clock);
    const knobs = { seconds: 7_000, trades: 1_000, quotes: 1_000, first_id: 1 };
    const tape = rawTape(seededRng(5), { ...knobs, from_us: TAPE_START_US });
    await storeTape(database.sql, tape);
    const settle = async (delay_ms: number): Promise<void> => {
      for (let waited = 0; waited <= delay_ms; waited += 4_000) {
        clock.advance(4_000);
        await refresher.pass();
      }
      expect(refresher.stats.last_error).toBe(undefined);
    };
    await settle(40_000);
    expect(await differing(tape)).toEqual([]);

    const spread = { seconds: 100, trades: 50, quotes: 50, late_share: 0.2 };
    const recent = rawTape(seededRng(6), {
      ...spread,
      from_us: TAPE_START_US + 6_500 * SEC_US,
      first_id: 100_000,
    });
    await storeTape(database.sql, recent);
    await settle(16_000);
    expect(await differing(joinTapes(tape, recent))).toEqual([]);

    const old = rawTape(seededRng(7), { ...spread, from_us: TAPE_START_US + 10 * SEC_US, first_id: 200_000 });
    const older = rawTape(seededRng(8), {
      ...spread,
      from_us: TAPE_START_US - 30 * 24 * HOUR_US,
      first_id: 300_000,
    });
    await storeTape(database.sql, joinTapes(old, older));
    await settle(305_000);
    expect(await differing(joinTapes(tape, recent, old, older))).toEqual([]);
  });

  it("go no further in a table than its writer has had acknowledged, and catch up when it has", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const through = { trades: Number.NEGATIVE_INFINITY, quotes: Number.NEGATIVE_INFINITY };
    const written = { through: (source: "trades" | "quotes") => through[source] };
    const refresher = new Refresher({ database, clock, log, written });
    refreshers.push(refresher);
    const knobs = { from_us: TAPE_START_US, seconds: 600, trades: 2_000, quotes: 2_000, first_id: 1 };
    const tape = rawTape(seededRng(21), { ...knobs, late_share: 0 });
    await storeTape(database.sql, tape);
    const newest = async (bars: string): Promise<number> => {
      const [row] = await database.sql.unsafe(`select us_of(max(sec)) as us from ${bars}`);
      return Number(row!.us ?? 0);
    };
    const passes = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        clock.advance(4_000);
        await refresher.pass();
        expect(refresher.stats.last_error).toBe(undefined);
      }
    };
    await passes();
    expect([await newest("bars_1s"), await newest("quotes_1s")]).toEqual([0, 0]);
    expect(await codeOf(refresher.through(EVERYTHING))).toBe("STORE_QUERY");
    // Trades are ahead, as one transaction is of the other.
    through.trades = TAPE_START_US + 400.5 * SEC_US;
    through.quotes = TAPE_START_US + 100.5 * SEC_US;
    await passes();
    const before = (us: number, rows: readonly { ts_us: number }[]): number =>
      Math.floor(Math.max(...rows.map(({ ts_us }) => ts_us).filter((ts_us) => ts_us < us)) / SEC_US) * SEC_US;
    expect(await newest("bars_1s")).toBe(before(TAPE_START_US + 400 * SEC_US, tape.trades));
    expect(await newest("quotes_1s")).toBe(before(TAPE_START_US + 100 * SEC_US, tape.quotes));
    through.trades = through.quotes = Number.POSITIVE_INFINITY;
    await passes();
    await refresher.through(EVERYTHING);
    expect(await differing(tape)).toEqual([]);
  });

  it("are held against their rows before they are left behind: what was missed is computed again and counted", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const refresher = refresherOn(clock);
    const knobs = { from_us: TAPE_START_US, seconds: 60, trades: 600, quotes: 600, first_id: 1 };
    const parts = inParts(rawTape(seededRng(22), { ...knobs, late_share: 0 }), 60);
    let stored: RawTape = { trades: [], quotes: [] };
    for (const [i, part] of parts.entries()) {
      await storeTape(database.sql, part);
      stored = joinTapes(stored, part);
      clock.advance(100);
      await refresher.pass();
      if (i === 40) await loseBar(database);
    }
    await storeTape(
      database.sql,
      rawTape(seededRng(23), { ...knobs, from_us: TAPE_START_US + 120 * SEC_US, first_id: 1_000_000 }),
    );
    clock.advance(100);
    await refresher.pass();
    expect(refresher.stats).toMatchObject({ last_error: undefined });
    expect(refresher.stats.bars_healed).toBeGreaterThan(0);
    // Bars of the later rows are not what this is about.
    const wrong = differences(await storedBars(database.sql), naiveBars(stored)).filter(
      (line) => line.startsWith("quotes_1s") && !line.endsWith("expected none"),
    );
    expect(wrong).toEqual([]);
  });

  it("take first and last by the numbering before the id: a new one begins below the old", async () => {
    const [sec_us, symbol] = [TAPE_START_US, "BTCUSDT"];
    // Of the old numbering ids 900 and 901, of the new one 1 and 2, all within a second, told out of order.
    await database.sql.unsafe(`
      insert into trades (symbol, ts, trade_id, epoch, price_e8, qty_e8, is_buyer_maker)
      values ('${symbol}', at_us(${sec_us + 800_000}), 2, 1, 400, 4, false),
        ('${symbol}', at_us(${sec_us + 100_000}), 900, 0, 100, 1, true),
        ('${symbol}', at_us(${sec_us + 600_000}), 1, 1, 300, 3, true),
        ('${symbol}', at_us(${sec_us + 300_000}), 901, 0, 200, 2, false)`);
    await database.sql.unsafe(`
      insert into quotes (symbol, ts, update_id, epoch, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8)
      values ('${symbol}', at_us(${sec_us + 700_000}), 5, 1, 300, 1, 301, 1),
        ('${symbol}', at_us(${sec_us + 200_000}), 7000, 0, 100, 1, 101, 1)`);
    await refresherOn().through(EVERYTHING);
    const [bar] = await database.sql`
      select n::int, open_e8::int, close_e8::int, first_trade_id::int, last_trade_id::int, epoch from bars_1s`;
    expect(bar).toEqual({
      ...{ n: 4, open_e8: 100, close_e8: 400, first_trade_id: 900, last_trade_id: 2, epoch: 1 },
    });
    const [ends] = await database.sql`
      select first_epoch, first_id::int, last_epoch, last_id::int, n_ids::int from trade_bars_1s`;
    expect(ends).toEqual({ first_epoch: 0, first_id: 900, last_epoch: 1, last_id: 2, n_ids: 4 });
    const [quote] = await database.sql`select update_id::int, bid_price_e8::int, epoch from quotes_1s`;
    expect(quote).toEqual({ update_id: 5, bid_price_e8: 300, epoch: 1 });
  });

  it("hold no trade or quote that was marked late", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 60, trades: 100, quotes: 100, first_id: 1 };
    const tape = rawTape(seededRng(9), { ...knobs, late_share: 1 });
    await storeTape(database.sql, tape);
    await refresherOn().through(EVERYTHING);
    const bars = await storedBars(database.sql);
    expect([bars.bars_1s.size, bars.quotes_1s.size, bars.trade_sizes_5m.size]).toEqual([0, 0, 0]);
  });

  it("follow a row that is corrected, by any writer", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 300, trades: 500, quotes: 500, first_id: 1 };
    const tape = rawTape(seededRng(10), knobs);
    const refresher = refresherOn();
    await storeTape(database.sql, tape);
    await refresher.through(EVERYTHING);
    await database.sql`update trades set qty_e8 = 77000 where trade_id % 5 = 0`;
    await database.sql`update quotes set bid_qty_e8 = 78000 where update_id % 5 = 0`;
    await refresher.through(EVERYTHING);
    const corrected = {
      trades: tape.trades.map((row) => (row.trade_id % 5 === 0 ? { ...row, qty_e8: 77_000 } : row)),
      quotes: tape.quotes.map((row) => (row.update_id % 5 === 0 ? { ...row, bid_qty_e8: 78_000 } : row)),
    };
    expect(await differing(corrected)).toEqual([]);
  });

  it("stay as they are when refreshed again, and wait for nothing then", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 900, trades: 1_000, quotes: 1_000, first_id: 1 };
    await storeTape(database.sql, rawTape(seededRng(11), knobs));
    const refresher = refresherOn();
    await refresher.through(EVERYTHING);
    const once = await storedBars(database.sql);
    await refresher.through(EVERYTHING);
    await refresherOn().through(EVERYTHING);
    expect(await storedBars(database.sql)).toEqual(once);
    if (database.capability !== "timescale") {
      expect(await database.sql`select from dirty_ranges`).toHaveLength(0);
    }
  });

  it("are refreshed on another connection once one has gone silent, after twice a statement's time", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    const clock = new ManualClock(TAPE_START_US);
    const { capability, server: place, keeper_role } = database;
    const connect: Database["connect"] = (options) => connectTo(wire.url, options);
    const refresher = new Refresher({
      database: { connect, capability, server: place, keeper_role },
      ...{ clock, log },
    });
    refreshers.push(refresher);
    const shape = { from_us: TAPE_START_US, seconds: 60, trades: 200, quotes: 200, first_id: 1 };
    await storeTape(database.sql, rawTape(seededRng(9), shape));
    await refresher.pass();
    expect(refresher.stats).toMatchObject({ passes: 1, last_error: undefined });

    wire.silence();
    const pass = refresher.pass();
    await new Promise((done) => setImmediate(done));
    clock.advance(2 * LIMITS.refresh_timeout_ms - 1);
    await new Promise((done) => setImmediate(done));
    expect(refresher.stats.passes).toBe(1);
    clock.advance(1);
    await pass;
    expect(refresher.stats).toMatchObject({ failures: 1, last_error: { code: "STORE_UNREACHABLE" } });
    await wire.cut();
    await wire.mend();
    await refresher.pass();
    expect(refresher.stats).toMatchObject({ passes: 3, failures: 1, last_error: undefined });
    await refresher.close();
    await wire.cut();
  });

  it("lose nothing while rows are stored, two services refresh and a job asks for everything", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 1_000, trades: 6_000, quotes: 6_000, first_id: 1 };
    const tape = rawTape(seededRng(12), knobs);
    const services = [refresherOn(systemClock), refresherOn(systemClock)];
    const job = refresherOn(systemClock);
    for (const service of services) service.start();
    let storing = true;
    const asking = (async () => {
      while (storing) await job.through(EVERYTHING);
    })();
    const halves = inParts(tape, 2);
    await Promise.all(
      halves.map(async (half) => {
        for (const part of inParts(half, 60)) await storeTape(database.sql, part);
      }),
    );
    storing = false;
    await asking;
    await job.through(EVERYTHING);
    expect(await differing(tape)).toEqual([]);
    for (const { stats } of services) expect(stats).toMatchObject({ failures: 0, last_error: undefined });
  });
});
