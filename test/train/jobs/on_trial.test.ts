/** Where a model that was trained goes: the challenger's place, unless the one that has it is being tried. */

import { expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { RoleRows } from "../../../src/record/registry/role_rows.ts";
import { DeploymentRows } from "../../../src/record/steer/deployment_rows.ts";
import { planOf } from "../../../src/steer/deploy/plan.ts";
import { stepOf } from "../../../src/steer/deploy/steps.ts";
import { experiments } from "../../../src/steer/experiments/rows.ts";
import { finishExperiment } from "../../../src/steer/experiments/start.ts";
import { putOnTrial } from "../../../src/train/jobs/trial.ts";
import { rejection } from "../../base/rejection.ts";
import { SYMBOL } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { ANNA, experimentWorld } from "../../steer/experiments/experiment_world.ts";
import { A, addVersions, B, store, ticks } from "../../steer/experiments/trials.ts";

onEveryServer("a model that was trained", (server) => {
  const world = experimentWorld(server);
  const trained = (at: number) => modelVersion(`ridge-v1/trained-${at}`);
  const put = async (at: number): Promise<void> => {
    await addVersions(world.database, { version: trained(at) });
    const { sql } = world.database;
    await putOnTrial(sql, world.registry, { symbol: SYMBOL, version: trained(at), reason: "training 7" });
  };
  const beside = async (): Promise<string[]> => {
    const all = (await new RoleRows(world.database.sql).beside([SYMBOL])).get(SYMBOL)!;
    return all.map(({ version, place }) => `${place.alias} ${version}`);
  };

  it("is the challenger, in the place of one that nothing is tried with", async () => {
    await put(1);
    expect(await beside()).toEqual([`challenger ${trained(1)}`]);
    await put(2);
    expect(await beside()).toEqual([`challenger ${trained(2)}`]);
  });

  it("is a shadow beside a challenger that is in an experiment, which goes on; and not on trial where no shadow is free", async () => {
    const { experiment_id } = await world.start();
    await store(world.database, ticks(300));
    for (let at = 1; at <= 6; at++) await put(at);
    expect((await beside())[0]).toBe(`challenger ${B}`);
    expect(await beside()).toContain(`shadow:1 ${trained(1)}`);
    await world.job.run();
    expect(await experiments(world.database.sql)).toMatchObject([{ a: A, b: B, winner: null }]);
    expect(await rejection(put(7))).toMatchObject({
      ...{ code: "MODEL_REFUSED", message: expect.stringContaining("has 6 shadows") },
    });
    await finishExperiment(world.database.sql, ANNA, { experiment_id, how: "stop" });
    await put(8);
    expect((await beside())[0]).toBe(`challenger ${trained(8)}`);
  });

  it.each([SYMBOL, "*"])("is a shadow beside a challenger that is being deployed for %s", async (symbol) => {
    const { sql } = world.database;
    if (symbol === "*") {
      await sql`delete from model_aliases`;
      await world.registry.promote(ANNA, { version: A, symbol });
    }
    await world.registry.role(ANNA, { version: B, role: "challenger", symbol });
    const deployment = {
      ...{ version: B, symbol, symbols: [SYMBOL], strategy: "canary" as const, hold_s: 60 },
      ...{
        canary_share: 0.1,
        forced: false,
        version_before: A,
        requested_by: "anna",
        reason: "",
        requested_us: clock.now(),
      },
    } as const;
    const asked = { at_us: clock.now(), actor: "anna", from_sec: null };
    await new DeploymentRows(sql).start(deployment, stepOf(planOf(deployment)[0]!, asked));
    await put(1);
    expect(await beside()).toEqual([`challenger ${B}`, `shadow:1 ${trained(1)}`]);
  });
});
