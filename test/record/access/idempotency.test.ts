/** The same changing request sent twice is done once. */

import { Hono } from "hono";
import { beforeAll, expect, it } from "vitest";
import { silentLogger } from "../../../src/base/log.ts";
import { beginKeyed, forgetKeyed, keepAnswer } from "../../../src/record/access/idempotency.ts";
import type { Database } from "../../../src/record/database.ts";
import { idempotent, type KeptAnswers } from "../../../src/serve/access/idempotency.ts";
import type { RequestScope } from "../../../src/serve/request/problem.ts";
import { met } from "../../met.ts";
import { onEveryServer } from "../server/servers.ts";

onEveryServer("requests with an Idempotency-Key", (server) => {
  let database: Database;
  let kept: KeptAnswers;
  beforeAll(async () => {
    database = await server.openDatabase();
    const { sql } = database;
    kept = {
      begin: (request) => beginKeyed(sql, request),
      keep: (request, answer) => keepAnswer(sql, request, answer),
      forget: (request) => forgetKeyed(sql, request),
    };
  });

  /** Counts what is done; answers with `status`, once `gate` is open. */
  function service({
    status = 201,
    gate = Promise.resolve(),
  }: {
    status?: number;
    gate?: Promise<void>;
  } = {}) {
    const done: string[] = [];
    const app = new Hono<RequestScope>();
    app.use((c, next) => {
      const id = c.req.header("x-as") ?? "anna";
      c.set("identity", { actor: id, role: "operator", id });
      return next();
    });
    app.use(idempotent(kept, silentLogger));
    app.post("/train", async (c) => {
      const body = await c.req.text();
      await gate;
      done.push(body);
      return c.json({ n: done.length, body }, status as 201);
    });
    const post = (key: string, body: string, as = "anna", query = "") =>
      app.request(`/train${query}`, {
        method: "POST",
        body,
        headers: { "idempotency-key": key, "x-as": as },
      });
    return { done, post };
  }

  it("are done once, and answered the same again", async () => {
    const { done, post } = service();
    const first = await post("a", "one");
    const second = await post("a", "one");
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.text()).toBe(await first.text());
    expect(second.headers.get("content-type")).toBe(first.headers.get("content-type"));
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(done).toEqual(["one"]);
  });

  it("are refused with another body or query, and of another caller are others", async () => {
    const { done, post } = service();
    await post("b", "one");
    for (const other of [await post("b", "two"), await post("b", "one", "anna", "?force=true")]) {
      expect(other.status).toBe(422);
      expect(await other.json()).toMatchObject({ code: "IDEMPOTENCY_KEY" });
    }
    expect((await post("b", "two", "bob")).status).toBe(201);
    expect(done).toEqual(["one", "two"]);
  });

  it("are told to come back while the first is under way", async () => {
    const gate = Promise.withResolvers<void>();
    const { done, post } = service({ gate: gate.promise });
    const first = post("c", "one");
    await met("the first is under way", async () => {
      const rows = await database.sql`select from idempotency_keys where key = 'c'`;
      return rows.count === 1;
    });
    for (const early of await Promise.all([post("c", "one"), post("c", "one")])) {
      expect(early.status).toBe(409);
      expect(early.headers.get("retry-after")).toBe("1");
    }
    gate.resolve();
    expect((await first).status).toBe(201);
    expect(done).toEqual(["one"]);
  });

  it("may be tried again where they failed, or their process ended, and after a day", async () => {
    const failing = service({ status: 503 });
    await failing.post("d", "one");
    await failing.post("d", "one");
    expect(failing.done).toEqual(["one", "one"]);
    const { sql } = database;
    const { done, post } = service();
    await beginKeyed(sql, { actor: "anna", key: "e", request_sha256: "0".repeat(64) });
    await sql`update idempotency_keys set begun_at = now() - interval '10 minutes' where key = 'e'`;
    expect((await post("e", "one")).status).toBe(201);
    await sql`update idempotency_keys set begun_at = now() - interval '25 hours' where key = 'e'`;
    expect((await post("e", "other")).status).toBe(201);
    expect(done).toEqual(["one", "other"]);
  });

  it("are refused with a key that is none", async () => {
    const { done, post } = service();
    for (const key of ["k".repeat(101), "two words"]) expect((await post(key, "one")).status).toBe(400);
    expect(done).toEqual([]);
  });
});
