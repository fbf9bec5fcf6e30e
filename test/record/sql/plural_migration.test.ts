/** A database written before predictions had roles, venues and horizons in their keys is opened and goes on. */

import { cpSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { oldChunks, toColumns } from "../../../src/record/retention/columnstore.ts";
import { detectServer } from "../../../src/record/server/capability.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { MIGRATIONS_DIR } from "../../../src/record/sql/install/migration_files.ts";
import { migrate } from "../../../src/record/sql/install/migrations.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { outcomeAt, predictionAt, START_SEC, START_US } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";

/** Five weeks of one forecast an hour by a ten-second model, and as many by a 60-second one. */
const HOURS = 24 * 35;
const LONG = modelVersion("minute-v1/1");

const BEFORE = `
  insert into predictions (symbol, ts, model_version, horizon_s, yhat_log_return_10s, current_price,
    predicted_price, feature_set, set_hash, source, features_age_ms, latency_ms, warm, emitted_at, mid_sum_e8)
  select 'BTCUSDT', at_sec(${START_SEC} + 3600 * i), version, horizon_s, i * 1e-9, 100, 100, 'v1',
    repeat('a', 64), 'onnx', 1, 1, true, now(), 200e8
  from generate_series(0, ${HOURS - 1}) as i,
    (values ('${predictionAt(0).model_version}', 10), ('${LONG}', 60)) as model(version, horizon_s);
  insert into outcomes (symbol, ts, model_version, realized_log_return_10s, realized_price, joined_at)
  select symbol, ts, model_version, 2 * yhat_log_return_10s, 100, now() from predictions`;

onEveryServer("a database of the version before", (server) => {
  let directory = "";
  let data_dir = "";
  beforeEach(() => {
    data_dir = tempDir();
    directory = tempDir();
    const since = (path: string): boolean => Number(/^(\d{4})_/.exec(basename(path))?.[1] ?? 0) >= 8;
    cpSync(join(MIGRATIONS_DIR, ".."), directory, { recursive: true, filter: (path) => !since(path) });
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
    rmSync(data_dir, { recursive: true, force: true });
  });

  it("keeps every prediction with its outcome under the new keys, and takes new ones beside them", async () => {
    const url = await server.emptyDatabase();
    const sql = connectTo(url);
    await sql.unsafe("create extension if not exists timescaledb").catch(() => {});
    const { capability } = await detectServer(sql);
    await migrate({ sql, capability, log, directory: join(directory, "migrations") });
    await sql.unsafe(BEFORE).simple();
    const end_us = START_US + HOURS * 3_600e6;
    let chunks = 0;
    if (capability === "timescale") {
      for (const chunk of await oldChunks(sql, end_us)) {
        if (++chunks % 3 > 0) await toColumns(sql, chunk);
      }
      expect(chunks).toBeGreaterThan(6);
    }
    await sql.end();

    const database = await openDatabase({ url, data_dir, log, clock: systemClock });
    try {
      const [sums] = await database.sql`
        select
          count(*)::int as rows,
          count(*) filter (where horizon_s = 60 and yhat_log_return_10s is null)::int as sixty,
          count(*) filter (where yhat_log_return_10s = yhat_log_return)::int as ten,
          count(*) filter (where realized_log_return = 2 * yhat_log_return)::int as joined,
          count(*) filter (where role = 'champion' and venue = 'binance')::int as champion
        from prediction_outcomes`;
      const rows = 2 * HOURS;
      expect(sums).toEqual({ rows, sixty: HOURS, ten: HOURS, joined: rows, champion: rows });

      // Columns again, as the service makes them; then rows that are known, and rows of another horizon.
      if (capability === "timescale") {
        for (const chunk of await oldChunks(database.sql, end_us)) await toColumns(database.sql, chunk);
      }
      const writer = new Writer({ database, log, clock: new ManualClock(START_US) });
      for (const hour of [0, 500]) {
        const prediction = predictionAt(3_600 * hour);
        writer.prediction(prediction);
        writer.prediction({ ...prediction, horizon_s: 60, role: "challenger" });
        writer.outcome(outcomeAt(3_600 * hour, 1e-5));
        writer.outcome({ ...outcomeAt(3_600 * hour, 3e-5), horizon_s: 60 });
      }
      await writer.flush();
      expect(writer.stats.rows_known).toBe(4);
      expect(writer.stats.written).toMatchObject({ predictions: 2, outcomes: 2 });
      await writer.close();
      const found = await database.sql`
        select model_version, role, horizon_s, realized_log_return
        from prediction_outcomes
        where ts = at_sec(${START_SEC})
        order by model_version, horizon_s`;
      const { model_version } = predictionAt(0);
      expect([...found]).toEqual([
        { model_version: LONG, role: "champion", horizon_s: 60, realized_log_return: 0 },
        { model_version, role: "champion", horizon_s: 10, realized_log_return: 0 },
        { model_version, role: "challenger", horizon_s: 60, realized_log_return: 3e-5 },
      ]);
    } finally {
      await database.close();
    }
  });
});
