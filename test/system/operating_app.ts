/** The service's routes over a database of its own, a bundle that serves, and callers whose key is the name of their role. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import { Calibrations } from "../../src/predict/calibrations.ts";
import { ACCESS_ROLES, type AccessRole } from "../../src/record/access/access_role.ts";
import type { Database } from "../../src/record/database.ts";
import { RegistryRows } from "../../src/record/registry/rows.ts";
import { Access } from "../../src/serve/access/access.ts";
import { createApp } from "../../src/serve/app.ts";
import type { RequestScope } from "../../src/serve/request/problem.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { AskedModels } from "../../src/system/asked/asked_models.ts";
import { Asks } from "../../src/system/asked/asks.ts";
import { KeyedRequests } from "../../src/system/callers/keyed_requests.ts";
import { operatorOver } from "../../src/system/operate/operator.ts";
import { freshFolder, sampleContents } from "../model/sample.ts";
import type { ServerUnderTest } from "../record/server/servers.ts";
import { FakeMarket } from "../serve/fake_market.ts";

export interface OperatingApp {
  readonly app: OpenAPIHono<RequestScope>;
  readonly database: Database;
  readonly model_dir: string;
  /** Ends what requests with an Idempotency-Key are done on. */
  close(): Promise<void>;
}

/** The bundle that is there. */
export const SERVED_VERSION = "ridge-v1/served";

export async function operatingApp(server: ServerUnderTest): Promise<OperatingApp> {
  const database = await server.openDatabase();
  const model_dir = await freshFolder();
  await writeBundle(model_dir, sampleContents({ version: "served" }));
  const config = readConfig({ MODEL_DIR: model_dir });
  const parts = { config, clock: systemClock, log: silentLogger };
  const zero = new ZeroModel(v1);
  const operator = operatorOver({
    ...parts,
    database: () => database,
    serving: () => ({ model: zero, since_us: 1_732_180_000_000_000 }),
    refresh: async () => undefined,
    drift: () => [],
    runningTraining: () => undefined,
    rules: () => ["features_late"],
  });
  const calibrations = new Calibrations();
  const asks = new Asks({
    ...{ models: new AskedModels({ ...parts, model_dir }), settings: config, busy_ms: 0, clock: systemClock },
    membersOf: (version) => new RegistryRows(database.sql).members(version),
    symbolOf: () => ({ champion: zero, calibrations, priceOf: () => null }),
  });
  class Market extends FakeMarket {
    readonly operator = operator;
    readonly asks = asks;
  }
  const market = new Market();
  for (let sec = 1_732_180_000; sec < 1_732_180_030; sec++) market.tick(sec);
  const keyed = new KeyedRequests(() => database, systemClock);
  const access = new Access({
    public_read: true,
    kept_answers: keyed,
    credentials: [
      {
        fits: () => true,
        any: async () => true,
        identify: async (key) =>
          (ACCESS_ROLES as readonly string[]).includes(key)
            ? { actor: key, role: key as AccessRole, id: key }
            : "it is not known here",
      },
    ],
  });
  const hub = new StreamHub(market, systemClock);
  const app = createApp({ ports: market, hub, clock: systemClock, log: silentLogger, access });
  hub.close();
  return { app, database, model_dir, close: () => keyed.close() };
}
