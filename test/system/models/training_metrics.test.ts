/** Trainings and what their models are worth, as metrics under the plan's names and ours: by stored rows alone. */

import { afterAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { micros, setHash } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { QualityJob } from "../../../src/record/quality/quality_job.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { TrainingRuns } from "../../../src/record/registry/training_runs.ts";
import { requestTraining } from "../../../src/record/training/request.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { registerTrainingMetrics, TrainingFigures } from "../../../src/system/health/model/trainings.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { outcomeAt, predictionAt, SYMBOL } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";

afterAll(removeFolders);

onEveryServer("metrics of trainings", (server) => {
  async function oneTraining({ sql }: Database): Promise<void> {
    const started_us = systemClock.now();
    const run_id = crypto.randomUUID();
    const runs = new TrainingRuns(sql);
    await runs.start({
      ...{ run_id, kind: "ridge", feature_set: "v1", set_hash: setHash("a".repeat(64)), parameters: {} },
      ...{ symbol: SYMBOL, data_from_us: started_us, data_to_us: started_us, data_rows: 86_400 },
      ...{ data_sha256: "b".repeat(64), sources: [], code_commit: null, started_us },
    });
    const latency = { runs: 1_000, p50_us: 90, p95_us: 180, p99_us: 250 };
    const contents = sampleContents({ version: "trained", latency });
    const model_dir = await freshFolder();
    const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
    const dir = await writeBundle(model_dir, contents);
    const { version } = await registry.register({ actor: "train" }, { dir });
    const { scores } = contents.manifest;
    const ended_us = micros(started_us + 90_000_000);
    await runs.end(run_id, { status: "finished", ended_us, scores, version });
  }

  /** Forecasts that are right two times in three, and off by as much as they say. */
  async function outcomes(database: Database): Promise<void> {
    const writer = new Writer({ database, log, clock: systemClock });
    for (let sec = 0; sec < 300; sec++) {
      const sign = sec % 2 === 0 ? 1 : -1;
      const yhat_log_return = sign * 1e-5;
      const realised = sec % 3 === 0 ? -3e-5 * sign : 3e-5 * sign;
      writer.prediction({ ...predictionAt(sec, yhat_log_return), p_up: 0.5 + sign * 0.1, confidence: 0.6 });
      writer.outcome({ ...outcomeAt(sec, realised), yhat_log_return });
    }
    await writer.flush();
    const bars = new Refresher({ database, log, clock: systemClock });
    const quality = new QualityJob({
      ...{ database, bars, writer, symbols: [SYMBOL], clock: systemClock, log, onMinutes: () => {} },
    });
    await quality.run();
    await quality.close();
    await bars.close();
    await writer.close();
  }

  it("are read from rows, so that another process says the same", async () => {
    const database = await server.openDatabase();
    await oneTraining(database);
    await outcomes(database);
    await requestTraining(database.sql, { symbol: SYMBOL, reason: "drift" });
    const scrape = async (): Promise<Map<string, number>> => {
      const figures = new TrainingFigures({ database, symbols: [SYMBOL], clock: systemClock, log });
      await figures.run();
      await figures.close();
      const metrics = new Metrics();
      registerTrainingMetrics(metrics, () => figures);
      const lines = (await metrics.text()).split("\n").filter((line) => line && !line.startsWith("#"));
      return new Map(lines.map((line) => [line.split("{")[0]!, Number(line.split(" ").at(-1))]));
    };
    const values = await scrape();
    expect(values.get("trainer_training_duration_seconds")).toBeCloseTo(90, 6);
    expect(values.get("trainer_data_samples_processed")).toBe(86_400);
    const { scores } = sampleContents().manifest;
    expect(values.get("trainer_validation_accuracy")).toBe(scores[0]!.hit_rate!);
    expect(values.get("trainer_inference_latency_ms")).toBe(0.25);
    expect(values.get("trainer_model_size_mb")).toBeGreaterThan(0);
    expect(values.get("model_directional_accuracy")).toBeCloseTo(2 / 3, 2);
    expect(values.get("model_mae")).toBeCloseTo((2 * 2e-5 + 4e-5) / 3, 6);
    expect(values.get("model_correlation")).toBeCloseTo(1 / 3, 2);
    // 0.6 was promised, two thirds came.
    expect(values.get("model_confidence_calibration")).toBeCloseTo(2 / 3 - 0.6, 2);
    expect(values.get("foretick_training_jobs")).toBe(1);
    for (const [name, value] of values) {
      if (!name.startsWith("foretick_")) expect(values.get(`foretick_${name}`)).toBe(value);
    }
    expect(await scrape()).toEqual(values);
  });
});
