/** A training as a user starts it, with a record: from a tape to a registered bundle a service can be told to serve. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { openStore } from "../../../scripts/store/open_store.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { TrainingRuns } from "../../../src/record/registry/training_runs.ts";
import { rejection } from "../../base/rejection.ts";
import { MlflowServer } from "../../train/track/mlflow_server.ts";

const root = join(import.meta.dirname, "../../..");
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function script(name: string, flags: string[], environment: Record<string, string>): Promise<string> {
  const child = Bun.spawn([process.execPath, join(root, "scripts", `${name}.ts`), ...flags], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = (await new Response(child.stderr).text()) + (await new Response(child.stdout).text());
  expect([said, await child.exited]).toEqual([said, 0]);
  return said;
}

describe("a recorded training", () => {
  it("leaves a run in the database, the same on the MLflow server, and a bundle that can be promoted", async () => {
    const server = new MlflowServer();
    cleanups.push(() => server.close());
    const folder = mkdtempSync(join(tmpdir(), "foretick-test-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const [tape, model_dir, data_dir] = ["market.tape", "models", "data"].map((name) => join(folder, name));
    const environment = { DATA_DIR: data_dir!, MODEL_DIR: model_dir!, MLFLOW_TRACKING_URI: server.url };
    const market = ["--simulate", "--seed", "3", "--no-depth", "--seconds", "1200"];
    await script("tape", [...market, "--start", "2026-11-20T00:00:00Z", "--to", tape!], environment);
    const flags = ["--model", "ridge", "--tape", tape!, "--out", model_dir!, "--version", "1", "--record"];
    await script("train", flags, environment);

    const database = await openStore({ url: undefined, data_dir: data_dir!, log: silentLogger });
    const [run, ...others] = await new TrainingRuns(database.sql).newest().finally(() => database.close());
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      kind: "ridge",
      status: "finished",
      version: "ridge-v1/1",
      symbol: "BTCUSDT",
    });
    expect(run!.scores![0]!.model).toBe("ridge");
    expect(run!.parameters).toHaveProperty("lambda");
    const [told] = [...server.runs.values()];
    expect(told).toMatchObject({ status: "FINISHED" });
    expect(told!.tags).toMatchObject({ "foretick.run_id": run!.run_id, "foretick.version": "ridge-v1/1" });

    const shown = await modelsCommand(["show", "ridge-v1/1"], environment);
    expect(shown.join("\n")).toContain(`training run ${run!.run_id}`);
    // Twenty minutes prove nothing, so it may not serve unless someone insists.
    const refused = modelsCommand(["promote", "ridge-v1/1"], environment);
    expect(await rejection(refused)).toMatchObject({ code: "MODEL_REFUSED" });
    const forced = ["promote", "ridge-v1/1", "--force", "--reason", "a drill"];
    expect(await modelsCommand(forced, environment)).toEqual(["champion is now ridge-v1/1"]);
    expect((await modelsCommand(["list"], environment)).join("\n")).toMatch(
      /ridge-v1\/1 .* no .* champion$/m,
    );
  });
});
