/** What the environment says of experiments and deployments is in the row, whether a command or a caller over HTTP begins one. */

import { afterAll, expect, it } from "vitest";
import { deployCommand } from "../../scripts/store/commands/deploy.ts";
import { experimentsCommand } from "../../scripts/store/commands/experiments.ts";
import { systemClock as clock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { Registry } from "../../src/record/registry/registry.ts";
import { operatorOver } from "../../src/system/operate/operator.ts";
import { freshFolder, removeFolders, sampleContents } from "../model/sample.ts";
import { SYMBOL } from "../record/market_events.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { A, B } from "./experiments/trials.ts";

afterAll(removeFolders);

onEveryServer("settings of experiments and deployments", (server) => {
  it("count for commands and over HTTP alike", async () => {
    const database = await server.openDatabase();
    const { sql, url } = database;
    const model_dir = await freshFolder();
    const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
    for (const version of ["a", "b"]) {
      const dir = await writeBundle(model_dir, sampleContents({ version }));
      await registry.register({ actor: "anna" }, { dir });
    }
    await registry.promote({ actor: "anna" }, { version: A, symbol: SYMBOL });
    const environment = {
      ...{ DATABASE_URL: url, MODEL_DIR: model_dir, SYMBOLS: SYMBOL },
      ...{ AB_TEST_MIN_DURATION_HOURS: "36", AB_TEST_CONFIDENCE_LEVEL: "0.9" },
      ...{ DEFAULT_DEPLOYMENT_STRATEGY: "blue_green", CANARY_TRAFFIC_PERCENTAGE: "30" },
      ...{ DEPLOYMENT_HOLD_S: "90" },
    };
    const operator = operatorOver({
      ...{ config: readConfig(environment), database: () => database, serving: () => undefined, clock, log },
      ...{ refresh: async () => {}, drift: () => [], runningTraining: () => undefined, rules: () => [] },
    });
    const because = { actor: "anna", reason: "" };

    await experimentsCommand(["start", B, "--by", "anna"], environment);
    const [begun] = await operator.experiments();
    await operator.endExperiment({
      ...{ ...because, experiment_id: begun!.experiment_id, how: "stop", force: false },
    });
    await operator.startExperiment({ ...because, symbol: SYMBOL, b: B });
    const tried = await operator.experiments();
    expect(tried).toHaveLength(2);
    for (const one of tried) {
      expect(one).toMatchObject({ min_duration_h: 36, duration_h: 336, confidence_level: 0.9 });
    }

    await deployCommand([B, "--symbol", SYMBOL, "--by", "anna"], environment);
    await operator.stopDeployment({ ...because, symbol: SYMBOL });
    const unsaid = { strategy: undefined, share: undefined, hold_s: undefined };
    await operator.deploy({ ...because, ...unsaid, version: B, symbol: SYMBOL, force: false });
    const deployed = await operator.deployments(10);
    expect(deployed).toHaveLength(2);
    for (const one of deployed) {
      expect(one).toMatchObject({ strategy: "blue_green", hold_s: 90, canary_share: 0.3 });
    }
  });
});
