/**
 * What the description promises is what is answered: every route, as every caller, with a good and a bad request; and made-up
 * requests from the description's own schemas. `API_FUZZ_REQUESTS=20000 bun test test/system/contract.test.ts` makes more of them.
 */

import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { v1 } from "../../src/features/sets/v1.ts";
import { ACCESS_ROLES, type AccessRole } from "../../src/record/access/access_role.ts";
import { rowOf } from "../../src/serve/access/gate.ts";
import { ACCESS_TABLE } from "../../src/serve/access/table.ts";
import { openApiText } from "../../src/serve/describe/text.ts";
import { predictionJson } from "../../src/serve/messages/predictions.ts";
import { removeFolders, sampleVector } from "../model/sample.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { FakeMarket } from "../serve/fake_market.ts";
import { type Operation, outsideSchema, requestsFrom } from "./contract.ts";
import { type OperatingApp, operatingApp, SERVED_VERSION } from "./operating_app.ts";

interface Good {
  readonly path?: string;
  readonly body?: unknown;
  /** What it may be answered with; default 200. */
  readonly status?: readonly number[];
}

const features = Object.fromEntries(v1.names.map((name, at) => [name, sampleVector(5)[at]!]));
const ask = { symbol: "BTCUSDT", features, model_version: SERVED_VERSION };
const NO_ID = "00000000-0000-0000-0000-000000000000";
const NONE: Good = { status: [404] };
const deploy: Good = { body: { model_id: "no/such" }, status: [404] };
const trial: Good = { body: { model_b_id: "no/such" }, status: [404, 409] };

/** A good request for every route. */
const GOOD: Readonly<Record<string, Good>> = {
  "GET /latest": {},
  "GET /features/latest": { status: [503] },
  "GET /features/contributions": { status: [503] },
  "GET /predictions": { path: "/predictions?limit=3" },
  "GET /parity": {},
  "GET /reliability": {},
  "GET /data/days": {},
  "GET /quality": { status: [200, 503] },
  "GET /signals/latest": { status: [200, 503] },
  "GET /alerts": {},
  "GET /stream": { status: [426] },
  // Nothing listens here, so no stream is opened.
  "GET /events": { status: [503] },
  "GET /health": {},
  "GET /health/live": {},
  "GET /health/ready": {},
  "GET /metrics": {},
  "POST /predict": { body: ask },
  "POST /batch-predict": { body: [ask, { symbol: "NOSUCH" }] },
  "GET /model/info": {},
  "POST /reload-model": {},
  "GET /models": {},
  "POST /models/rollback": { status: [409] },
  "GET /models/{version}": { path: "/models/no/such", ...NONE },
  "GET /models/{version}/report": { path: "/models/no/such/report", ...NONE },
  "POST /models/{version}/promote": { path: "/models/no/such/promote", ...NONE },
  "POST /train": { body: {}, status: [200, 409] },
  "GET /training-status": {},
  "GET /training-jobs": {},
  "GET /training-jobs/{training_id}/log": { path: `/training-jobs/${NO_ID}/log`, ...NONE },
  "GET /training-runs": {},
  "POST /training-jobs/{training_id}/cancel": { path: `/training-jobs/${NO_ID}/cancel`, ...NONE },
  "POST /drift-detection": {},
  "GET /settings": {},
  "GET /experiments": {},
  "POST /experiments": trial,
  "GET /experiments/{experiment_id}": { path: `/experiments/${NO_ID}`, ...NONE },
  "GET /experiments/{experiment_id}/evidence": { path: `/experiments/${NO_ID}/evidence`, ...NONE },
  "POST /experiments/{experiment_id}/stop": { path: `/experiments/${NO_ID}/stop`, ...NONE },
  "POST /experiments/{experiment_id}/conclude": { path: `/experiments/${NO_ID}/conclude`, ...NONE },
  "GET /deployments": {},
  "POST /deployments": deploy,
  "POST /deployments/stop": { status: [409] },
  "POST /alerts/silence": { body: { rule: "features_late", for_s: 1 } },
  "GET /mlops/api/models": {},
  "POST /mlops/api/models/register": { body: { model_data: "AAAA" }, status: [400] },
  "POST /mlops/api/models/deploy": deploy,
  "POST /mlops/api/monitoring/drift": { body: { model_id: SERVED_VERSION }, status: [404, 409] },
  "POST /mlops/api/monitoring/start-continuous": {
    path: `/mlops/api/monitoring/start-continuous?model_id=${SERVED_VERSION}`,
    status: [409],
  },
  "GET /mlops/api/monitoring/dashboard": {},
  "POST /mlops/api/experiments/ab-test": trial,
  "POST /mlops/api/experiments/{experiment_id}/evaluate": {
    path: `/mlops/api/experiments/${NO_ID}/evaluate`,
    ...NONE,
  },
};

/** These take no parameter and ignore what they are given. */
const TAKE_ANYTHING = ["GET /metrics", "GET /health/live", "GET /health/ready"];
const CALLERS = [undefined, ...ACCESS_ROLES] as const;
const requests = Number(process.env.API_FUZZ_REQUESTS ?? 300);
const document = JSON.parse(openApiText());
const operations: Operation[] = Object.entries<Record<string, never>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ method: method.toUpperCase(), path, described })),
);

afterAll(removeFolders);

onEveryServer("the routes as they are described", (server) => {
  let served: OperatingApp;
  beforeAll(async () => {
    served = await operatingApp(server);
  });
  afterAll(() => served.close());

  async function asked(
    operation: Operation,
    path: string,
    { as, body }: { as?: AccessRole | undefined; body?: string | undefined } = {},
  ): Promise<number> {
    const headers: Record<string, string> = as === undefined ? {} : { "x-api-key": as };
    if (body !== undefined) headers["content-type"] = "application/json";
    const init = { method: operation.method, headers, ...(body === undefined ? {} : { body }) };
    const answer = await served.app.request(path, init);
    const text = await answer.text();
    const said = outsideSchema(document, operation, answer.status, answer.headers.get("content-type"), text);
    if (said)
      throw new Error(
        `${operation.method} ${path} as ${as ?? "nobody"} ${body ?? ""}: ${said}: ${text.slice(0, 500)}`,
      );
    return answer.status;
  }

  it("notices an answer that is not as described", () => {
    const latest = operations.find(({ path }) => path === "/latest")!;
    const look = (status: number, body: unknown) =>
      outsideSchema(document, latest, status, "application/json", JSON.stringify(body));
    expect(look(418, {})).toContain("is not described");
    expect(look(200, {})).toContain("invalid_type");
    const market = new FakeMarket();
    const rest = predictionJson(market.tick(1_732_180_000));
    expect(look(200, rest)).toBeUndefined();
    expect(look(200, { ...rest, yhat_log_return_10s: 1e-5 })).toBeUndefined();
    expect(look(200, { ...rest, yhat_log_return_10s: "1e-5" })).toBeDefined();
    expect(look(200, { ...rest, secret: 1 })).toContain("secret");
  });

  it("has a good request for every route", () => {
    const names = operations.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(GOOD).sort()).toEqual(names.sort());
  });

  it("answers every caller's good and bad request with a status and body that are described", async () => {
    for (const operation of operations) {
      const name = `${operation.method} ${operation.path}`;
      const good = GOOD[name]!;
      const path = good.path ?? operation.path;
      const route = operation.path.replace(/\{(\w+)\}/g, ":$1");
      const needed = rowOf(ACCESS_TABLE, operation.method, route)!;
      const least = ["open", "shell", "public"].includes(needed)
        ? -1
        : ACCESS_ROLES.indexOf(needed as AccessRole);
      for (const as of CALLERS) {
        const body = good.body === undefined ? undefined : JSON.stringify(good.body);
        const status = await asked(operation, path, { as, body });
        const may = least < 0 || (as !== undefined && ACCESS_ROLES.indexOf(as) >= least);
        const expected = may ? (good.status ?? [200]) : as === undefined ? [401] : [403];
        expect([name, as, expected]).toEqual([name, as, expected.includes(status) ? expected : status]);
        const bad_path = good.body === undefined ? `${path}${path.includes("?") ? "&" : "?"}nosuch=1` : path;
        const bad = await asked(operation, bad_path, { as, body: body && '{"nosuch":1}' });
        const refused = may ? (TAKE_ANYTHING.includes(name) ? 200 : 400) : expected[0]!;
        expect([name, as, "bad", bad]).toEqual([name, as, "bad", refused]);
      }
    }
  });

  it(`finds no fault and no answer outside its schema in ${requests} made-up requests`, async () => {
    const made = fc.record({
      request: requestsFrom(document, operations),
      as: fc.constantFrom(...CALLERS, "admin" as const, "admin" as const),
    });
    const property = fc.asyncProperty(made, async ({ request, as }) => {
      const status = await asked(request.operation, request.path, { as, body: request.body });
      const fine = status < 500 || status === 503;
      if (!fine) throw new Error(`${request.operation.method} ${request.path} ${request.body} was ${status}`);
    });
    await fc.assert(property, { numRuns: requests, ...(process.env.API_FUZZ_REQUESTS ? {} : { seed: 11 }) });
  });
});
