/** Asking for a training: what is added, what is in the way, what is taken back. */

import type { Sql } from "postgres";
import { beforeEach, expect, it } from "vitest";
import type { Database } from "../../../src/record/database.ts";
import { askForTraining } from "../../../src/record/training/ask.ts";
import { cancelTraining, trainingJob, trainingJobs } from "../../../src/record/training/jobs.ts";
import { type Requested, requestTraining } from "../../../src/record/training/request.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { cutInInsert } from "../write/cut_in_insert.ts";

onEveryServer("asking for a training", (server) => {
  let database: Database;
  beforeEach(async () => {
    database = await server.openDatabase();
  });

  it("adds a job with its reason and evidence; the same reason again is that job", async () => {
    const { sql } = database;
    const evidence = { feature: "spread", distance: 0.31, threshold: 0.1 };
    const request = { symbol: "BTCUSDT", reason: "drift", evidence } as const;
    const first = await requestTraining(sql, request);
    expect(first.is_new).toBe(true);
    const again = await Promise.all([1, 2, 3].map(() => requestTraining(sql, request)));
    expect(again.map(({ job_id, is_new }) => ({ job_id, is_new }))).toEqual(
      again.map(() => ({ job_id: first.job_id, is_new: false })),
    );
    expect(await trainingJob(sql, first.job_id)).toMatchObject({
      ...request,
      ...{ status: "waiting", attempt: 0, requested_by: "drift", losses: [], versions: [], ended_us: null },
    });
    const settings = { days: 30, models: ["ridge"] };
    await requestTraining(sql, { symbol: "BTCUSDT", reason: "person", actor: "anna", settings });
    await requestTraining(sql, { symbol: "ETHUSDT", reason: "drift" });
    expect((await trainingJobs(sql)).length).toBe(3);
    const [newest, ...others] = await trainingJobs(sql, { symbol: "BTCUSDT" });
    expect(newest).toMatchObject({ requested_by: "anna", settings });
    expect(others.map(({ job_id }) => job_id)).toEqual([first.job_id]);
  });

  it("by force takes back what is in the way and asks anew, both or neither: a cut connection leaves the first", async () => {
    const { sql } = database;
    const ask = (own: Sql, force: boolean) =>
      askForTraining(own, { symbol: "BTCUSDT", settings: {}, actor: "anna", force });
    const first = await ask(sql, false);
    const first_id = (first as Requested).job_id;
    expect(await ask(sql, false)).toMatchObject({ in_the_way: { job_id: first_id, status: "waiting" } });
    const audited = async (): Promise<number> => (await sql`select from audit`).count;
    const before = await audited();
    expect(await cutInInsert(database, "training_jobs", (own) => ask(own, true))).toBe("STORE_UNREACHABLE");
    expect((await trainingJobs(sql)).map(({ job_id, status }) => [job_id, status])).toEqual([
      [first_id, "waiting"],
    ]);
    expect(await audited()).toBe(before);
    expect(await ask(sql, true)).toMatchObject({ is_new: true });
    expect((await trainingJobs(sql)).map(({ status }) => status)).toEqual(["waiting", "cancelled"]);
    expect(await audited()).toBe(before + 2);
  });

  it("rests after a training that drift had asked for; a person and the schedule do not wait", async () => {
    const { sql } = database;
    for (const reason of ["drift", "person"] as const) {
      const { job_id } = await requestTraining(sql, { symbol: "BTCUSDT", reason });
      await sql`update training_jobs set status = 'failed', ended_at = now() where job_id = ${job_id}`;
    }
    const drift = await requestTraining(sql, { symbol: "BTCUSDT", reason: "drift" });
    expect(drift).toMatchObject({ is_new: false, sentence: expect.stringContaining("less than 6 h old") });
    expect((await requestTraining(sql, { symbol: "BTCUSDT", reason: "person" })).is_new).toBe(true);
    await sql`update training_jobs set ended_at = ended_at - interval '7 hours' where reason = 'drift'`;
    expect((await requestTraining(sql, { symbol: "BTCUSDT", reason: "drift" })).is_new).toBe(true);
  });

  it("takes a waiting job back at once, tells the worker of a running one, and knows an ended one", async () => {
    const { sql } = database;
    const waiting = await requestTraining(sql, { symbol: "BTCUSDT", reason: "person" });
    expect(await cancelTraining(sql, waiting.job_id, "anna")).toBe(true);
    const taken_back = await trainingJob(sql, waiting.job_id);
    expect(taken_back).toMatchObject({ status: "cancelled", cancelled_by: "anna" });
    expect(taken_back.ended_us).not.toBeNull();
    expect(await cancelTraining(sql, waiting.job_id, "anna")).toBe(false);
    const { job_id } = await requestTraining(sql, { symbol: "BTCUSDT", reason: "person" });
    await sql`update training_jobs set status = 'running', started_at = now() where job_id = ${job_id}`;
    expect(await cancelTraining(sql, job_id, "anna")).toBe(true);
    expect(await trainingJob(sql, job_id)).toMatchObject({ status: "running", cancelled_by: "anna" });
    expect(await rejection(cancelTraining(sql, "no-such-job", "anna"))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses what names no symbol or no reason, naming the field", async () => {
    const bad = await rejection(requestTraining(database.sql, { symbol: "btc", reason: "person" }));
    expect(bad).toMatchObject({ code: "REQUEST_INVALID", message: expect.stringContaining("symbol") });
  });
});
