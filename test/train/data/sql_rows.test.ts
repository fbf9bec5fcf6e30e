/** The same market as a tape and in the database: one dataset, whichever way it is read. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { readTapeHeader } from "../../../src/binance/capture/tape_read.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import type { Label } from "../../../src/features/label.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { FloatRowParser, readFloatRows } from "../../../src/record/sql/float_rows.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { type HeldDataset, heldPartOf } from "../../../src/train/data/dataset.ts";
import { datasetSha256 } from "../../../src/train/data/dataset_hash.ts";
import { Scratch } from "../../../src/train/data/number_file.ts";
import { FiledRows, HeldRows } from "../../../src/train/data/row_store.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { quoteCoverage } from "../../../src/train/rows/quote_coverage.ts";
import { readSqlDataset } from "../../../src/train/rows/sql_rows.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import type { TrainingProgress, TrainingSpan } from "../../../src/train/rows/training_query.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { storeTape } from "./store_tape.ts";

const HORIZON_S = 10;
/** Ten minutes before midnight: the range is read in two days. */
const START_SEC = Date.UTC(2025, 9, 9, 23, 50) / 1_000;
const SECONDS = 1_500;

onEveryServer("a dataset from the database", (server) => {
  let folder = "";
  let database: Database;
  let bars: Refresher;
  let symbol = "";
  let from_tape: HeldDataset;
  let last_from_tape: HeldDataset;
  let to_us = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "foretick-sql-rows-"));
    const tape = join(folder, "simulated.tape");
    const source = simulatedSource({ seed: 3, start_us: START_SEC * US_PER_SEC, r2: 0.05, depth: false });
    await writeTape(tape, source, { seconds: SECONDS });
    symbol = (await readTapeHeader(tape)).symbol;
    from_tape = await datasetOf(tape, v1, "mid");
    last_from_tape = await datasetOf(tape, trades, "last");
    // A tape ends before its lane would close the last second; the database knows that it is whole.
    to_us = (from_tape.ts_sec.at(-1)! + 1) * US_PER_SEC;
    database = await server.openDatabase();
    bars = new Refresher({ database, clock: systemClock, log: silentLogger });
    await storeTape(database, tape, symbol);
  });
  afterAll(async () => {
    await bars?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function datasetOf(tape: string, set: FeatureSet, label: Label): Promise<HeldDataset> {
    const of = { symbol, set, horizon_s: HORIZON_S, label };
    const builder = new DatasetBuilder(of, new HeldRows(of.set.names.length));
    await readTapeRows(tape, set, (row) => builder.push(row));
    return builder.finish();
  }

  const span = (part: Partial<TrainingSpan> = {}): TrainingSpan => ({
    ...{ symbol, set: v1, horizon_s: HORIZON_S, from_us: START_SEC * US_PER_SEC, to_us },
    ...part,
  });
  const inMemory =
    ({ names }: FeatureSet) =>
    (rows_max: number): HeldRows =>
      new HeldRows(names.length, rows_max);

  const read = (part: Partial<TrainingSpan> = {}, known_before_us?: number): Promise<HeldDataset> =>
    readSqlDataset({
      database,
      bars,
      span: span(part),
      label: "mid",
      storeFor: inMemory(v1),
      known_before_us,
    });

  it("is the tape's bit for bit: times, vectors, labels, last returns and mid prices", async () => {
    const from_sql = await read();
    expect(from_sql.rows).toBeGreaterThan(500);
    expect(from_sql.rows).toBe(from_tape.rows);
    for (const part of ["ts_sec", "values", "y", "y_other", "last_return", "price"] as const) {
      expect(bitsOf(from_sql[part]), part).toEqual(bitsOf(from_tape[part]));
    }
    expect(datasetSha256(from_sql)).toBe(datasetSha256(from_tape));
    const { removed, rows_seen, rows } = from_sql;
    expect(removed.null_feature).toBe(from_tape.removed.null_feature);
    expect(rows + removed.not_warm + removed.null_feature + removed.no_label).toBe(rows_seen);
  });

  it("is in files what it is in memory, features rounded to float32", async () => {
    const scratch = new Scratch(join(folder, "rows"), 0);
    const storeFor = (): FiledRows => new FiledRows(scratch, v1.names.length);
    const filed = await readSqlDataset({ database, bars, span: span(), label: "mid", storeFor });
    const part = heldPartOf(filed, { from: 0, to: filed.rows });
    for (const name of ["ts_sec", "y", "y_other", "last_return", "price"] as const) {
      expect(bitsOf(part[name]), name).toEqual(bitsOf(from_tape[name]));
    }
    expect(bitsOf(part.values)).toEqual(bitsOf(from_tape.values.map(Math.fround)));
    expect(filed.removed).toEqual((await read()).removed);
    scratch.close();
  });

  it("is the tape's bit for bit on set trades and the last price, the mid's label beside it", async () => {
    const options = {
      database,
      bars,
      span: span({ set: trades }),
      label: "last",
      storeFor: inMemory(trades),
    } as const;
    const from_sql = await readSqlDataset(options);
    expect(from_sql.label).toBe("last");
    expect(from_sql.rows).toBeGreaterThan(200);
    for (const part of ["ts_sec", "values", "y", "y_other", "last_return", "price"] as const) {
      expect(bitsOf(from_sql[part]), part).toEqual(bitsOf(last_from_tape[part]));
    }
    expect(from_sql.y_other.some(Number.isNaN)).toBe(false);
    expect(from_sql.y_other.some((value, row) => value !== from_sql.y[row])).toBe(true);
  });

  it("is chosen by its quotes, counted minute by minute", async () => {
    const range = { symbol, from_us: START_SEC * US_PER_SEC, to_us };
    expect(await quoteCoverage(database, bars, range)).toEqual({ traded: 25, quoted: 25, unit: "minutes" });
    const none = { ...range, symbol: "NONEUSDT" };
    expect(await quoteCoverage(database, bars, none)).toMatchObject({ traded: 0, quoted: 0 });
  });

  it("takes labels from beyond the range, and nothing else", async () => {
    const part = await read({ to_us: (from_tape.ts_sec[299]! + 1) * US_PER_SEC });
    expect(part.rows).toBe(300);
    expect(bitsOf(part.y)).toEqual(bitsOf(from_tape.y.subarray(0, 300)));
  });

  it("leaves out what was not known by the time asked for, label included, and counts it", async () => {
    const known_sec = from_tape.ts_sec[400]!;
    const known = await read({}, known_sec * US_PER_SEC);
    expect(known.ts_sec.at(-1)).toBeLessThanOrEqual(known_sec - HORIZON_S);
    expect(known.rows).toBeGreaterThan(350);
    expect(known.removed.known_later).toBe(from_tape.rows - known.rows);
  });

  it("says so where the server fails in the middle of the rows, and gives none for what is no double", async () => {
    const read_of = (select: string): Promise<number> => readFloatRows(database.url, select, 1, () => {});
    const failing = "select 1 / (900 - i)::double precision from generate_series(1, 1000) as i";
    expect(await rejection(read_of(failing))).toMatchObject({ code: "STORE_QUERY" });
    expect((await rejection(read_of("select 1::integer"))).message).toMatch(
      /expected a double of 8 bytes, was of 4/,
    );
    expect((await rejection(read_of("select 1.5::double precision, null"))).message).toMatch(
      /expected 1 columns, was 2/,
    );
    expect(await read_of("select null::double precision")).toBe(1);
  });

  it("reports its progress day by day, and refuses a range without data", async () => {
    const told: TrainingProgress[] = [];
    await readSqlDataset({
      database,
      bars,
      span: span(),
      label: "mid",
      storeFor: inMemory(v1),
      onProgress: (progress) => told.push(progress),
    });
    expect(told.map(({ done }) => done < 1)).toEqual([true, false]);
    expect(await rejection(read({ symbol: "NONEUSDT" }))).toMatchObject({ code: "TRAIN_DATA" });
    const before_us = (START_SEC - 1) * US_PER_SEC;
    expect(await rejection(read({ from_us: before_us - US_PER_SEC, to_us: before_us }))).toMatchObject({
      code: "TRAIN_DATA",
    });
  });
});

it("rows of doubles are read from pieces of any length", () => {
  const header = Buffer.alloc(19);
  const value = (x: number): Buffer => {
    const bytes = Buffer.alloc(12);
    bytes.writeInt32BE(8, 0);
    bytes.writeDoubleBE(x, 4);
    return bytes;
  };
  const [two, null_value, end] = ["0002", "ffffffff", "ffff"].map((hex) => Buffer.from(hex, "hex"));
  const row1 = [two!, value(-0), value(0.1 + 0.2)];
  const all = Buffer.concat([header, ...row1, two!, null_value!, value(5e-324), end!]);
  for (const step of [1, 2, 7, 20, all.length]) {
    const rows: number[][] = [];
    const parser = new FloatRowParser(2, (row) => rows.push([...row]));
    for (let at = 0; at < all.length; at += step) parser.push(all.subarray(at, at + step));
    parser.end();
    expect(rows).toEqual([
      [-0, 0.1 + 0.2],
      [Number.NaN, 5e-324],
    ]);
  }
  const cut = new FloatRowParser(2, () => {});
  cut.push(all.subarray(0, 40));
  expect(() => cut.end()).toThrow(/broke off after/);
});

const bitsOf = (values: Float64Array): Uint8Array => new Uint8Array(values.slice().buffer);
