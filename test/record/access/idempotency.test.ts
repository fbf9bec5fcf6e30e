/** The same changing request sent twice is done once. */

import { Hono } from "hono";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { doneOnce, type Outcome } from "../../../src/record/access/idempotency.ts";
import type { ConnectOptions, Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import type { Work } from "../../../src/record/sql/work.ts";
import { idempotent } from "../../../src/serve/access/idempotency.ts";
import type { RequestScope } from "../../../src/serve/request/problem.ts";
import { KeyedRequests } from "../../../src/system/callers/keyed_requests.ts";
import { refusal } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { FlakyWire } from "../write/flaky_wire.ts";

onEveryServer("requests with an Idempotency-Key", (server) => {
  let database: Database;
  const processes: KeyedRequests[] = [];
  const process = (): KeyedRequests => {
    const made = new KeyedRequests(() => database, systemClock);
    processes.push(made);
    return made;
  };
  beforeAll(async () => {
    database = await server.openDatabase();
  });
  afterAll(async () => {
    for (const one of processes) await one.close();
  });

  /** Counts what is done; answers with `status`, once `gate` is open. */
  function service({
    status = 201,
    gate = Promise.resolve(),
    kept = process(),
    act = async () => {},
  }: {
    status?: number;
    gate?: Promise<void>;
    kept?: KeyedRequests;
    /** What it changes. */
    act?: (work: Work) => Promise<void>;
  } = {}) {
    const entered = Promise.withResolvers<void>();
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
      entered.resolve();
      await gate;
      await act(c.var.work!);
      done.push(body);
      return c.json({ n: done.length, body }, status as 201);
    });
    const post = (key: string, body: string, as = "anna", query = "") =>
      app.request(`/train${query}`, {
        method: "POST",
        body,
        headers: { "idempotency-key": key, "x-as": as },
      });
    return { done, post, entered: entered.promise };
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
    const { done, post, entered } = service({ gate: gate.promise });
    const first = post("c", "one");
    await entered;
    // Also by another process, which knows of it from the database alone.
    for (const early of await Promise.all([post("c", "one"), service().post("c", "one")])) {
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
    expect((await post("e", "one")).status).toBe(201);
    await sql`update idempotency_keys set begun_at = now() - interval '25 hours' where key = 'e'`;
    expect((await post("e", "other")).status).toBe(201);
    expect(done).toEqual(["one", "other"]);
  });

  it("remove what is old, so many rows at a time, and wait for none that somebody holds", async () => {
    const { sql } = database;
    const old = LIMITS.idempotency_removed_max + 3;
    await sql`
      insert into idempotency_keys (actor, key, request_sha256, begun_at)
      select 'old', 'old' || n, repeat('a', 64), now() - interval '25 hours' - n * interval '1 second'
      from generate_series(1, ${old}) as n`;
    const left = async (): Promise<string[]> =>
      (await sql<{ key: string }[]>`select key from idempotency_keys where actor = 'old' order by key`).map(
        ({ key }) => key,
      );
    const other = database.connect({ connections: 1 });
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = other.begin(async (own) => {
      await own`select from idempotency_keys where actor = 'old' and key = ${`old${old}`} for update`;
      locked.resolve();
      await held.promise;
    });
    try {
      await locked.promise;
      const { post } = service();
      expect((await post("i", "one")).status).toBe(201);
      expect(await left()).toEqual(["old1", `old${old}`, "old2"].sort());
      expect((await post("j", "one")).status).toBe(201);
      expect(await left()).toEqual([`old${old}`]);
    } finally {
      held.resolve();
      await holding;
      await other.end({ timeout: 0 });
    }
    // Gone for everybody while the request goes on, and not only at its end.
    const gate = Promise.withResolvers<void>();
    const slow = service({ gate: gate.promise });
    const answer = slow.post("k", "one");
    await slow.entered;
    expect(await left()).toEqual([]);
    gate.resolve();
    expect((await answer).status).toBe(201);
  });

  it("change what they change with the key and its answer, or nothing of it: the connection is cut in the middle", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    const cut = database.connect({ connections: 1 });
    const through = connectTo(wire.url, { connections: 1 });
    try {
      await cut`create table if not exists told (word text)`;
      const request = { actor: "anna", key: "cut", request_sha256: "1".repeat(64) };
      const rows = async (): Promise<number[]> => [
        (await cut`select from told where word = 'cut'`).count,
        (await cut`select from idempotency_keys where key = 'cut'`).count,
      ];
      let committed = 0;
      const change = async ({ sql, afterCommit }: Work): Promise<Outcome> => {
        afterCommit(() => committed++);
        await sql`insert into told values ('cut')`;
        return { stays: true, answer: { status: 200, content_type: null, body: "done" } };
      };
      const failed = await refusal(
        doneOnce(through, request, async (work) => {
          const outcome = await change(work);
          await wire.cut();
          return outcome;
        }),
      );
      expect(failed.code).toBe("STORE_UNREACHABLE");
      expect([await rows(), committed]).toEqual([[0, 0], 0]);
      await wire.mend();
      expect(await doneOnce(through, request, change)).toEqual({ state: "done" });
      expect([await rows(), committed]).toEqual([[1, 1], 1]);
      expect(await doneOnce(through, request, change)).toMatchObject({ state: "answered", body: "done" });
      expect([await rows(), committed]).toEqual([[1, 1], 1]);
    } finally {
      await through.end({ timeout: 0 });
      await wire.cut();
      await cut.end({ timeout: 0 });
    }
  });

  it("leave nothing behind where they fail, what they had done before included", async () => {
    const { sql } = database;
    await sql`create table if not exists told (word text)`;
    const { post } = service({
      status: 503,
      act: async (work) => void (await work.sql`insert into told values ('failed')`),
    });
    expect((await post("f", "one")).status).toBe(503);
    expect((await sql`select from told where word = 'failed'`).count).toBe(0);
    expect((await sql`select from idempotency_keys where key = 'f'`).count).toBe(0);
  });

  it("are told that it is not known where the database goes away at the end, and not that it was done", async () => {
    const wire = new FlakyWire(database.url);
    await wire.mend();
    const far = { ...database, connect: (options?: ConnectOptions) => connectTo(wire.url, options) };
    const kept = new KeyedRequests(() => far, systemClock);
    try {
      const { post } = service({ kept, act: async () => void (await wire.cut()) });
      const answer = await post("g", "one");
      expect(answer.status).toBe(503);
      expect(((await answer.json()) as { detail: string }).detail).toContain("with the same Idempotency-Key");
      expect((await service().post("g", "one")).status).toBe(201);
    } finally {
      await kept.close();
      await wire.cut();
    }
  });

  it("are bounded: one more than may be under way is told to come back", async () => {
    const gate = Promise.withResolvers<void>();
    const kept = process();
    const { post, entered } = service({ gate: gate.promise, kept });
    const all = Array.from({ length: LIMITS.keyed_requests_max }, (_, at) => post(`h${at}`, "one"));
    await entered;
    const refused = await post("one-more", "one");
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, "BUSY"]);
    gate.resolve();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 201));
  });

  it("are refused with a key that is none", async () => {
    const { done, post } = service();
    for (const key of ["k".repeat(101), "two words"]) expect((await post(key, "one")).status).toBe(400);
    expect(done).toEqual([]);
  });
});
