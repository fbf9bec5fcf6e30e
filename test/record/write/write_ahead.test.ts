/** What the writer keeps on disk while the database is away. */

import { rmSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import type { ConnectOptions, Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { Writer, type WriterOptions } from "../../../src/record/write/writer.ts";
import { met } from "../../met.ts";
import { outcomeAt, predictionAt, quoteAt, START_US, SYMBOL, tradeAt, vectorAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";
import { FaultyDisk } from "./faulty_disk.ts";
import { FlakyWire } from "./flaky_wire.ts";
import { logLines } from "./log_lines.ts";

onEveryServer("write-ahead", (server) => {
  let database: Database;
  let data_dir = "";
  let wire: FlakyWire;
  const writers: Writer[] = [];

  beforeAll(async () => {
    database = await server.openDatabase();
  });
  beforeEach(async () => {
    data_dir = tempDir();
    wire = new FlakyWire(database.url);
    await wire.mend();
    await database.sql`truncate trades, quotes, disconnects, book_1s, features_live, predictions, outcomes`;
  });
  afterEach(async () => {
    await wire.cut();
    for (const writer of writers.splice(0)) await writer.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  function writerTo(url: string, options: Partial<WriterOptions> = {}): Writer {
    const connect = (settings?: ConnectOptions) => connectTo(url, settings);
    const writer = new Writer({
      ...{ database: { connect, data_dir }, clock, log: silentLogger, flush_interval_ms: 5 },
      ...options,
    });
    writers.push(writer);
    return writer;
  }

  const tradeIds = async (): Promise<number[]> =>
    (await database.sql`select trade_id from trades order by trade_id`).map((row) => Number(row.trade_id));
  const idsUpTo = (n: number): number[] => Array.from({ length: n }, (_, i) => tradeAt(i).trade_id);
  /** As a feed gives them: some, then the event loop runs. */
  async function give(writer: Writer, from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) {
      writer.trade(tradeAt(i), false);
      writer.quote({ ...quoteAt(i), symbol: i % 2 === 0 ? SYMBOL : "ETHUSDT" }, false);
      if (i % 50 === 49) await new Promise((resume) => setImmediate(resume));
    }
  }

  it("has everything on disk soon after the database stopped taking rows, so that the process may be killed", async () => {
    await wire.cut();
    const killed = writerTo(wire.url, { ahead_after_ms: 50 });
    await give(killed, 0, 3_000);
    killed.features(vectorAt(1, [-0, Number.NaN]), micros(START_US));
    killed.prediction(predictionAt(1, -2.5e-5));
    killed.outcome(outcomeAt(1, null));
    await met("what is asked of the writer", () => killed.stats.queue_rows_unsafe === 0);
    expect(killed.stats).toMatchObject({ queue_rows: 6_003, rows_spilled: 0, rows_lost: 0 });
    // Nothing more of it is used: what the next process finds is what is on disk.
    const next = writerTo(database.url);
    await next.drained(0);
    expect(await tradeIds()).toEqual(idsUpTo(3_000));
    expect(next.stats.written).toMatchObject({ trades: 3_000, quotes: 3_000, predictions: 1, outcomes: 1 });
    const [vector] = await database.sql`select values from features_live`;
    expect(vector!.values).toBe("{-0,NULL}");
  });

  it("writes from memory what it had written ahead, each row once, and leaves nothing on disk", async () => {
    const writer = writerTo(wire.url, { ahead_after_ms: 50, batch_rows_max: 300 });
    await give(writer, 0, 500);
    await writer.flush();
    await wire.cut();
    await give(writer, 500, 1_500);
    await met(
      "what is asked of the writer",
      () => writer.stats.queue_rows_unsafe === 0 && writer.stats.journal_bytes > 0,
    );
    expect(writer.stats.behind).toBe(true);
    await wire.mend();
    await give(writer, 1_500, 2_000);
    await writer.drained(0);
    expect(await tradeIds()).toEqual(idsUpTo(2_000));
    expect(writer.stats).toMatchObject({ rows_known: 0, rows_spilled: 0, rows_lost: 0, behind: false });
    await met("what is asked of the writer", () => writer.stats.journal_bytes === 0);
  });

  it("goes on writing the other tables while one is missing or forbidden, and that one once it is back", async () => {
    const { log, lines } = logLines();
    const writer = writerTo(database.url, { log, ahead_after_ms: 50 });
    const { sql } = database;
    await sql`alter table features_live rename to features_elsewhere`;
    try {
      for (let i = 0; i < 20; i++) {
        writer.features(vectorAt(i, [i]), micros(START_US));
        writer.prediction(predictionAt(i));
        await give(writer, 10 * i, 10 * i + 10);
        await met("what is asked of the writer", () => writer.stats.written.trades === 10 * i + 10);
      }
      await met(
        "what is asked of the writer",
        () => writer.stats.written.predictions === 20 && writer.stats.written.quotes === 200,
      );
      expect(writer.stats.tables_failing.map(({ table }) => table)).toEqual(["features_live"]);
      expect(writer.stats.last_error?.message).toContain("features_live");
      await met("what is asked of the writer", () => writer.stats.queue_rows_unsafe === 0);
    } finally {
      await sql`alter table features_elsewhere rename to features_live`;
    }
    await writer.drained(0);
    expect(writer.stats.written.features_live).toBe(20);
    expect(writer.stats.tables_failing).toEqual([]);
    expect(lines.filter(({ msg }) => msg.startsWith("a table takes no rows"))).toHaveLength(1);
  });

  it("marks, counts and says once what had to go while the disk was full, and loses nothing else", async () => {
    const { log, errors } = logLines();
    const disk = new FaultyDisk();
    disk.free_bytes = 1 << 30;
    const space = { free_low_bytes: 3 << 20, free_min_bytes: 1 << 20 };
    const writer = writerTo(wire.url, {
      ...{ log, disk, space, ahead_after_ms: 20, queue_rows_max: 1_000, batch_rows_max: 100 },
    });
    await give(writer, 0, 500);
    await writer.flush();
    await wire.cut();
    await give(writer, 500, 1_000);
    await met("what is asked of the writer", () => writer.stats.queue_rows_unsafe === 0);
    expect(writer.stats.journal.disk).toBe("ok");
    // Room for what is small only.
    disk.free_bytes = 1 << 19;
    await met("what is asked of the writer", () => writer.stats.journal.disk === "full");
    for (let i = 0; i < 10; i++) {
      await give(writer, 1_000 + 400 * i, 1_400 + 400 * i);
      writer.prediction(predictionAt(i));
    }
    await met(
      "what is asked of the writer",
      () => writer.stats.queue_rows - writer.stats.queue_rows_unsafe === 10,
    );
    expect(writer.stats.rows_lost).toBeGreaterThan(5_000);
    expect(writer.stats.lost.predictions).toBe(0);
    expect(writer.queue_depth).toBeLessThanOrEqual(1_100);
    expect(errors()).toHaveLength(2); // One table each.

    disk.free_bytes = 1 << 30;
    await wire.mend();
    await give(writer, 5_000, 5_100);
    await writer.drained(0);
    await writer.flush();
    expect(writer.stats.written).toMatchObject({ predictions: 10, disconnects: 3 });
    const breaks = await database.sql`
      select symbol, stream, reason, us_of(ts) as from_us, us_of(until) as until_us
      from disconnects
      order by stream, symbol`;
    expect(breaks.map(({ symbol, stream, reason }) => `${symbol} ${stream} ${reason}`)).toEqual([
      `${SYMBOL} quote rows lost`,
      "ETHUSDT quote rows lost",
      `${SYMBOL} trade rows lost`,
    ]);
    // The breaks hold exactly what is missing.
    const within = (stream: string, symbol: string, ts_us: number): boolean =>
      breaks.some(
        (row) =>
          row.stream === stream &&
          row.symbol === symbol &&
          ts_us > Number(row.from_us) &&
          ts_us < Number(row.until_us),
      );
    const trades = new Set(await tradeIds());
    const quotes = new Set(
      (await database.sql`select update_id from quotes`).map((row) => Number(row.update_id)),
    );
    for (let i = 0; i < 5_100; i++) {
      expect(within("trade", SYMBOL, tradeAt(i).ts_us)).toBe(!trades.has(tradeAt(i).trade_id));
      const symbol = i % 2 === 0 ? SYMBOL : "ETHUSDT";
      expect(within("quote", symbol, quoteAt(i).ts_us)).toBe(!quotes.has(quoteAt(i).update_id));
    }
    expect(trades.size + quotes.size + writer.stats.rows_lost).toBe(2 * 5_100);
  });

  it("takes no row for journalled that took the place of one written while the disk was syncing", async () => {
    const disk = new FaultyDisk();
    const writer = writerTo(wire.url, { disk });
    const synced = Promise.withResolvers<void>();
    disk.slow_sync = synced.promise;
    await give(writer, 0, 50);
    const secured = writer.secure();
    await met("the sync under way", () => disk.calls.sync > 0);
    // The database takes the rows before the disk has them, and the next rows use their place in memory.
    await writer.flush();
    wire.silence();
    await give(writer, 50, 100);
    synced.resolve();
    await secured;
    expect(writer.stats.journal.bytes, "of rows the database has").toBe(0);
    await writer.secure();
    await wire.cut();
    await writer.close();
    await disk.quiet();
    await wire.mend();
    const next = writerTo(wire.url);
    await next.drained(0);
    expect(await tradeIds()).toEqual(idsUpTo(100));
  });
});
