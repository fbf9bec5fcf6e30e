/** When bars are refreshed: pass by pass, behind the writers, again, and from several services at once. */

import { expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { codeOf } from "../../base/rejection.ts";
import { inParts, joinTapes, rawTape, storeTape, TAPE_START_US } from "../raw_tape.ts";
import { onEveryServer } from "../server/servers.ts";
import { FlakyWire } from "../write/flaky_wire.ts";
import { barsWorld, EVERYTHING, HOUR_US, SEC_US } from "./bars_world.ts";
import { differences, naiveBars, type RawTape, storedBars } from "./naive_bars.ts";

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
  const world = barsWorld(server);
  const { refresherOn, closing, differing } = world;

  it("take in, pass by pass, what is stored second by second, and hold no second that is not over", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const refresher = refresherOn(clock);
    const knobs = { from_us: TAPE_START_US, seconds: 700, trades: 2_000, quotes: 2_000, first_id: 1 };
    const tape = rawTape(seededRng(4), { ...knobs, late_share: 0 });
    let stored: RawTape = { trades: [], quotes: [] };
    for (const part of inParts(tape, 20)) {
      await storeTape(world.database.sql, part);
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
      expect(differences(await storedBars(world.database.sql), expected)).toEqual([]);
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
    await storeTape(world.database.sql, tape);
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
    await storeTape(world.database.sql, recent);
    await settle(16_000);
    expect(await differing(joinTapes(tape, recent))).toEqual([]);

    const old = rawTape(seededRng(7), { ...spread, from_us: TAPE_START_US + 10 * SEC_US, first_id: 200_000 });
    const older = rawTape(seededRng(8), {
      ...spread,
      from_us: TAPE_START_US - 30 * 24 * HOUR_US,
      first_id: 300_000,
    });
    await storeTape(world.database.sql, joinTapes(old, older));
    await settle(305_000);
    expect(await differing(joinTapes(tape, recent, old, older))).toEqual([]);
  });

  it("go no further in a table than its writer has had acknowledged, and catch up when it has", async () => {
    const clock = new ManualClock(TAPE_START_US);
    const through = { trades: Number.NEGATIVE_INFINITY, quotes: Number.NEGATIVE_INFINITY };
    const written = { through: (source: "trades" | "quotes") => through[source] };
    const refresher = new Refresher({ database: world.database, clock, log, written });
    closing(refresher);
    const knobs = { from_us: TAPE_START_US, seconds: 600, trades: 2_000, quotes: 2_000, first_id: 1 };
    const tape = rawTape(seededRng(21), { ...knobs, late_share: 0 });
    await storeTape(world.database.sql, tape);
    const newest = async (bars: string): Promise<number> => {
      const [row] = await world.database.sql.unsafe(`select us_of(max(sec)) as us from ${bars}`);
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
      await storeTape(world.database.sql, part);
      stored = joinTapes(stored, part);
      clock.advance(100);
      await refresher.pass();
      if (i === 40) await loseBar(world.database);
    }
    await storeTape(
      world.database.sql,
      rawTape(seededRng(23), { ...knobs, from_us: TAPE_START_US + 120 * SEC_US, first_id: 1_000_000 }),
    );
    clock.advance(100);
    await refresher.pass();
    expect(refresher.stats).toMatchObject({ last_error: undefined });
    expect(refresher.stats.bars_healed).toBeGreaterThan(0);
    // Bars of the later rows are not what this is about.
    const wrong = differences(await storedBars(world.database.sql), naiveBars(stored)).filter(
      (line) => line.startsWith("quotes_1s") && !line.endsWith("expected none"),
    );
    expect(wrong).toEqual([]);
  });

  it("stay as they are when refreshed again, and wait for nothing then", async () => {
    const knobs = { from_us: TAPE_START_US, seconds: 900, trades: 1_000, quotes: 1_000, first_id: 1 };
    await storeTape(world.database.sql, rawTape(seededRng(11), knobs));
    const refresher = refresherOn();
    await refresher.through(EVERYTHING);
    const once = await storedBars(world.database.sql);
    await refresher.through(EVERYTHING);
    await refresherOn().through(EVERYTHING);
    expect(await storedBars(world.database.sql)).toEqual(once);
    if (world.database.capability !== "timescale") {
      expect(await world.database.sql`select from dirty_ranges`).toHaveLength(0);
    }
  });

  it("are refreshed on another connection once one has gone silent, after twice a statement's time", async () => {
    const wire = new FlakyWire(world.database.url);
    await wire.mend();
    const clock = new ManualClock(TAPE_START_US);
    const { capability, server: place, keeper_role } = world.database;
    const connect: Database["connect"] = (options) => connectTo(wire.url, options);
    const refresher = new Refresher({
      database: { connect, capability, server: place, keeper_role },
      ...{ clock, log },
    });
    closing(refresher);
    const shape = { from_us: TAPE_START_US, seconds: 60, trades: 200, quotes: 200, first_id: 1 };
    await storeTape(world.database.sql, rawTape(seededRng(9), shape));
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
        for (const part of inParts(half, 60)) await storeTape(world.database.sql, part);
      }),
    );
    storing = false;
    await asking;
    await job.through(EVERYTHING);
    expect(await differing(tape)).toEqual([]);
    for (const { stats } of services) expect(stats).toMatchObject({ failures: 0, last_error: undefined });
  });
});
