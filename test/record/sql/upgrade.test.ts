/**
 * A database of an earlier version: what it recorded is accepted, it is migrated, also while a service of that version
 * is connected, and a migration waits for nothing without end.
 */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Sql } from "postgres";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { type Capability, detectServer, LOCK_KEY } from "../../../src/record/server/capability.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { MIGRATIONS_DIR, migrationsFor } from "../../../src/record/sql/install/migration_files.ts";
import { migrate } from "../../../src/record/sql/install/migrations.ts";
import { readSchemaVersion } from "../../../src/record/sql/install/schema_version.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { rejection } from "../../base/rejection.ts";
import { START_SEC, tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";

/** What the version of 27 November 2026 (db0ebf8) recorded of its migrations. These files never change again. */
const RECORDED: Readonly<Record<string, string>> = {
  "0001_raw.hypertables.sql": "740d7af14f086f75a91be328ba28f7b113e33f42f0cd2e937e97c9b3a9bb866f",
  "0001_raw.sql": "c7e1d6c450069fc1689c8b9c6ce5da461820acc0c9ca1bd158213bacab70e599",
  "0002_time.plain.sql": "f91a5edce16cd80ffc06541dd7932de53a7004590d6d896bcceb007dbd2ea8f1",
  "0002_time.sql": "40691ef2948f8b289e2578f9b9d9c0742cc7ae7f1c5d4b72fd67efa07213873f",
  "0003_book.hypertables.sql": "c1e8149a46239ba19738cecdf7411f25a4dd57e4f845d283a5f97089ce30b051",
  "0003_book.sql": "defeaf3c74c906de54390cc7fcd525e302c5a09326ba52feb2f3145d1d11b387",
  "0004_bars.caggs.sql": "1028b712eebce6f2590dedd61987b3b0c182e6d20e3b04b1858aa1e9e5f6608b",
  "0004_bars.no_caggs.sql": "7388dbb73ca1b4f6c2fb6063161b72f776c8689bf490e8fb8c9f9b7bb5db7c5b",
  "0004_bars.sql": "b02f6fbd0e9883f08a7405e6ea0dd7b438cb39461b75ba5b05b666c2da712d29",
  "0005_parity.sql": "e325b58844235246c3e79623a2110aa4f5ddeb0eca7c21cea6aec08ae7ee9c7c",
  "0006_archive_days.sql": "4f7b94a0386d8b7224cdddc4efe9f225b719a72179afd6eefe1a9fb2f7f1fa5c",
  "0007_models.sql": "c0c3e79c466d887d8ed57deb4247b372af09ac6218c9bf321df174662fbe3b8b",
};
const RECORDED_UNTIL = 7;
const CAPABILITIES = ["timescale", "timescale-apache", "postgres"] as const;

/** As that version wrote them. */
const OLD_TRADES = `insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, late, received_at)
  select 'OLDUSDT', at_sec(${START_SEC}) + $1::int8 * interval '1 millisecond', $1::int8, 100e8, 1e8, false, false, now()
  on conflict do nothing`;
const OLD_ROWS = `
  insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, late, received_at)
  select 'BTCUSDT', at_sec(${START_SEC} + i), i, 100e8 + i, 1e8, i % 2 = 0, false, now() from generate_series(1, 500) i;
  insert into quotes (symbol, ts, update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, late, received_at)
  select 'BTCUSDT', at_sec(${START_SEC} + i), i, 100e8, 1e8, 101e8, 1e8, false, now() from generate_series(1, 500) i;
  insert into disconnects (symbol, ts, reason, received_at) values ('BTCUSDT', at_sec(${START_SEC + 40}), 'WS_CLOSED', now());
  insert into predictions (symbol, ts, model_version, horizon_s, yhat_log_return_10s, current_price, predicted_price,
    feature_set, set_hash, source, features_age_ms, latency_ms, warm, emitted_at, mid_sum_e8)
  select 'BTCUSDT', at_sec(${START_SEC} + i), 'ridge-v1/1', 10, 1e-5, 100, 100, 'v1', repeat('a', 64), 'onnx', 1, 1,
    true, now(), 200e8 from generate_series(1, 50) i;`;

describe("applied migrations", () => {
  it("are as an earlier version recorded them, with line ends of either kind", () => {
    for (const capability of CAPABILITIES) {
      for (const { file, sha256 } of migrationsFor(capability)) {
        if (file in RECORDED) expect([file, sha256]).toEqual([file, RECORDED[file]!]);
      }
    }
    const sql_dir = tempDir();
    cpSync(join(MIGRATIONS_DIR, ".."), sql_dir, { recursive: true });
    for (const name of readdirSync(sql_dir, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".sql")) continue;
      const text = readFileSync(join(sql_dir, name), "utf8");
      writeFileSync(join(sql_dir, name), text.replaceAll("\n", "\r\n"));
    }
    for (const capability of CAPABILITIES) {
      expect(migrationsFor(capability, join(sql_dir, "migrations"))).toEqual(migrationsFor(capability));
    }
    rmSync(sql_dir, { recursive: true, force: true });
  });
});

it("has the line ends of the repository in every checkout, whatever git is set to there", () => {
  const attributes = readFileSync(join(MIGRATIONS_DIR, "../../.gitattributes"), "utf8").split("\n");
  expect(attributes).toContain("* text=auto eol=lf");
  expect(attributes.filter((line) => line.includes(".sql") || line.includes("crlf"))).toEqual([]);
});

onEveryServer("a database of an earlier version", (server) => {
  let sql_dir = "";
  let data_dir = "";
  let url = "";
  let sql: Sql;
  let capability: Capability;
  beforeEach(async () => {
    [sql_dir, data_dir] = [tempDir(), tempDir()];
    const newer = (path: string): boolean =>
      Number(/^(\d{4})_/.exec(basename(path))?.[1] ?? 0) > RECORDED_UNTIL;
    cpSync(join(MIGRATIONS_DIR, ".."), sql_dir, { recursive: true, filter: (path) => !newer(path) });
    url = await server.emptyDatabase();
    sql = connectTo(url);
    await sql.unsafe("create extension if not exists timescaledb").catch(() => {});
    await sql.end();
    sql = connectTo(url);
    capability = (await detectServer(sql)).capability;
    await migrate({ sql, capability, log, directory: join(sql_dir, "migrations") });
    await sql.unsafe(OLD_ROWS).simple();
  });
  afterEach(async () => {
    await sql.end();
    for (const path of [sql_dir, data_dir]) rmSync(path, { recursive: true, force: true });
  });

  it("is distinguished from this version's, and accepted with the hashes of a checkout with CRLF", async () => {
    for (const { file, sha256_crlf } of migrationsFor(capability)) {
      await sql`update foretick_migrations set sha256 = ${sha256_crlf} where file = ${file}`;
    }
    const version = await readSchemaVersion(sql, capability);
    expect(version).toMatchObject({ found: RECORDED_UNTIL, edited: [], unknown: [] });
    expect(version.missing.length).toBeGreaterThan(0);
    await (await openDatabase({ url, data_dir, log, clock: systemClock })).close();
    expect((await readSchemaVersion(sql, capability)).missing).toEqual([]);
  });

  it("is migrated under a service that goes on writing, and keeps every row", async () => {
    const service = connectTo(url, { application_name: "foretick writer" });
    let written = 0;
    let stop = false;
    const old_service = (async () => {
      for (let i = 1; !stop; i++) {
        written += (await service.unsafe(OLD_TRADES, [String(i)], { prepare: true })).count;
        await Bun.sleep(2);
      }
    })();
    const database = await openDatabase({ url, data_dir, log, clock: systemClock });
    const after_migration = written;
    const writer = new Writer({ database, log, clock: systemClock });
    for (let i = 600; i < 650; i++) writer.trade(tradeAt(i), false);
    await writer.flush();
    await writer.close();
    while (written < after_migration + 5) await Bun.sleep(2);
    stop = true;
    await old_service;
    await service.end();
    const [counts] = await database.sql<
      { trades: number; old: number; quotes: number; predictions: number }[]
    >`
      select
        (select count(*)::int from trades where symbol = 'BTCUSDT') as trades,
        (select count(*)::int from trades where symbol = 'OLDUSDT') as old,
        (select count(*)::int from quotes) as quotes,
        (select count(*)::int from predictions) as predictions`;
    expect({ ...counts! }).toEqual({ trades: 550, old: written, quotes: 500, predictions: 50 });
    await database.close();
  });

  it("is refused in a sentence where a session holds a table for good, and goes on where it lets it go", async () => {
    const holder = connectTo(url, { application_name: "a long report" });
    const options = { sql, capability, log, lock_ms: 50 };
    await holder.begin(async (open) => {
      await open`select count(*) from trades`;
      await open`select count(*) from predictions`;
      const began = await readSchemaVersion(sql, capability);
      const refused = await rejection(migrate({ ...options, tries_max: 2 }));
      expect(refused).toMatchObject({
        code: "STORE_MIGRATION",
        message: expect.stringMatching(
          /tables to be free within 50 ms, 2 times, were in use \(a long report, pid \d+/,
        ),
      });
      expect((await readSchemaVersion(sql, capability)).missing.length).toBeLessThanOrEqual(
        began.missing.length,
      );
    });
    await holder.end();
    await migrate(options);
    expect((await readSchemaVersion(sql, capability)).missing).toEqual([]);
  });

  it("is not migrated by two at once: the second waits, and names the first when it has waited enough", async () => {
    const first = connectTo(url, { application_name: "the first to migrate" });
    await first`select pg_advisory_lock(${LOCK_KEY})`;
    expect(await rejection(migrate({ sql, capability, log, turn_ms: 100 }))).toMatchObject({
      code: "STORE_MIGRATION",
      message: expect.stringMatching(/within 100 ms, was held by the first to migrate, pid \d+/),
    });
    await first.end();
    await migrate({ sql, capability, log, turn_ms: 5_000 });
  });
});
