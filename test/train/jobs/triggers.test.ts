/** Reasons to train that are found in the database. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { trainingJobs } from "../../../src/record/training/jobs.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { grownError, newData, requestByMeasurement, takenBack } from "../../../src/train/jobs/triggers.ts";
import { outcomeAt, predictionAt } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { storeTape } from "../data/store_tape.ts";

const SYMBOL = "BTCUSDT";
const START_US = Date.UTC(2025, 9, 9, 12) * 1_000;

onEveryServer("reasons to train", (server) => {
  let database: Database;
  beforeEach(async () => {
    database = await server.openDatabase();
  });

  it("new data: as many seconds with trades as asked for, since what the last training learned from", async () => {
    const folder = await mkdtemp(join(tmpdir(), "foretick-triggers-"));
    const tape = join(folder, "simulated.tape");
    try {
      const source = simulatedSource({ seed: 5, start_us: START_US, r2: 0, depth: false });
      await writeTape(tape, source, { seconds: 120 });
      await storeTape(database, tape, SYMBOL);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const bars = new Refresher({ database, clock: systemClock, log: silentLogger });
    await bars.through({ from_us: micros(START_US), to_us: micros(START_US + 120_000_000) });
    await bars.close();
    const { sql } = database;
    expect(await newData(sql, SYMBOL, 10)).toBeUndefined();
    await sql`
      insert into training_runs (
        run_id, kind, feature_set, set_hash, parameters, symbol, data_from, data_to, data_rows, data_sha256, sources,
        status, started_at, ended_at
      )
      select
        gen_random_uuid(), 'ridge', 'v1', repeat('a', 64), '{}', ${SYMBOL}, '2025-10-09 11:00Z', '2025-10-09 12:01Z',
        60, repeat('b', 64), '[]', 'finished', now(), now()`;
    expect(await newData(sql, SYMBOL, 30)).toMatchObject({ rows_at_least: 30 });
    expect(await newData(sql, SYMBOL, 100)).toBeUndefined();
    expect(await newData(sql, SYMBOL, 0)).toBeUndefined();
  });

  it("realised error: the champion's, where it is larger than that of forecasting zero by more than asked", async () => {
    const { sql } = database;
    const connect = database.connect.bind(database);
    const writer = new Writer({
      ...{ database: { connect, data_dir: database.data_dir }, clock: systemClock, log: silentLogger },
    });
    for (let sec = 0; sec < 2_000; sec++) {
      const realised = (sec % 2 === 0 ? 1 : -1) * 1e-4;
      writer.prediction(predictionAt(sec, 5e-5));
      writer.outcome(outcomeAt(sec, realised));
    }
    await writer.flush();
    await writer.close();
    // ŷ = 0.5 σ that knows nothing: its squared error is 1.25 of zero's.
    const found = await grownError(sql, SYMBOL, 15);
    expect(found).toMatchObject({ n: 2_000, window_h: 24 });
    expect(Number(found!.mse) / Number(found!.mse_zero)).toBeCloseTo(1.25, 6);
    expect(await grownError(sql, SYMBOL, 30)).toBeUndefined();
    const settings = { symbols: [SYMBOL], retrain_new_rows: 0, retrain_error_percent: 15 };
    for (let round = 0; round < 2; round++) await requestByMeasurement(sql, settings, silentLogger);
    expect(await trainingJobs(sql)).toMatchObject([{ reason: "realised_error", evidence: { n: 2_000 } }]);
  });

  it("a champion that was taken back: once, and again only for the next", async () => {
    const { sql } = database;
    const settings = { symbols: [SYMBOL], retrain_new_rows: 0, retrain_error_percent: 0 };
    const takeBack = (version: string): Promise<unknown> => sql`
      insert into rollbacks (at, symbol, place, alarm, version_before, status, evidence)
      values (now(), ${SYMBOL}, ${SYMBOL}, 'broken', ${version}, 'returned', '{}')`;
    await requestByMeasurement(sql, settings, silentLogger);
    expect(await trainingJobs(sql)).toEqual([]);
    await takeBack("ridge-v1/a");
    for (let round = 0; round < 2; round++) await requestByMeasurement(sql, settings, silentLogger);
    expect(await trainingJobs(sql)).toMatchObject([
      { reason: "realised_error", evidence: { alarm: "broken", model_version: "ridge-v1/a" } },
    ]);
    expect(await takenBack(sql, SYMBOL)).toBeUndefined();
    await takeBack("ridge-v1/b");
    expect(await takenBack(sql, SYMBOL)).toMatchObject({ model_version: "ridge-v1/b" });
  });
});
