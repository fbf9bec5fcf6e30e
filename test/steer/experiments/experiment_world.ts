import { afterEach, beforeEach } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { ExperimentJob } from "../../../src/steer/experiments/job.ts";
import type { Experiment } from "../../../src/steer/experiments/rows.ts";
import { type StartInput, startExperiment } from "../../../src/steer/experiments/start.ts";
import { SYMBOL } from "../../record/market_events.ts";
import type { ServerUnderTest } from "../../record/server/servers.ts";
import { A, addVersions, B } from "./trials.ts";

export const ANNA = { actor: "anna" };

export interface ExperimentWorld {
  readonly database: Database;
  readonly registry: Registry;
  readonly job: ExperimentJob;
  jobWith(fences: () => string | null): ExperimentJob;
  start(input?: Partial<StartInput>): Promise<Experiment>;
}

/** A database for each test, where A is the champion and B is registered. */
export function experimentWorld(server: ServerUnderTest): ExperimentWorld {
  let database: Database;
  let registry: Registry;
  let job: ExperimentJob;

  beforeEach(async () => {
    database = await server.openDatabase();
    registry = new Registry({ sql: database.sql, model_dir: "none", sets: FEATURE_SETS, store: undefined });
    job = jobWith(() => null);
    await addVersions(database, { version: A }, { version: B });
    await registry.promote(ANNA, { version: A, symbol: SYMBOL });
  });
  afterEach(async () => {
    await job.close();
  });

  const jobWith = (fences: () => string | null): ExperimentJob =>
    new ExperimentJob({ database, writer: { flush: async () => {} }, symbols: [SYMBOL], fences, clock, log });

  const start = (input: Partial<StartInput> = {}): Promise<Experiment> =>
    startExperiment({ sql: database.sql, registry }, ANNA, {
      symbol: SYMBOL,
      b: B,
      min_duration_h: 24,
      confidence_level: 0.95,
      ...input,
    });

  return {
    get database() {
      return database;
    },
    get registry() {
      return registry;
    },
    get job() {
      return job;
    },
    ...{ jobWith, start },
  };
}
