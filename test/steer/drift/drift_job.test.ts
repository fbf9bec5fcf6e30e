/** Drift in what is stored: a model's own reference, the last day of vectors, forecasts and outcomes, a row for each look. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { type DriftReference, driftReference } from "../../../src/judge/drift/drift_reference.ts";
import { binsOf, DriftSlots } from "../../../src/judge/drift/drift_slots.ts";
import type { FeatureImportance } from "../../../src/model/bundle/importance.ts";
import type { Database } from "../../../src/record/database.ts";
import { requestTraining } from "../../../src/record/training/request.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { alertOf } from "../../../src/steer/alerts/steer_alert.ts";
import { DriftJob } from "../../../src/steer/drift/drift_job.ts";
import type { LookedAt } from "../../../src/steer/drift/look.ts";
import type { DriftEvent } from "../../../src/steer/events.ts";
import { outcomeAt, predictionAt, START_SEC, SYMBOL, vectorAt } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";

/** A vector a minute: what takes a day at one a second. */
const CADENCE_S = 60;
const DAY_S = 86_400;
const FIRST_SEC = Math.ceil(START_SEC / 900) * 900;
const NAMES = ["calm", "read", "frozen"];

/** Features, forecast, label of a minute: the market as it was in training, or `scale` times as lively. */
function minute(sec: number, scale = 1): number[] {
  const rng = seededRng(sec);
  const forecast = 1e-5 * scale * rng.normal();
  return [rng.normal(), scale * rng.normal(), rng.normal(), forecast, forecast + 1e-4 * scale * rng.normal()];
}

function trained(): DriftReference {
  const names = [...NAMES, "forecast", "label"];
  const seconds = Array.from({ length: (25 * DAY_S) / CADENCE_S }, (_, at) => at * CADENCE_S);
  const slots = new DriftSlots(
    binsOf(
      names,
      seconds.filter((_, at) => at % 10 === 0).map((sec) => minute(sec)),
    ),
  );
  for (const sec of seconds) slots.add(sec, minute(sec));
  return driftReference(slots, { cadence_s: CADENCE_S });
}

const importance: FeatureImportance = {
  format: "foretick-importance/1",
  rows: 1_000,
  features: NAMES.map((name) => ({ name, r2_lost: 0, weight: name === "read" ? 2.8 : 0.1 })),
};
const drift = trained();

onEveryServer("drift job", (server) => {
  let database: Database;
  let writer: Writer;
  let job: DriftJob;
  let champion: LookedAt | undefined;
  let events: DriftEvent[];

  beforeEach(async () => {
    database = await server.openDatabase();
    events = [];
    writer = new Writer({ database, log, clock: systemClock });
    const { model_version: version, feature_set, set_hash, horizon_s } = predictionAt(0);
    champion = { version, feature_set, set_hash, horizon_s, importance, drift };
    job = jobOf(24);
  });

  afterEach(async () => {
    await job.close();
    await writer.close();
    await database.close();
  });

  function jobOf(hours: number): DriftJob {
    return new DriftJob({
      ...{ database, log, symbols: [SYMBOL], leads: () => true, championOf: () => champion, hours },
      // Pauses are over at once.
      clock: Object.assign(new ManualClock(0), {
        after: (_ms: number, run: () => void) => systemClock.after(0, run),
      }),
      psi_fixed: 0.1,
      requestTraining: (request) => requestTraining(database.sql, request),
      onEvent: (event) => events.push(event),
    });
  }

  /** Minutes lived, from `from_s` to `to_s` after the first. */
  async function live(
    from_s: number,
    to_s: number,
    change: (values: number[]) => void = () => {},
    scale = 1,
  ) {
    for (let sec = from_s; sec < to_s; sec += CADENCE_S) {
      const at = FIRST_SEC + sec - START_SEC;
      const values = minute(sec, scale);
      change(values);
      const [forecast, label] = values.splice(3);
      writer.features({ ...vectorAt(at, values), warm: true }, predictionAt(at).emitted_at_us);
      writer.prediction(predictionAt(at, forecast!));
      writer.outcome({ ...outcomeAt(at, label!), yhat_log_return: forecast! });
    }
    // The newest vector, whose quarter is not over.
    const end = FIRST_SEC + to_s + 120 - START_SEC;
    writer.features({ ...vectorAt(end, [0, 0, 0]), warm: true }, predictionAt(end).emitted_at_us);
    await writer.flush();
  }

  it("says nothing of a day as it was in training, once a quarter, and goes on where it was", async () => {
    await live(0, DAY_S);
    await job.run();
    expect(job.stats.last_error).toBeUndefined();
    await job.run();
    expect(job.stats.runs).toBe(1);
    const [run] = await database.sql`select * from drift_runs`;
    expect(run).toMatchObject({
      ...{ symbol: SYMBOL, source: "service", span: "day", recommendation: "none", drift_detected: false },
      ...{ completeness: 1, training: null },
    });
    expect(new Date(`${run!.to_ts}`).getTime() / 1_000).toBe(FIRST_SEC + DAY_S);
    expect(run!.features).toHaveLength(3);
    await live(DAY_S, DAY_S + 900);
    await job.run();
    expect(job.stats.runs).toBe(2);
    expect(await database.sql`select from training_jobs`).toHaveLength(0);
  });

  it("names what has frozen and doubled, what is read most first, and asks for one training with the evidence", async () => {
    const freeze = (values: number[]): void => {
      values[2] = 0.5;
    };
    await live(0, DAY_S, freeze, 2);
    await job.run();
    const [{ report }] = job.stats.looks as [(typeof job.stats.looks)[number]];
    expect(report).toMatchObject({ span: "day", recommendation: "retrain_now", drift_detected: true });
    expect(report!.features.map(({ name, drifted }) => [name, drifted])).toEqual([
      ["read", true],
      ["frozen", true],
      ["calm", false],
    ]);
    expect([report!.forecast!.drifted, report!.label!.drifted]).toEqual([true, true]);
    const [run] = await database.sql`select features, forecast, label, training from drift_runs`;
    expect(run!.features).toEqual(JSON.parse(JSON.stringify(report!.features)));
    expect(run!.training).toBe(`a training of ${SYMBOL} is queued`);
    const [asked] = await database.sql`select symbol, reason, evidence from training_jobs`;
    expect(asked).toMatchObject({ symbol: SYMBOL, reason: "drift", evidence: { span: "day" } });
    expect(asked!.evidence.drifted[0]).toMatchObject({ name: "read", measure: expect.any(String) });
    await live(DAY_S, DAY_S + 900, freeze, 2);
    await job.run();
    expect(await database.sql`select from training_jobs`).toHaveLength(1);
    // An event at each look that says so: one alert, until none follows.
    expect(events.map(alertOf)).toMatchObject([
      { kind: "drift", symbol: SYMBOL, summary: expect.stringContaining("read, frozen"), is_over: false },
      { kind: "drift", evidence: { recommendation: "retrain_now" }, is_over: false },
    ]);
  });

  it("names it within the hour as a reason to watch, and looks no farther than it is told", async () => {
    await live(0, DAY_S - 3_600);
    await live(DAY_S - 3_600, DAY_S, (values) => {
      values[2] = 0.5;
    });
    const short = jobOf(1);
    await short.run();
    expect(short.stats.looks[0]!.report).toMatchObject({ span: "hour", recommendation: "watch" });
    const [first] = short.stats.looks[0]!.report!.features.filter(({ drifted }) => drifted);
    expect(first!.name).toBe("frozen");
    await short.close();
  });

  it("begins anew with another champion, and says so where a bundle has no reference", async () => {
    await live(0, 3_600);
    await job.run();
    champion = { ...champion!, version: modelVersion("other/1"), drift: undefined };
    await job.run();
    expect(job.stats.looks).toEqual([
      { symbol: SYMBOL, model_version: "other/1", report: null, has_reference: false } as never,
    ]);
    champion = undefined;
    await job.run();
    expect(job.stats.looks).toEqual([]);
  });
});
