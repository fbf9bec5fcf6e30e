/** Days in the lake: what another engine reads there is what the database answers. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../../src/base/units.ts";
import { minute } from "../../../src/features/sets/minute.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { archive, storedRange } from "../../../src/record/lake/archive.ts";
import { type ArchivedDay, manifestOf } from "../../../src/record/lake/archive_day.ts";
import { LakeJob } from "../../../src/record/lake/lake_job.ts";
import { LakeBucket, LakeFolder, type LakeStore } from "../../../src/record/lake/lake_store.ts";
import { LAYERS, type LakeTable, lakeTables } from "../../../src/record/lake/tables.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { rejection } from "../../base/rejection.ts";
import {
  outcomeAt,
  predictionAt,
  quoteAt,
  START_SEC as STORED_SEC,
  SYMBOL,
  tradeAt,
} from "../market_events.ts";
import { S3Server } from "../registry/s3_server.ts";
import { onEveryServer } from "../server/servers.ts";

const DAY_SEC = Date.UTC(2025, 9, 9) / 1000;
const DAY_S = 86_400;
const DATE = "2025-10-09";
const STEP_S = 60;
/** A trade and a quote a minute, from half an hour before the day to half an hour after it. */
const FROM_SEC = DAY_SEC - 1_800;
const STEPS = (DAY_S + 3_600) / STEP_S;
/** This one comes later. */
const LOST = 700;
const PARTITION = `symbol=${SYMBOL}/year=2025/month=10/day=09`;
const HIT_RATE = readFileSync(join(import.meta.dirname, "../../../sql/queries/hit_rate_by_hour.sql"), "utf8");

const folder = mkdtempSync(join(tmpdir(), "foretick-lake-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trade = (i: number) => {
  const ts_us = micros((FROM_SEC + i * STEP_S) * 1e6 + 123_456);
  const price_e8 = priceE8(6_100_000_000_000 + ((i * 7_919) % 1_000) * 1_000_000);
  const fields = { ts_us, received_us: micros(ts_us + 7), trade_id: tradeId(9_000_000_000 + i) };
  return { ...tradeAt(i), ...fields, price_e8, qty_e8: qtyE8(100_000 + i) };
};

function quote(i: number) {
  const ts_us = micros((FROM_SEC + i * STEP_S) * 1e6 + 200_000);
  return {
    ...quoteAt(i),
    ts_us,
    received_us: micros(ts_us + 9),
    update_id: updateId(50_000_000_000 + 7 * i),
  };
}

/** Every way a forecast can end: right, wrong, no move, not known, not warm. */
function forecast(i: number) {
  const ts_sec = unixSec(DAY_SEC + i * STEP_S);
  const relative = ts_sec - STORED_SEC;
  const realized = i % 11 === 0 ? null : i % 13 === 0 ? 0 : ((i * 31) % 17) * 1e-5 - 8.5e-5;
  return {
    prediction: { ...predictionAt(relative, ((i * 5) % 7) * 1e-5 - 3e-5), ts_sec, warm: i % 19 !== 0 },
    outcome: { ...outcomeAt(relative, realized), ts_sec },
  };
}

onEveryServer("the lake", (server) => {
  let database: Database;
  let bars: Refresher;
  let writer: Writer;
  let lake = "";

  const at = (sec: number): Clock => ({ ...systemClock, now: () => micros(sec * 1e6) });
  /** A day of vectors takes seconds to compute: where they are not the question they are left out. */
  const tables = lakeTables(LAYERS, []);
  const features = lakeTables(LAYERS, [minute]).filter(({ source }) => source === "features");

  beforeAll(async () => {
    database = await server.openDatabase();
    bars = new Refresher({ database, clock: systemClock, log });
    writer = new Writer({ database, clock: systemClock, log });
    for (let i = 0; i < STEPS; i++) {
      if (i !== LOST) writer.trade(trade(i), false);
      writer.quote(quote(i), false);
    }
    for (let i = 0; i < DAY_S / STEP_S; i++) {
      const { prediction, outcome } = forecast(i);
      writer.prediction(prediction);
      writer.outcome(outcome);
    }
    await writer.flush();
  });
  afterAll(async () => {
    await writer.close();
    await bars.close();
  });
  beforeEach(() => {
    lake = mkdtempSync(join(folder, "lake-"));
  });

  async function archived(
    store: LakeStore = new LakeFolder(lake),
    now_sec = DAY_SEC + 2 * DAY_S,
    { signal, of = tables }: { signal?: AbortSignal; of?: typeof tables } = {},
  ): Promise<ArchivedDay[]> {
    const done: ArchivedDay[] = [];
    const range = { symbol: SYMBOL, from_us: DAY_SEC * 1e6, to_us: (DAY_SEC + 1) * 1e6 };
    const tools = {
      sql: database.sql,
      store,
      bars,
      draft_dir: join(folder, "drafts"),
      clock: at(now_sec),
      signal,
    };
    for await (const day of archive(range, of, tools)) done.push(day);
    return done;
  }
  const resultsOf = (days: readonly ArchivedDay[]): Record<string, string> =>
    Object.fromEntries(days.map(({ table, result }) => [table.name, result]));

  async function duck(sql: string): Promise<unknown[]> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    try {
      await connection.run("set timezone = 'UTC'");
      return (await connection.runAndReadAll(sql)).getRowObjectsJson();
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
  const read = (table: string): string =>
    `read_parquet('${lake}/${table}/**/*.parquet', hive_partitioning = true)`;

  it("leaves a day with a missing trade out, says of how many, and takes it once it is repaired", async () => {
    const before = await archived(undefined, undefined, { of: [...tables, ...features] });
    expect(resultsOf(before)).toEqual({
      ...{ trades: "not_yet", bars: "not_yet", features_minute: "not_yet" },
      ...{ quotes: "written", quote_bars: "written", predictions: "written" },
    });
    expect(before[0]!.reason).toBe("1 of its trades are missing");
    expect(existsSync(join(lake, "bronze/trades"))).toBe(false);
    writer.trade(trade(LOST), false);
    await writer.flush();
    expect(resultsOf(await archived())).toMatchObject({
      trades: "written",
      bars: "written",
      predictions: "there",
    });
  });

  it("answers the hit rate by hour through DuckDB as the database does", async () => {
    await archived();
    const in_lake = await duck(
      HIT_RATE.replace("from prediction_outcomes", `from ${read("gold/predictions")}`),
    );
    const in_sql = await database.sql.unsafe(HIT_RATE);
    expect(in_lake).toHaveLength(24);
    const plain = (row: Record<string, unknown>) => ({
      ...row,
      hour: Date.parse(String(row.hour)),
      horizon_s: Number(row.horizon_s),
      decided: Number(row.decided),
      hits: Number(row.hits),
      hit_rate_percent: Number(row.hit_rate_percent),
      did_not_move: Number(row.did_not_move),
      unknown: Number(row.unknown),
    });
    expect((in_lake as Record<string, unknown>[]).map(plain)).toEqual([...in_sql].map(plain));
  });

  it("holds every row to the last bit and microsecond, beside manifests with their numbers and hashes", async () => {
    const days = await archived(undefined, undefined, { of: [...tables, ...features] });
    const [first] = await duck(`
      select count(*) as n, min(trade_id) as first_id, sum(price_e8 * qty_e8) as notional, min(epoch_us(ts)) as first_us
      from ${read("bronze/trades")} where year = 2025 and month = 10 and day = 9`);
    const day_trades = Array.from({ length: DAY_S / STEP_S }, (_, i) => trade(i + 30));
    const notional = day_trades.reduce(
      (sum, { price_e8, qty_e8 }) => sum + BigInt(price_e8) * BigInt(qty_e8),
      0n,
    );
    expect(first).toMatchObject({ n: "1440", notional: String(notional) });
    expect(first).toMatchObject({
      first_id: String(day_trades[0]!.trade_id),
      first_us: String(day_trades[0]!.ts_us),
    });
    const [{ text }] = features as [LakeTable];
    const hour_us = (DAY_SEC + 7_200) * 1e6;
    const in_sql = await database.sql.unsafe(text, [SYMBOL, DAY_SEC * 1e6, hour_us].map(String));
    const doubles = ["label_mid", "label_last", ...minute.names];
    const in_lake = await duck(`
      select epoch_us(ts)::varchar as ts, ${doubles.join(", ")} from ${read("gold/features_minute")} where epoch_us(ts) < ${hour_us} order by 1`);
    expect(in_lake.length).toBeGreaterThan(5_000);
    expect(in_lake).toEqual(
      [...in_sql].map((row) => Object.fromEntries(["ts", ...doubles].map((name) => [name, row[name]]))),
    );
    for (const { table, rows } of days) {
      const path = join(lake, table.layer, table.name, PARTITION);
      const manifest = manifestOf(readFileSync(join(path, "_manifest.json"), "utf8"))!;
      expect([manifest.rows, manifest.date]).toEqual([rows, DATE]);
      for (const { name, sha256, bytes } of manifest.files) {
        const content = readFileSync(join(path, name));
        expect(new Bun.CryptoHasher("sha256").update(content).digest("hex")).toBe(sha256);
        expect(content.length).toBe(bytes);
      }
      expect(readdirSync(path).sort()).toEqual(
        ["_manifest.json", ...manifest.files.map(({ name }) => name)].sort(),
      );
    }
    expect(existsSync(join(folder, "drafts")) ? readdirSync(join(folder, "drafts")) : []).toEqual([]);
  });

  it("writes nothing twice, again what has changed since, and again what a stop left without a manifest", async () => {
    await archived();
    expect(new Set(Object.values(resultsOf(await archived())))).toEqual(new Set(["there"]));
    rmSync(join(lake, "silver/bars", PARTITION, "_manifest.json"));
    writeFileSync(join(lake, "bronze/quotes", PARTITION, "_manifest.json"), "{");
    const { prediction } = forecast(1);
    await database.sql`update outcomes set joined_at = joined_at + interval '1 day' where ts = at_us(${prediction.ts_sec * 1e6})`;
    const again = resultsOf(await archived());
    expect(again).toMatchObject({ bars: "written", quotes: "written", predictions: "written" });
    expect(again).toMatchObject({ trades: "there", quote_bars: "there" });
    const stop = new AbortController();
    stop.abort(new Error("stopped"));
    expect(
      (await rejection(archived(new LakeFolder(join(lake, "none")), undefined, { signal: stop.signal })))
        .message,
    ).toBe("stopped");
    expect(existsSync(join(lake, "none"))).toBe(false);
  });

  it("waits until the day is over and its outcomes are decided, and knows what is stored", async () => {
    const early = await archived(undefined, DAY_SEC + DAY_S + 600);
    expect(
      early.every(({ result, reason }) => result === "not_yet" && reason === "the day is not over yet"),
    ).toBe(true);
    const range = await storedRange({ sql: database.sql }, SYMBOL);
    expect([range!.from_us, range!.to_us]).toEqual([
      FROM_SEC * 1e6,
      (FROM_SEC + (STEPS - 1) * STEP_S) * 1e6 + 123_457,
    ]);
    expect(await storedRange({ sql: database.sql }, "NONEUSDT")).toBeUndefined();
  });

  it("is written by the service's job into an S3 store, a failure repeated in the next round", async () => {
    const s3 = new S3Server("models");
    const config = readConfig({
      ...{
        S3_ENDPOINT: s3.origin,
        S3_BUCKET: "models",
        S3_ACCESS_KEY_ID: "key",
        S3_SECRET_ACCESS_KEY: "secret",
      },
    });
    const job = new LakeJob({
      ...{ database, bars, tables, log, days: 1, symbols: [SYMBOL], clock: at(DAY_SEC + 2 * DAY_S - 600) },
      ...{ store: new LakeBucket(config, systemClock), draft_dir: join(folder, "drafts") },
    });
    try {
      s3.fault = (request) => (request.method === "PUT" ? new Response("no", { status: 400 }) : undefined);
      await job.run();
      expect(job.stats).toMatchObject({ failures: 1, days_written: 0, last_error: { code: "LAKE_STORE" } });
      s3.fault = undefined;
      await job.run();
      expect(job.stats).toMatchObject({ failures: 1, days_written: tables.length, last_error: undefined });
      const key = `lake/bronze/trades/${PARTITION}`;
      const manifest = manifestOf(new TextDecoder().decode(s3.objects.get(`${key}/_manifest.json`)))!;
      expect(manifest.files[0]!.bytes).toBe(s3.objects.get(`${key}/part.parquet`)!.length);
      const puts = s3.requests.filter((line) => line === `PUT ${key}/part.parquet`).length;
      await job.run();
      expect(job.stats.days_written).toBe(tables.length);
      expect(s3.requests.filter((line) => line === `PUT ${key}/part.parquet`)).toHaveLength(puts);
    } finally {
      await job.close();
      await s3.close();
    }
  });
});
