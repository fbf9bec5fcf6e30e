/** Every route that changes something: done once under its Idempotency-Key, and told of in the audit by who did it. */

import { zipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { type AuditRow, newestAudit, verifyAudit } from "../../src/record/audit/audit.ts";
import { ACCESS_TABLE } from "../../src/serve/access/table.ts";
import { freshFolder, removeFolders, sampleContents } from "../model/sample.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { type OperatingApp, operatingApp, SERVED_VERSION } from "./operating_app.ts";

afterAll(removeFolders);

/** These answer and change nothing. */
const ASKS = [
  "POST /predict",
  "POST /batch-predict",
  "POST /drift-detection",
  "POST /mlops/api/monitoring/drift",
  "POST /mlops/api/monitoring/start-continuous",
  "POST /mlops/api/experiments/:experiment_id/evaluate",
];

interface Step {
  /** As it is registered. */
  readonly route: string;
  /** Default the route's own. */
  readonly path?: string;
  readonly body?: unknown;
  /** What the audit says was done. */
  readonly action: string;
}

onEveryServer("changing routes", (server) => {
  let served: OperatingApp;
  let calls = 0;
  beforeAll(async () => {
    served = await operatingApp(server);
  });
  afterAll(() => served.close());

  async function post(path: string, body: unknown, key?: string) {
    const headers: Record<string, string> = { "x-api-key": "operator" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (key !== undefined) headers["idempotency-key"] = key;
    const init = { method: "POST", headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await served.app.request(path, init);
    return {
      status: answer.status,
      text: await answer.text(),
      replayed: answer.headers.get("idempotency-replayed"),
    };
  }
  const newest = async (): Promise<AuditRow | undefined> => (await newestAudit(served.database.sql, 1))[0];

  /** @returns what was answered. */
  async function take({
    route,
    path = route.split(" ")[1]!,
    body,
    action,
  }: Step): Promise<Record<string, never>> {
    const before = (await newest())?.seq ?? 0;
    const key = `call-${calls++}`;
    const first = await post(path, body, key);
    expect([route, first.status, first.status === 200 ? "" : first.text]).toEqual([route, 200, ""]);
    const made = (await newestAudit(served.database.sql, 10)).filter(({ seq }) => seq > before);
    expect([route, made.map((row) => row.action)]).toEqual([route, expect.arrayContaining([action])]);
    expect([route, ...new Set(made.map(({ actor }) => actor))]).toEqual([route, "operator"]);
    const again = await post(path, body, key);
    expect([route, again.status, again.text, again.replayed]).toEqual([route, 200, first.text, "true"]);
    expect([route, (await newest())!.seq]).toEqual([route, made[0]!.seq]);
    return JSON.parse(first.text) as Record<string, never>;
  }

  async function base64Of(version: string): Promise<string> {
    const dir = await writeBundle(await freshFolder(), sampleContents({ version }));
    const names = [...new Bun.Glob("*").scanSync({ cwd: dir })];
    const files = await Promise.all(
      names.map(async (name) => [name, await Bun.file(`${dir}/${name}`).bytes()] as const),
    );
    return Buffer.from(zipSync(Object.fromEntries(files))).toString("base64");
  }

  it("leave each a row of the audit by who asked, and one alone where they are sent twice", async () => {
    const taken = new Set<string>();
    const step = (one: Step) => {
      taken.add(one.route);
      return take(one);
    };
    for (const version of ["1", "2"]) {
      const body = { model_data: await base64Of(version) };
      await step({ route: "POST /mlops/api/models/register", body, action: "models.register" });
    }
    const promote = { route: "POST /models/:version/promote", action: "models.promote" };
    for (const version of ["1", "2"])
      await step({ ...promote, path: `/models/ridge-v1/${version}/promote?traffic_percentage=100` });
    await step({ route: "POST /models/rollback", action: "models.rollback" });
    await step({ route: "POST /reload-model", action: "models.reload" });
    expect(await newest()).toMatchObject({ target: "BTCUSDT", details: { model_version: "zero/1" } });
    const { training_id } = await step({ route: "POST /train", body: {}, action: "training.request" });
    const cancel = `/training-jobs/${training_id}/cancel`;
    await step({ route: "POST /training-jobs/:training_id/cancel", path: cancel, action: "training.cancel" });
    const trial = { body: { model_b_id: "ridge-v1/2" }, action: "experiments.start" };
    const one = await step({ route: "POST /experiments", ...trial });
    await step({
      route: "POST /experiments/:experiment_id/stop",
      ...{ path: `/experiments/${one.experiment_id}/stop`, action: "experiments.end" },
    });
    const two = await step({ route: "POST /mlops/api/experiments/ab-test", ...trial });
    await step({
      route: "POST /experiments/:experiment_id/conclude",
      ...{ path: `/experiments/${two.experiment_id}/conclude?force=true`, action: "experiments.end" },
    });
    const deploy = { body: { model_id: "ridge-v1/2" }, action: "deployments.start" };
    await step({ route: "POST /deployments", ...deploy });
    await step({ route: "POST /deployments/stop", action: "deployments.stopped" });
    await step({ route: "POST /mlops/api/models/deploy", ...deploy });
    const silence = { rule: "features_late", for_s: 60 };
    await step({ route: "POST /alerts/silence", body: silence, action: "alerts.silence" });

    const changing = Object.keys(ACCESS_TABLE).filter((row) => !row.startsWith("GET "));
    expect([...taken, ...ASKS].sort()).toEqual(changing.sort());
    expect((await verifyAudit(served.database.sql)).faults).toEqual([]);
  });

  it("and those that only ask leave none", async () => {
    const before = (await newest())!.seq;
    const asked: Record<string, readonly [string, unknown]> = {
      "POST /predict": ["/predict", { symbol: "BTCUSDT", features: {} }],
      "POST /batch-predict": ["/batch-predict", [{ symbol: "BTCUSDT", features: {} }]],
      "POST /drift-detection": ["/drift-detection", undefined],
      "POST /mlops/api/monitoring/drift": ["/mlops/api/monitoring/drift", { model_id: SERVED_VERSION }],
      "POST /mlops/api/monitoring/start-continuous": [
        `/mlops/api/monitoring/start-continuous?model_id=${SERVED_VERSION}`,
        undefined,
      ],
      "POST /mlops/api/experiments/:experiment_id/evaluate": [
        "/mlops/api/experiments/00000000-0000-0000-0000-000000000000/evaluate",
        undefined,
      ],
    };
    expect(Object.keys(asked)).toEqual(ASKS);
    for (const [path, body] of Object.values(asked))
      expect((await post(path, body)).status).toBeLessThan(500);
    expect((await newest())!.seq).toBe(before);
  });
});
