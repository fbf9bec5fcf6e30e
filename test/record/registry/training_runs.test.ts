/** Training runs in the database, as they are written while a model learns. */

import { afterAll, beforeEach, expect, it } from "vitest";
import { micros, modelVersion, setHash } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { type RunEpoch, type RunStart, TrainingRuns } from "../../../src/record/registry/training_runs.ts";
import { rejection } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";

afterAll(removeFolders);

const START_US = 1_700_000_000_123_457;

const runAt = (at: number): RunStart => ({
  run_id: crypto.randomUUID(),
  kind: "mlp",
  feature_set: "v1",
  set_hash: setHash("a".repeat(64)),
  parameters: { seed: 1, purge_s: null, note: 'it\'s "quoted" {1,2}', is_short: true },
  symbol: "BTCUSDT",
  data_from_us: micros(START_US),
  data_to_us: micros(START_US + 86_399_000_001),
  data_rows: 86_400,
  data_sha256: "b".repeat(64),
  sources: ["one, two", "{three}"],
  code_commit: "c0ffee+",
  started_us: micros(START_US + at),
});

const epochAt = (epoch: number): RunEpoch => ({
  ...{ member: 1, epoch, loss: 1 / 3 / epoch, validation_loss: 0.1 + 0.2 },
  ...{ validation_r2: -1e-9, learning_rate: 1e-3, took_ms: 12.5 },
});

onEveryServer("training runs", (server) => {
  let database: Database;
  let runs: TrainingRuns;
  beforeEach(async () => {
    database = await server.openDatabase();
    runs = new TrainingRuns(database.sql);
  });

  it("are read back as they were reported, epochs in order, to the last bit and microsecond", async () => {
    const run = runAt(1);
    await runs.start(run);
    expect((await runs.newest(1))[0]).toEqual({
      ...run,
      ...{ epochs: [], scores: null, status: "running", problem: null, version: null, ended_us: null },
    });
    const epochs = [1, 2, 3].map(epochAt);
    for (const epoch of epochs) await runs.epoch(run.run_id, epoch);
    const contents = sampleContents({ version: "trained" });
    const model_dir = await freshFolder();
    const registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store: undefined });
    const { version } = await registry.register(
      { actor: "train" },
      { dir: await writeBundle(model_dir, contents) },
    );
    const { scores } = contents.manifest;
    const ended_us = micros(START_US + 5_000_001);
    await runs.end(run.run_id, {
      status: "finished",
      ended_us,
      parameters: { seed: 2, epochs: 3 },
      scores,
      version,
    });
    const [stored] = await runs.newest(1);
    expect(stored).toEqual({
      ...run,
      ...{
        epochs,
        scores,
        status: "finished",
        problem: null,
        version: modelVersion("ridge-v1/trained"),
        ended_us,
      },
      parameters: { ...run.parameters, seed: 2, epochs: 3 },
    });
  });

  it("end once: what comes after the end changes nothing", async () => {
    const run = runAt(2);
    await runs.start(run);
    const ended_us = micros(START_US + 7);
    await runs.end(run.run_id, { status: "failed", ended_us, problem: "TRAIN_DATA: every label is zero" });
    await runs.epoch(run.run_id, epochAt(1));
    await runs.end(run.run_id, { status: "finished", ended_us: micros(START_US + 9) });
    const [stored] = await runs.newest(1);
    expect(stored).toMatchObject({
      status: "failed",
      problem: "TRAIN_DATA: every label is zero",
      epochs: [],
      ended_us,
    });
  });

  it("never name a version that is not registered", async () => {
    const run = runAt(3);
    await runs.start(run);
    const end = {
      status: "finished",
      ended_us: micros(START_US),
      version: modelVersion("mlp/none"),
    } as const;
    expect(await rejection(runs.end(run.run_id, end))).toMatchObject({ code: "STORE_QUERY" });
    expect((await runs.newest(1))[0]!.status).toBe("running");
  });
});
