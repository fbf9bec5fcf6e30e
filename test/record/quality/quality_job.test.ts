/** Sums of minutes in the database are those in memory, whatever came late or was taken back; and so are the figures. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { addRow, emptySums, type MinuteSums } from "../../../src/judge/minute_sums.ts";
import { type QualityMinute, qualityOf } from "../../../src/judge/quality.ts";
import type { Outcome, Prediction } from "../../../src/predict/prediction.ts";
import { QualityMinutes, type QualitySeries } from "../../../src/predict/quality_minutes.ts";
import { RecentPredictions } from "../../../src/predict/recent_predictions.ts";
import { type ForecastSource, figureSourceOf } from "../../../src/predict/source.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { QualityJob } from "../../../src/record/quality/quality_job.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { outcomeAt, predictionAt, START_SEC, SYMBOL } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";

/** The first second of a minute, as an offset of START_SEC. */
const FIRST = Math.ceil(START_SEC / 60) * 60 - START_SEC;
const MINUTES = 14;
const FAR = modelVersion("minute-v1/1");

type Rows = Map<number, Outcome>;

/** A forecast that knows a little, with an interval that is sometimes missed, sometimes missing. */
function forecast(sec: number, seed: number): { prediction: Prediction; outcome: Outcome } {
  const rng = seededRng(seed * 100_000 + sec);
  const yhat_log_return = rng.uniform() < 0.05 ? 0 : 2e-5 * rng.normal();
  const realized = rng.uniform() < 0.2 ? 0 : 0.3 * yhat_log_return + 8e-5 * rng.normal();
  const bounds =
    rng.uniform() < 0.1
      ? { lower_log_return: null, upper_log_return: null }
      : { lower_log_return: yhat_log_return - 1e-4, upper_log_return: yhat_log_return + 1e-4 };
  return {
    prediction: { ...predictionAt(sec, yhat_log_return), ...bounds },
    outcome: { ...outcomeAt(sec, realized), yhat_log_return, ...bounds },
  };
}

onEveryServer("sums of minutes", (server) => {
  let database: Database;
  let writer: Writer;
  let refresher: Refresher;
  let job: QualityJob;
  const taken: (QualitySeries & QualityMinute)[] = [];

  beforeEach(async () => {
    database = await server.openDatabase();
    writer = new Writer({ database, log, clock: systemClock });
    refresher = new Refresher({ database, log, clock: systemClock });
    job = new QualityJob({
      ...{ database, writer, log, bars: refresher, symbols: [SYMBOL], clock: new ManualClock(0) },
      onMinutes: (_, from_minute, rows) => {
        const kept = taken.filter(({ minute }) => minute < from_minute);
        taken.splice(0, taken.length, ...kept, ...rows);
      },
    });
  });

  afterEach(async () => {
    await job.close();
    await refresher.close();
    await writer.close();
    await database.close();
    taken.length = 0;
  });

  /** As the live path writes them: the forecast, and a horizon later its outcome. */
  function write(from: number, to: number, rows: Rows, memory?: RecentPredictions, sourceAt = always): void {
    for (let sec = from; sec < to; sec++) {
      const source = sourceAt(sec);
      const made = forecast(sec, 1);
      const [prediction, outcome] = [
        { ...made.prediction, source },
        { ...made.outcome, source },
      ];
      writer.prediction(prediction);
      writer.outcome(outcome);
      memory?.add(prediction);
      memory?.settle(outcome);
      rows.set(sec, outcome);
    }
  }

  async function summed(): Promise<void> {
    // Twice: the last minute is taken as it is once nothing follows it.
    await job.run();
    await job.run();
    expect(job.stats.last_error).toBeUndefined();
  }

  it("are equal to those in memory: late rows, unknown outcomes and taken back ones included", async () => {
    const rows: Rows = new Map();
    const end = FIRST + 60 * MINUTES;
    write(FIRST, end - 300, rows);
    await summed();
    write(end - 300, end, rows);
    for (const sec of [FIRST + 70, FIRST + 71]) {
      const taken_back = { ...outcomeAt(sec, null), yhat_log_return: rows.get(sec)!.yhat_log_return };
      writer.outcome(taken_back);
      rows.set(sec, taken_back);
    }
    // A whole minute becomes unknown.
    for (let sec = FIRST + 120; sec < FIRST + 180; sec++) {
      writer.outcome({ ...outcomeAt(sec, null), yhat_log_return: 0 });
      rows.delete(sec);
    }
    await summed();
    expect(taken.map(({ minute, sums }) => ({ minute, sums }))).toEqual(minutesOf(rows));
    expect(taken[0]).toMatchObject({ role: "champion", horizon_s: 10, label: "mid" });
  });

  it("keep models, roles and horizons apart, and say the same of every server's clock of minutes", async () => {
    for (let sec = FIRST; sec < FIRST + 120; sec++) {
      const { prediction, outcome } = forecast(sec, 2);
      for (const series of [
        { model_version: FAR, horizon_s: 60, role: "challenger" as const },
        { model_version: FAR, horizon_s: 10, role: "shadow" as const },
      ]) {
        writer.prediction({ ...prediction, ...series });
        writer.outcome({ ...outcome, ...series });
      }
    }
    await summed();
    const counts = taken.map(({ role, horizon_s, sums }) => `${role} ${horizon_s} ${sums.n}`).sort();
    expect(counts).toEqual(["challenger 60 60", "challenger 60 60", "shadow 10 60", "shadow 10 60"]);
  });

  it("give the same figures in SQL as live, to the digit, of live vectors and of what was approximated apart", async () => {
    const rows: Rows = new Map();
    const memory = new RecentPredictions();
    const end = FIRST + 60 * MINUTES;
    const mixed: readonly ForecastSource[] = ["onnx", "fallback", "fallback_last_value", "fallback_set"];
    write(FIRST, end, rows, memory, (sec) => mixed[sec % mixed.length]!);
    await summed();
    const live = new QualityMinutes((choice) => memory.of(choice));
    live.take(0, taken);
    for (const source of ["live", "fallback_last_value"] as const) {
      const own: Rows = new Map([...rows].filter(([, row]) => figureSourceOf(row.source) === source));
      expect(own.size).toBe((source === "live" ? 45 : 15) * MINUTES);
      const [stored] = await database.sql`
        select *
        from quality_of(${SYMBOL}, ${at(FIRST)}, ${at(end)}, p_role => 'champion', p_source => ${source})`;
      const expected = qualityOf(minutesOf(own), { horizon_s: 10 });
      const { intervals: _, ...figures } = expected;
      const { model_version: _version, role, horizon_s, label, n, moves, ...rest } = stored!;
      expect({ role, horizon_s, label }).toEqual({ role: "champion", horizon_s: 10, label: "mid" });
      expect({ ...rest, n: Number(n), moves: Number(moves) }).toEqual(figures);
      expect(expected.r2_low).not.toBeNull();

      const choice = { role: "champion", source } as const;
      const answer = live.figures(choice, "15m")!;
      expect(answer.quality).toEqual(expected);
      // Without the store all but the first minute is known.
      const alone = new QualityMinutes((series) => memory.of(series)).figures(choice, "1h")!;
      expect(alone.quality).toEqual(qualityOf(minutesOf(own).slice(1), { horizon_s: 10 }));
    }
    const [default_of] = await database.sql`select n from quality_of(${SYMBOL}, ${at(FIRST)}, ${at(end)})`;
    expect(Number(default_of!.n)).toBe(45 * MINUTES);
    expect(
      await database.sql`
      select sum(n)::int as n from reliability_of(${SYMBOL}, ${taken[0]!.model_version}, ${at(FIRST)}, ${at(end)})
      where measure = 'interval'`,
    ).toEqual([{ n: 45 * MINUTES }]);
  });

  it("is null in SQL where nothing moved, and no row where nothing is known", async () => {
    for (let sec = FIRST; sec < FIRST + 120; sec++) {
      writer.prediction(predictionAt(sec, 0));
      writer.outcome({ ...outcomeAt(sec, 0), yhat_log_return: 0 });
    }
    await summed();
    const [row] = await database.sql`select * from quality_of(${SYMBOL}, ${at(FIRST)}, ${at(FIRST + 120)})`;
    expect(row).toMatchObject({ n: "120", r2: null, ic: null, hit_rate: null, calibration_slope: null });
    expect(await database.sql`select * from quality_of('NONE', ${at(0)}, ${at(1)})`).toHaveLength(0);
  });
});

const always = (_sec: number): ForecastSource => "onnx";

const at = (sec: number): string => new Date((START_SEC + sec) * 1_000).toISOString();

function minutesOf(rows: Rows): QualityMinute[] {
  const minutes = new Map<number, MinuteSums>();
  for (const row of rows.values()) {
    const minute = Math.floor(row.ts_sec / 60);
    const sums = minutes.get(minute) ?? emptySums();
    minutes.set(minute, sums);
    if (row.realized_log_return === null) continue;
    const { yhat_log_return, realized_log_return, lower_log_return: lower, upper_log_return: upper } = row;
    addRow(sums, { yhat_log_return, realized_log_return, lower, upper });
  }
  return [...minutes].sort(([one], [other]) => one - other).map(([minute, sums]) => ({ minute, sums }));
}
