import { beforeAll, expect, it } from "vitest";
import { systemClock as clock } from "../../src/base/clock.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { micros, modelVersion, secondOf, unixSec } from "../../src/base/units.ts";
import type { PastOutcome } from "../../src/predict/calibrations.ts";
import { type Prediction, realizedOf, UNREALIZED } from "../../src/predict/prediction.ts";
import { CHAMPION, type SeriesChoice } from "../../src/predict/series.ts";
import type { Database } from "../../src/record/database.ts";
import { pastOutcomes } from "../../src/record/outcomes/past_outcomes.ts";
import { PredictionRows } from "../../src/record/prediction_rows.ts";
import { readReliability } from "../../src/record/reliability.ts";
import { microsFromText } from "../../src/record/sql/time_text.ts";
import { Writer } from "../../src/record/write/writer.ts";
import { MODEL, outcomeAt, predictionAt, START_SEC, START_US, SYMBOL } from "./market_events.ts";
import { onEveryServer } from "./server/servers.ts";

const SECOND = modelVersion("ridge-v1/second");
const LONG = modelVersion("minute-v1/1");
/** The first champion predicts until here, the second from here on (s). */
const SWAP_S = 20;

/** Four series at once: two champions one after the other, a challenger, and a model that looks a minute ahead. */
function predictionsAt(sec: number): Prediction[] {
  const one = predictionAt(sec, sec === 4 ? 0 : (sec % 3) - 1);
  const champion = sec < SWAP_S ? one : { ...one, model_version: SECOND };
  const challenger = { ...one, model_version: sec < SWAP_S ? SECOND : MODEL, role: "challenger" } as const;
  return [champion, challenger, { ...one, model_version: LONG, horizon_s: 60, role: "shadow" }];
}

onEveryServer("stored predictions", (server) => {
  let database: Database;
  let rows: PredictionRows;

  beforeAll(async () => {
    database = await server.openDatabase();
    rows = new PredictionRows(database);
    const writer = new Writer({ database, clock, log });
    for (let sec = 0; sec < 30; sec++) {
      for (const prediction of predictionsAt(sec)) writer.prediction(prediction);
      if (sec < 15) writer.outcome(outcomeAt(sec, sec === 7 ? null : sec === 8 ? 0 : 1e-5));
      if (sec < 15) writer.outcome({ ...outcomeAt(sec, 5e-5), model_version: LONG, horizon_s: 60 });
    }
    await writer.close();
  });

  const within = (
    from_s: number,
    to_s: number,
    choice: SeriesChoice = CHAMPION,
    limit = 100,
    every_s?: number,
  ) =>
    rows.within({
      ...(every_s === undefined ? {} : { every_s }),
      symbol: SYMBOL,
      from_us: micros(START_US + from_s * 1_000_000),
      to_us: micros(START_US + to_s * 1_000_000),
      choice,
      limit,
    });

  it("are the newest of the range, oldest first, joined with what came of them", async () => {
    const found = await within(5, 9, CHAMPION, 3);
    const realized = realizedOf(outcomeAt(6, 1e-5));
    expect(found.map(({ ts_sec }) => ts_sec - START_SEC)).toEqual([6, 7, 8]);
    expect(found[0]).toEqual({ ...predictionsAt(6)[0], ...realized });
    expect(found[1]!.realized_log_return).toBeNull();
    expect((await within(20, 30, CHAMPION, 1))[0]).toEqual({ ...predictionsAt(29)[0]!, ...UNREALIZED });
  });

  it("are the same read in pages as all at once, none twice and none left out", async () => {
    const pages = new PredictionRows(database, 3);
    const range = { symbol: SYMBOL, from_us: micros(START_US), to_us: micros(START_US + SWAP_S * 1_000_000) };
    for (const limit of [1, 3, 7, 9, SWAP_S, 100]) {
      const query = { ...range, choice: { model_version: MODEL, role: "champion" } as const, limit };
      const found = await pages.within(query);
      expect(found).toHaveLength(Math.min(limit, SWAP_S));
      expect(found).toEqual(await rows.within(query));
    }
  });

  it("are an even sample where one is asked for: whole multiples of so many seconds", async () => {
    const found = await within(SWAP_S, 30, CHAMPION, 100, 3);
    const wanted = Array.from({ length: 30 - SWAP_S }, (_, i) => START_SEC + SWAP_S + i).filter(
      (sec) => sec % 3 === 0,
    );
    expect(found.map(({ ts_sec }) => Number(ts_sec))).toEqual(wanted);
  });

  it("are of one model in one role: of two champions, the one that predicted last in the range", async () => {
    const found = await within(0, 30);
    expect(found.map(({ ts_sec }) => ts_sec - START_SEC)).toEqual(
      Array.from({ length: 10 }, (_, i) => SWAP_S + i),
    );
    expect(new Set(found.map(({ model_version }) => model_version))).toEqual(new Set([SECOND]));
    const before = await within(0, SWAP_S);
    expect(before).toHaveLength(SWAP_S);
    expect(new Set(before.map(({ model_version }) => model_version))).toEqual(new Set([MODEL]));
  });

  it("are of the role, the version and the horizon that are asked for, and none where nothing fits", async () => {
    const challenger = await within(0, 30, { role: "challenger" });
    expect(challenger.map(({ role, model_version }) => `${role} ${model_version}`)).toEqual(
      Array.from({ length: 10 }, () => `challenger ${MODEL}`),
    );
    expect(await within(0, 30, { role: "challenger", model_version: SECOND })).toHaveLength(SWAP_S);
    const long = await within(0, 30, { role: "shadow", horizon_s: 60 });
    expect(long.map(({ horizon_s }) => horizon_s)).toEqual(Array.from({ length: 30 }, () => 60));
    expect(long[3]!.realized_log_return).toBe(5e-5);
    expect(await within(0, 30, { role: "champion", horizon_s: 60 })).toEqual([]);
    expect(await within(0, 30, { role: "fallback" })).toEqual([]);
  });

  it("count a hit only where a direction was forecast and the price moved", async () => {
    const outcomes = await database.sql<{ ts: string; hit: boolean | null; error: number | null }[]>`
      select ts, hit, error
      from prediction_outcomes
      where model_version = ${MODEL} and role = 'champion' and horizon_s = 10
      order by ts`;
    const hits = new Map(outcomes.map((row) => [secondOf(microsFromText(row.ts)) - START_SEC, row]));
    expect(hits.get(5)).toMatchObject({ hit: true, error: 1 - 1e-5 });
    expect(hits.get(6)).toMatchObject({ hit: false, error: -1 - 1e-5 });
    expect(hits.get(4)).toMatchObject({ hit: null, error: -1e-5 });
    expect(hits.get(7)).toMatchObject({ hit: null, error: null });
    expect(hits.get(8)).toMatchObject({ hit: null });
    expect(hits.get(17)).toMatchObject({ hit: null, error: null });
  });

  it("that came true are what a model's calibration is restored from: its own, oldest first, before an instant", async () => {
    const wanted = { model_version: MODEL, horizon_s: 10, before_sec: unixSec(START_SEC + 12) };
    const past: PastOutcome[] = [];
    for await (const row of pastOutcomes(database.sql, SYMBOL, wanted)) past.push(row);
    // The outcome of 7 is not known.
    expect(past.map(({ ts_sec }) => ts_sec - START_SEC)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]);
    expect(past[1]).toEqual({
      ts_sec: unixSec(START_SEC + 1),
      yhat_log_return: predictionsAt(1)[0]!.yhat_log_return,
      volatility: predictionAt(1).volatility,
      realized_log_return: 1e-5,
      realized_mid_log_return: 1e-5,
      realized_last_log_return: 5e-6,
    });
    const long = { ...wanted, model_version: LONG, horizon_s: 60 };
    const further: number[] = [];
    for await (const row of pastOutcomes(database.sql, SYMBOL, long)) further.push(row.realized_log_return);
    expect(further).toEqual(Array.from({ length: 12 }, () => 5e-5));
  });

  it("say whether what came was inside their interval, where both are known", async () => {
    const found = await database.sql`
      select inside, count(*)::int as n
      from prediction_outcomes
      where model_version = ${MODEL}
        and role = 'champion'
      group by inside
      order by inside`;
    // Their intervals move up by 1 a second, what came does not.
    expect(found.map(({ inside, n }) => [inside, n])).toEqual([
      [false, 7],
      [true, 7],
      [null, 6],
    ]);
  });

  it("are held against what they promised, by bin, each model for itself", async () => {
    const to_us = micros(START_US + 60_000_000);
    const asked = { symbol: SYMBOL, from_us: micros(START_US), to_us };
    const { p_up, confidence, interval } = await readReliability(database.sql, {
      ...asked,
      model_version: MODEL,
    });
    // Fourteen outcomes, one of which is no move; all of one promise.
    expect(p_up).toEqual([{ bin: 0.51, n: 13, promised: 0.515625, realised: 1 }]);
    expect(confidence).toEqual([{ bin: 0.53, n: 13, promised: 0.53125, realised: 1 }]);
    expect(interval).toHaveLength(1);
    const [hour] = interval;
    expect(hour).toMatchObject({ bin: START_SEC - (START_SEC % 3_600), n: 14, realised: 0.5 });
    expect(hour!.promised).toBeCloseTo(0.9, 12);
    const none = await readReliability(database.sql, { ...asked, model_version: SECOND });
    expect(none).toEqual({ p_up: [], confidence: [], interval: [] });
  });
});
