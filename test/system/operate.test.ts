/** What operators ask over HTTP, on a real database: done as the commands do it, each change once and told of in the audit. */

import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { tellLog } from "../../src/record/training/job_log.ts";
import { freshFolder, removeFolders, sampleContents } from "../model/sample.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { REPORT } from "../serve/page/report_sample.ts";
import { type OperatingApp, operatingApp } from "./operating_app.ts";

afterAll(removeFolders);

onEveryServer("operating over HTTP", (server) => {
  let served: OperatingApp;
  const as = { "x-api-key": "operator" };

  beforeAll(async () => {
    served = await operatingApp(server);
  });
  afterAll(() => served.close());

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await served.app.request(path, {
      ...init,
      headers: { ...init.headers, ...as } as Record<string, string>,
    });
    // Read as a caller would: by name.
    return { status: answer.status, body: (await answer.json()) as Record<string, never> };
  };
  const post = (path: string, body?: unknown) =>
    ask(path, {
      method: "POST",
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });

  /** A bundle's files. */
  async function files(version: string): Promise<Record<string, Uint8Array>> {
    const dir = await writeBundle(await freshFolder(), sampleContents({ version }));
    const names = [...new Bun.Glob("*").scanSync({ cwd: dir })];
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await Bun.file(`${dir}/${name}`).bytes()] as const)),
    );
  }
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

  /** With other sizes in its list of files. */
  function saidToBe(zip: Uint8Array, bytes: Readonly<Record<string, number>>): Uint8Array {
    const made = Buffer.from(zip);
    for (const [name, size] of Object.entries(bytes))
      made.writeUInt32LE(size, made.lastIndexOf(name) - 46 + 24);
    return made;
  }

  it("registers a bundle that is brought in base64 or as a file, once, and the database says who did", async () => {
    const zip = zipSync(await files("1"));
    const first = await post("/mlops/api/models/register", { symbol: "BTCUSDT", model_data: base64(zip) });
    expect([first.status, first.body]).toMatchObject([200, { model_id: "ridge-v1/1", status: "registered" }]);
    const again = await post("/mlops/api/models/register", { model_data: base64(zip) });
    expect(again.body).toMatchObject({ status: "registered_before" });
    const form = new FormData();
    form.set("model_data", new File([Buffer.from(zipSync(await files("2")))], "bundle.zip"));
    form.set("model_type", "ridge");
    const sent = await ask("/mlops/api/models/register", { method: "POST", body: form });
    expect([sent.status, sent.body]).toMatchObject([200, { model_id: "ridge-v1/2" }]);
    const [audited] = await served.database.sql`select actor, action, target from audit order by seq limit 1`;
    expect(audited).toMatchObject({ actor: "operator", action: "models.register", target: "ridge-v1/1" });
  });

  it("refuses hostile zips before anything of them is written: traversal, links, duplicates, bombs, text", async () => {
    const good = await files("3");
    const names = Object.keys(good);
    const linked = zipSync({ ...good, [names[0]!]: [good[names[0]!]!, { os: 3, attrs: 0o120777 << 16 }] });
    const twice = zipSync({ "aaaa.json": new Uint8Array(4), "aaab.json": new Uint8Array(4), ...good });
    // The second name becomes the first, in the entry and in the list of entries.
    const text = Buffer.from(twice);
    for (let at = text.indexOf("aaab.json"); at >= 0; at = text.indexOf("aaab.json", at))
      text.write("aaaa.json", at);
    const nine = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`f${at}.bin`, new Uint8Array(8)]));
    const cases: [string, Uint8Array][] = [
      ["plain name", zipSync({ ...good, "../escaped.json": new Uint8Array(4) })],
      ["plain name", zipSync({ ...good, "/etc/passwd": new Uint8Array(4) })],
      ["link", linked],
      ["more than once", text],
      ["at most", saidToBe(zipSync(good), { "golden.json": 9 << 20 })],
      [
        "inflated",
        saidToBe(zipSync(nine), Object.fromEntries(Object.keys(nine).map((name) => [name, 8 << 20]))),
      ],
      ["not the file that was written", saidToBe(zipSync(good), { "golden.json": 7 })],
      ["zip", new TextEncoder().encode("not a zip at all, by no means")],
      [
        "SHA256SUMS",
        zipSync(Object.fromEntries(Object.entries(good).filter(([name]) => name !== "SHA256SUMS"))),
      ],
    ];
    for (const [words, zip] of cases) {
      const { status, body } = await post("/mlops/api/models/register", { model_data: base64(zip) });
      expect([status, body]).toMatchObject([400, { field: "model_data" }]);
      expect(body.detail).toContain(words);
      expect(body.detail).not.toContain(served.model_dir);
    }
    const left = [
      ...new Bun.Glob(".upload-*").scanSync({ cwd: served.model_dir, dot: true, onlyFiles: false }),
    ];
    expect(left).toEqual([]);
  });

  it("moves the champion and takes it back; a version's slash is written as it is or encoded", async () => {
    const one = await post("/models/ridge-v1/1/promote?traffic_percentage=100&reason=first");
    expect([one.status, one.body]).toMatchObject([
      200,
      { result: { model_version: "ridge-v1/1", status: "active" } },
    ]);
    const two = await post("/models/ridge-v1%2F2/promote?traffic_percentage=100");
    expect(two.body).toMatchObject({ result: { version_before: "ridge-v1/1" } });
    for (const path of ["/models/ridge-v1/2", "/models/ridge-v1%2F2"]) {
      expect((await ask(path)).body).toMatchObject({ version: "ridge-v1/2", status: "champion" });
    }
    const back = await post("/models/rollback?reason=worse");
    expect(back.body).toMatchObject({
      result: { model_version: "ridge-v1/1", version_before: "ridge-v1/2" },
    });
    const champions = await ask("/models?status=champion");
    expect(champions.body).toMatchObject({
      count: 1,
      models: [{ version: "ridge-v1/1", symbol: "BTCUSDT" }],
    });
    const unknown = await post("/models/no/such/promote?traffic_percentage=100");
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: "MODEL_UNKNOWN" }]);
    const canary = await post("/models/ridge-v1/2/promote?traffic_percentage=10");
    expect(canary.body).toMatchObject({ result: { traffic_percentage: 10, status: "running" } });
    const second = await post("/mlops/api/models/deploy", {
      model_id: "ridge-v1/2",
      deployment_strategy: "canary",
    });
    expect([second.status, second.body]).toMatchObject([409, { code: "MODEL_REFUSED" }]);
    expect((await post("/deployments/stop")).body).toMatchObject({ status: "stopped" });
    expect((await ask("/deployments")).body).toMatchObject({ count: 1 });
  });

  it("asks for a training once; another while it waits is refused unless forced", async () => {
    expect((await ask("/training-status")).body).toMatchObject({ status: "idle" });
    const first = await post("/train", {});
    expect([first.status, first.body]).toMatchObject([200, { status: "queued" }]);
    const { training_id } = first.body;
    const second = await post("/train", {});
    expect([second.status, second.body]).toMatchObject([409, { field: "force_retrain" }]);
    expect((await post("/train", { force_retrain: true })).body).toMatchObject({ status: "queued" });
    expect((await ask("/training-status")).body).toMatchObject({ status: "waiting" });
    expect((await post(`/training-jobs/${training_id}/cancel`)).body).toMatchObject({
      status: "ended_already",
    });
    expect((await ask("/training-runs")).body).toEqual({ runs: [], count: 0 });
    const { jobs } = (await ask("/training-jobs?limit=2")).body;
    expect(jobs).toMatchObject([
      { status: "waiting", reason: "person", attempt: 0, started_at: null },
      { status: "cancelled", training_id, cancelled_by: expect.any(String), versions: [] },
    ]);
    const log = `/training-jobs/${training_id}/log`;
    expect((await ask(log)).body).toMatchObject({ training_id, lines: [], told_at: null });
    const line = { at: "2026-01-01T00:00:00.000Z", level: "warn", text: "few rows" } as const;
    const tell = (attempt: number, left_out: number) =>
      tellLog(served.database.sql, { job_id: String(training_id), attempt }, { lines: [line], left_out });
    await tell(2, 3);
    await tell(1, 9);
    expect((await ask(log)).body).toMatchObject({ attempt: 2, lines: [line], left_out: 3 });
    expect((await ask("/training-jobs/none/log")).status).toBe(404);
    expect((await ask("/training-jobs?limit=101")).status).toBe(400);
  });

  it("answers the rest as described, and names what is wrong", async () => {
    expect((await ask("/model/info")).body).toMatchObject({ model_version: "zero/1", feature_set: "v1" });
    expect((await ask("/mlops/api/monitoring/dashboard")).body).toMatchObject({
      summary: { total_models: 2 },
    });
    expect((await ask("/experiments")).body).toEqual({ experiments: [], count: 0 });
    expect((await post("/alerts/silence", { rule: "features_late", for_s: 60 })).status).toBe(200);
    const unknown = await post("/mlops/api/monitoring/drift", {
      model_id: "ridge-v1/1",
      data: [{ spread: 1 }],
    });
    expect(unknown.body.note).toContain("does not say what was normal");
    const wrong: [string, unknown, number, string][] = [
      ["/alerts/silence", { rule: "features_late", for_s: "60" }, 400, "for_s"],
      ["/train", { config: { days: -1 } }, 400, "config.days"],
      ["/mlops/api/experiments/ab-test", { model_b_id: "No Such" }, 400, "model_b_id"],
      ["/mlops/api/experiments/ab-test", { model_b_id: "a/b", traffic_split: 2 }, 400, "traffic_split"],
      ["/mlops/api/models/deploy", { model_id: "a/b", deployment_strategy: "x" }, 400, "deployment_strategy"],
      ["/models/rollback?symbl=x", undefined, 400, "symbl"],
    ];
    for (const [path, body, status, field] of wrong) {
      const answer = await post(path, body);
      expect([path, answer.status, answer.body.field]).toEqual([path, status, field]);
    }
    expect((await ask("/experiments/00000000-0000-0000-0000-000000000000")).status).toBe(404);
  });

  it("gives the report card that a bundle holds, as far as it is shown, and says where there is none", async () => {
    const text = (of: object): Uint8Array => new TextEncoder().encode(JSON.stringify(of));
    const register = async (version: string, extra: Record<string, Uint8Array>): Promise<void> => {
      const dir = await writeBundle(await freshFolder(), { ...sampleContents({ version }), extra });
      const names = [...new Bun.Glob("*").scanSync({ cwd: dir })];
      const files = await Promise.all(
        names.map(async (name) => [name, await Bun.file(`${dir}/${name}`).bytes()]),
      );
      const model_data = base64(zipSync(Object.fromEntries(files)));
      expect((await post("/mlops/api/models/register", { model_data })).status).toBe(200);
    };
    await register("card", { "report.json": text(REPORT) });
    await register("other", { "report.json": text({ format: "foretick-report/0" }) });
    await register("none", {});
    for (const path of ["/models/ridge-v1%2Fcard/report", "/models/ridge-v1/card/report"]) {
      const { status, body } = await ask(path);
      expect([path, status, body.verdict, body.format]).toEqual([path, 200, REPORT.verdict, undefined]);
    }
    expect(await ask("/models/ridge-v1%2Fother/report")).toMatchObject({
      ...{ status: 404, body: { detail: expect.stringContaining("of another form") } },
    });
    expect(await ask("/models/ridge-v1%2Fnone/report")).toMatchObject({
      ...{ status: 404, body: { detail: expect.stringContaining("has no report card") } },
    });
    const path = join(served.model_dir, "ridge-v1", "card", "report.json");
    await Bun.write(path, text({ ...REPORT, horizon_s: 11 }));
    const altered = await ask("/models/ridge-v1%2Fcard/report");
    // What is wrong on this machine is in its log.
    expect([altered.status, altered.body.code]).toEqual([500, "INTERNAL"]);
  });
});
