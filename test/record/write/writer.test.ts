/** The writer where the database is away, slow, cut off, silent or refuses a row, and at its end. */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { codeOf } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { START_US, tradeAt, vectorAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { FlakyWire } from "./flaky_wire.ts";
import { tradesUpTo, writerWorld } from "./writer_world.ts";

onEveryServer("writer", (server) => {
  const world = writerWorld(server);
  const { writerTo, storedTrades } = world;

  it("loses nothing and doubles nothing when its connection is killed again and again", async () => {
    const writer = writerTo(world.database.url, { batch_rows_max: 200 });
    const kill = () => world.database.sql`
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
    const wire = new FlakyWire(world.database.url);
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
    if (world.database.capability === "postgres") {
      const swapped = await world.database.sql`
        select from (select trade_id, lag(trade_id) over (order by ctid) as before from trades) as t
        where trade_id < before`;
      expect(swapped).toHaveLength(0);
    }
    await writer.close();
    await wire.cut();
  });

  it("leaves for the next run what the database did not take before it closed", async () => {
    const wire = new FlakyWire(world.database.url);
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
    const second = writerTo(world.database.url);
    second.trade(tradeAt(1_001), false);
    await second.flush();
    expect(await storedTrades()).toEqual(tradesUpTo(1_002));
    const [vector] = await world.database.sql`select values from features_live`;
    expect(vector!.values).toBe("{-0,NULL}");
    expect(second.stats.journal_bytes).toBe(0);
  });

  it("loses nothing where the wire is cut in the middle of batches", async () => {
    const wire = new FlakyWire(world.database.url);
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
    const writer = writerTo(world.database.url);
    for (let i = 0; i < 1_000; i++) {
      const price = i === 137 ? 0 : i === 400 ? Number.NaN : tradeAt(i).price_e8;
      writer.trade({ ...tradeAt(i), price_e8: price as never }, false);
    }
    const vector = vectorAt(1, [1]);
    writer.features({ ...vector, feature_set: "nul\0" }, micros(START_US));
    writer.features(vector, micros(START_US));
    await writer.flush();
    expect(await storedTrades()).toEqual({ ...tradesUpTo(1_000), count: 998 });
    expect(await world.database.sql`select from features_live`).toHaveLength(1);
    expect(writer.stats.rows_rejected).toBe(3);
    const lines = readFileSync(join(world.data_dir, "journal", "rejected.ndjson"), "utf8")
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
    const writer = writerTo(world.database.url, { timeout_ms: 150 });
    const blocker = connectTo(world.database.url);
    await blocker.unsafe("begin; lock table trades in exclusive mode").simple();
    writer.trade(tradeAt(0), false);
    expect(await codeOf(writer.flush())).toBe("STORE_WRITE_TIMEOUT");
    await blocker`rollback`;
    await blocker.end();
    await writer.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(1));
  });

  it("gives up on a connection that went silent and goes on with another", async () => {
    const wire = new FlakyWire(world.database.url);
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
    const writer = writerTo(world.database.url, { queue_rows_max: 2_000, batch_rows_max: 500 });
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
    expect(existsSync(join(world.data_dir, "journal", "rejected.ndjson"))).toBe(false);
  });

  it("closes twice, with everything that waited stored and the journal empty", async () => {
    const writer = writerTo(world.database.url, { flush_interval_ms: 60_000 });
    for (let i = 0; i < 100; i++) writer.trade(tradeAt(i), false);
    await Promise.all([writer.close(), writer.close()]);
    await writer.close();
    expect(await storedTrades()).toEqual(tradesUpTo(100));
    expect(writer.stats.journal_bytes).toBe(0);
  });

  it("opens with a torn journal and stores the rest of it", async () => {
    const wire = new FlakyWire(world.database.url);
    await wire.mend();
    await wire.cut();
    const first = writerTo(wire.url, { batch_rows_max: 10 });
    for (let i = 0; i < 100; i++) first.trade(tradeAt(i), false);
    await first.close();
    appendFileSync(
      join(world.data_dir, "journal", "trades.000000000001.ndjson"),
      '0badc0de {"table":"trades","ro',
    );
    const second = writerTo(world.database.url);
    await second.drained(0);
    expect(await storedTrades()).toEqual(tradesUpTo(100));
  });
});
