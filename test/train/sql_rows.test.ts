/** The same market as a tape and in the database: one dataset, whichever way it is read. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { type Micros, micros, US_PER_SEC } from "../../src/base/units.ts";
import { FrameReader } from "../../src/binance/reader.ts";
import { v1 } from "../../src/features/v1.ts";
import { Lane, type LaneOutput } from "../../src/predict/lane.ts";
import type { Database } from "../../src/record/database.ts";
import { FloatRowParser, readFloatRows } from "../../src/record/float_rows.ts";
import { Refresher } from "../../src/record/refresher.ts";
import { Writer } from "../../src/record/writer.ts";
import { simulatedSource } from "../../src/sim/simulator.ts";
import { readTapeHeader, tapeFrames } from "../../src/sim/tape.ts";
import { writeTape } from "../../src/sim/tape_write.ts";
import { type Dataset, DatasetBuilder } from "../../src/train/dataset.ts";
import { datasetSha256 } from "../../src/train/dataset_hash.ts";
import { readSqlDataset } from "../../src/train/sql_rows.ts";
import { readTapeRows } from "../../src/train/tape_rows.ts";
import type { TrainingProgress, TrainingSpan } from "../../src/train/training_query.ts";
import { rejection } from "../base/rejection.ts";
import { onEveryServer } from "../record/servers.ts";

const HORIZON_S = 10;
/** Ten minutes before midnight: the range is read in two days. */
const START_SEC = Date.UTC(2025, 9, 9, 23, 50) / 1_000;
const SECONDS = 1_500;

onEveryServer("a dataset from the database", (server) => {
  let folder = "";
  let database: Database;
  let bars: Refresher;
  let symbol = "";
  let from_tape: Dataset;
  let to_us = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "foretick-sql-rows-"));
    const tape = join(folder, "simulated.tape");
    const source = simulatedSource({ seed: 3, start_us: START_SEC * US_PER_SEC, r2: 0.05, depth: false });
    await writeTape(tape, source, { seconds: SECONDS });
    symbol = (await readTapeHeader(tape)).symbol;
    const builder = new DatasetBuilder({ horizon_s: HORIZON_S, rows_expected: SECONDS });
    await readTapeRows(tape, v1, (row) => builder.push(row));
    from_tape = builder.finish();
    // A tape ends before its lane would close the last second; the database knows that it is whole.
    to_us = (from_tape.ts_sec.at(-1)! + 1) * US_PER_SEC;
    database = await server.openDatabase();
    bars = new Refresher({ database, clock: systemClock, log: silentLogger });
    await store(tape);
  }, 120_000);
  afterAll(async () => {
    await bars?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Through a lane, which says what came late, and the product's writer. */
  async function store(tape: string): Promise<void> {
    const connect = database.connect.bind(database);
    const writer = new Writer({
      database: { connect, data_dir: database.data_dir },
      clock: systemClock,
      log: silentLogger,
    });
    const nothing = (): void => {};
    const output: LaneOutput = {
      trade: (event, late) => writer.trade(event, late),
      quote: (event, late) => writer.quote(event, late),
      ...{ disconnect: nothing, depth: nothing, bookSums: nothing, fillWanted: nothing, closed: nothing },
    };
    const streams = ["trade", "bestBidAsk"] as const;
    const lane = new Lane({ symbol, sets: [v1], streams, grace_ms: 250, output });
    const reader = new FrameReader({ symbols: [symbol] });
    for (const { at_us, frame } of tapeFrames(tape)) {
      if (at_us >= lane.clockDeadline) lane.onTime(at_us as Micros);
      reader.read(frame, micros(at_us), (event) => lane.onEvent(event));
    }
    await writer.flush();
    await writer.close();
  }

  const span = (part: Partial<TrainingSpan> = {}): TrainingSpan => ({
    ...{ symbol, set: v1, horizon_s: HORIZON_S, from_us: START_SEC * US_PER_SEC, to_us },
    ...part,
  });
  const read = (part: Partial<TrainingSpan> = {}, known_before_us?: number): Promise<Dataset> =>
    readSqlDataset({ database, bars, span: span(part), known_before_us });

  it("is the tape's bit for bit: times, vectors, labels, last returns and mid prices", async () => {
    const from_sql = await read();
    expect(from_sql.rows).toBeGreaterThan(500);
    expect(from_sql.rows).toBe(from_tape.rows);
    for (const part of ["ts_sec", "values", "y", "last_return", "mid"] as const) {
      expect(bitsOf(from_sql[part]), part).toEqual(bitsOf(from_tape[part]));
    }
    expect(datasetSha256(from_sql)).toBe(datasetSha256(from_tape));
    const { removed, rows_seen, rows } = from_sql;
    expect(removed.null_feature).toBe(from_tape.removed.null_feature);
    expect(rows + removed.not_warm + removed.null_feature + removed.no_label).toBe(rows_seen);
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

  it("tells of its progress day by day, and refuses a range without data", async () => {
    const told: TrainingProgress[] = [];
    await readSqlDataset({ database, bars, span: span(), onProgress: (progress) => told.push(progress) });
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
