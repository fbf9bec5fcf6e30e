/** What AUTO_DEPLOY begins: the deployment that the configuration asks for, as a row that a service goes on from. */

import { afterAll, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { DeploymentRows } from "../../../src/record/steer/deployment_rows.ts";
import { deployInSteps } from "../../../src/train/jobs/trial.ts";
import { codeOf } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { SYMBOL } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { A, B } from "../../steer/experiments/trials.ts";

afterAll(removeFolders);

onEveryServer("AUTO_DEPLOY", (server) => {
  it("begins a canary of the challenger beside the champion, and no second one", async () => {
    const database = await server.openDatabase();
    const { sql } = database;
    const model_dir = await freshFolder();
    const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
    for (const version of ["a", "b"]) {
      const dir = await writeBundle(model_dir, sampleContents({ version }));
      await registry.register({ actor: "anna" }, { dir });
    }
    await registry.promote({ actor: "anna" }, { version: A, symbol: SYMBOL });
    const config = readConfig({ CANARY_TRAFFIC_PERCENTAGE: "20" });
    const deploy = deployInSteps(database, config, clock);
    await deploy({ symbol: SYMBOL, version: B, reason: "training 7" });
    expect(await new DeploymentRows(sql).running()).toMatchObject([
      {
        ...{
          version: B,
          version_before: A,
          symbol: SYMBOL,
          strategy: "canary",
          canary_share: 0.2,
          hold_s: 600,
        },
        ...{
          status: "running",
          reason: "training 7; AUTO_DEPLOY",
          steps: [{ step: "load", actor: "train" }],
        },
      },
    ]);
    expect(await codeOf(deploy({ symbol: SYMBOL, version: B, reason: "training 8" }))).toBe("MODEL_REFUSED");
  });
});
