import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import type { Database } from "../../../src/record/database.ts";
import { textFromMicros } from "../../../src/record/sql/time_text.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import {
  MODEL,
  outcomeAt,
  predictionAt,
  quoteAt,
  START_US,
  SYMBOL,
  tradeAt,
  vectorAt,
} from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";

const sql_dir = fileURLToPath(new URL("../../../sql/", import.meta.url));
const filesOf = (folder: string) => readdirSync(join(sql_dir, folder)).sort();
const textOf = (folder: string, file: string) => readFileSync(join(sql_dir, folder, file), "utf8");
const psql = spawnSync("psql", ["--version"]).status === 0;
if (!psql) console.warn('SKIPPED: "queries run with psql": install psql to run it');

/** What makes each check find something, and how many rows it then returns. */
const FAULTS: Readonly<Record<string, { statement: string; rows: number }>> = {
  "duplicate_trade_ids.sql": {
    statement: `insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
      select symbol, ts + interval '1 microsecond', trade_id, price_e8, qty_e8, is_buyer_maker
      from trades order by trade_id limit 1`,
    rows: 1,
  },
  "unmarked_trade_gaps.sql": {
    statement: `delete from trades where trade_id in (${tradeAt(40).trade_id}, ${tradeAt(60).trade_id}, ${tradeAt(61).trade_id})`,
    rows: 2,
  },
  "predictions_without_vector.sql": {
    statement:
      "update features_live set set_hash = repeat('0', 64) where ts = (select max(ts) from features_live)",
    rows: 1,
  },
  "outcomes_without_prediction.sql": {
    statement: "delete from predictions where ts in (select ts from outcomes order by ts limit 2)",
    rows: 2,
  },
  "predictions_without_outcome.sql": {
    statement: "delete from outcomes where ts = (select min(ts) from outcomes)",
    rows: 1,
  },
  "crossed_quotes.sql": {
    statement: `update quotes set bid_price_e8 = ask_price_e8 where update_id = ${quoteAt(9).update_id}`,
    rows: 1,
  },
  "prediction_unlike_quote.sql": {
    statement:
      "update predictions set mid_sum_e8 = mid_sum_e8 + 1 where ts = (select max(ts) from predictions)",
    rows: 1,
  },
  "trades_in_aggregates.sql": {
    statement: `update trades set first_trade_id = trade_id - 2
      where trade_id = (select max(trade_id) from trades)`,
    rows: 2,
  },
  "uneven_seconds.sql": {
    statement: `insert into predictions
      select symbol, ts + interval '1 microsecond', model_version, horizon_s, yhat_log_return, current_price,
        predicted_price, feature_set, set_hash, source, features_age_ms, latency_ms, warm, emitted_at, mid_sum_e8,
        venue, role
      from predictions limit 1`,
    rows: 1,
  },
};

describe("SQL files", () => {
  it("open with the question they answer, are lower-case, and one statement", () => {
    for (const folder of ["queries", "checks"]) {
      for (const file of filesOf(folder)) {
        const text = textOf(folder, file);
        expect(text.split("\n")[0], file).toMatch(/^-- [A-Z].*\?/);
        const code = text.replace(/--.*$/gm, "").replace(/'[^']*'/g, "");
        expect(code, file).toBe(code.toLowerCase());
        expect(code.split(";").length, file).toBe(2);
      }
    }
  });

  it("have a fault that each check must find", () => {
    expect(Object.keys(FAULTS).sort()).toEqual(filesOf("checks"));
  });
});

onEveryServer("SQL files", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
    const writer = new Writer({ database, clock, log });
    for (let i = 0; i < 100; i++) {
      writer.trade(tradeAt(i), false);
      writer.quote(quoteAt(i), false);
    }
    // The market went on: what was forecast before has an outcome.
    writer.quote(quoteAt(215_000), false);
    const { bid_price_e8, ask_price_e8 } = quoteAt(99);
    for (let sec = 1; sec <= 100; sec++) {
      const values = Array.from({ length: 22 }, (_, i) => (i === 13 ? sec * 1e-6 : i));
      writer.features(vectorAt(sec, values), micros(START_US));
      writer.prediction({
        ...predictionAt(sec, sec % 4 === 0 ? -1e-5 : 1e-5),
        mid_sum_e8: bid_price_e8 + ask_price_e8,
      });
      // 90 outcomes: half of them up, a quarter down, a quarter still.
      if (sec <= 90) writer.outcome(outcomeAt(sec, sec % 4 < 2 ? 2e-5 : sec % 4 === 2 ? -2e-5 : 0));
    }
    await writer.flush();
    await writer.close();
  });

  /** What `question` returns after `statements`, which are then undone. */
  async function rowsAfter(statements: string, question: string): Promise<readonly unknown[]> {
    const sql = database.connect();
    try {
      await sql.unsafe(`begin; ${statements}`).simple();
      return await sql.unsafe(question);
    } finally {
      await sql.end();
    }
  }

  it("checks return no rows on sound data, and find each planted fault", async () => {
    for (const file of filesOf("checks")) {
      const text = textOf("checks", file);
      expect(await database.sql.unsafe(text).simple(), file).toHaveLength(0);
      const { statement, rows } = FAULTS[file]!;
      const found = await rowsAfter(statement, text);
      expect(found, file).toHaveLength(rows);
    }
  });

  it("a gap that is marked is not reported", async () => {
    const fault = FAULTS["unmarked_trade_gaps.sql"]!.statement;
    const marker = `insert into disconnects (symbol, ts, reason, received_at)
      values ('${SYMBOL}', '${textFromMicros(tradeAt(39).ts_us)}', 'cut', now())`;
    const found = await rowsAfter(`${fault}; ${marker}`, textOf("checks", "unmarked_trade_gaps.sql"));
    expect(found).toHaveLength(1);
  });

  it("the hit-rate counts directions only", async () => {
    const rows = await database.sql.unsafe(textOf("queries", "hit_rate_by_hour.sql"));
    const total = (name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
    // Forecast up but every 4th second; realised up at 0, 1, down at 2, still at 3 (modulo 4).
    expect([total("decided"), total("hits"), total("did_not_move"), total("unknown")]).toEqual([
      68, 23, 22, 10,
    ]);
    expect(rows[0]).toMatchObject({ symbol: SYMBOL, model_version: MODEL });
  });

  it("errors are split into five equal groups by volatility, lowest first", async () => {
    const rows = await database.sql.unsafe(textOf("queries", "error_by_volatility.sql"));
    expect(rows.map((row) => Number(row.seconds))).toEqual([18, 18, 18, 18, 18]);
    expect(rows.map((row) => Number(row.volatility_bp_from))).toEqual([0.01, 0.19, 0.37, 0.55, 0.73]);
    for (const row of rows) expect(Number(row.rmse_bp)).toBeGreaterThan(0);
  });

  it("two models are counted apart, and neither changes what is said of the other", async () => {
    const SHADOW = `
      insert into predictions (venue, symbol, ts, model_version, role, horizon_s, yhat_log_return, current_price,
        predicted_price, feature_set, set_hash, source, features_age_ms, latency_ms, warm, emitted_at, mid_sum_e8)
      select venue, symbol, ts, model_version, 'shadow', 60, -yhat_log_return, current_price, predicted_price,
        feature_set, set_hash, source, features_age_ms, latency_ms, warm, emitted_at, mid_sum_e8
      from predictions;
      insert into outcomes (venue, symbol, ts, model_version, horizon_s, realized_log_return, realized_price, joined_at)
      select venue, symbol, ts, model_version, 60, realized_log_return, realized_price, joined_at from outcomes`;
    for (const file of filesOf("queries")) {
      const question = textOf("queries", file);
      const alone: unknown[] = [...(await database.sql.unsafe(question))];
      const both = (await rowsAfter(SHADOW, question)) as readonly { role?: string; horizon_s: number }[];
      expect(
        both.filter(({ horizon_s }) => horizon_s === 10),
        file,
      ).toEqual(alone);
      const shadows = both.filter(({ horizon_s }) => horizon_s === 60);
      expect(shadows.length, file).toBe(file === "latest_twenty.sql" ? 0 : alone.length);
      for (const { role } of shadows) expect(role, file).toBe("shadow");
    }
  });

  it("the latest twenty are the latest twenty, newest first", async () => {
    const rows = await database.sql.unsafe(textOf("queries", "latest_twenty.sql"));
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatchObject({ price: "61837.64", forecast_bp: "-0.100", realized_bp: null, hit: null });
    expect(
      [...rows]
        .map((row) => row.ts)
        .sort()
        .reverse(),
    ).toEqual(rows.map((row) => row.ts));
  });

  it.skipIf(!psql)("queries and checks run as they are with psql", () => {
    for (const folder of ["queries", "checks"]) {
      for (const file of filesOf(folder)) {
        const ran = spawnSync(
          "psql",
          [database.url, "-v", "ON_ERROR_STOP=1", "-f", join(sql_dir, folder, file)],
          {
            encoding: "utf8",
          },
        );
        expect(ran.stderr, file).toBe("");
        expect(ran.status, file).toBe(0);
        expect(ran.stdout, file).toMatch(/\(\d+ rows?\)/);
      }
    }
  });
});
