/** Who may call what: the table is whole, nothing is reached without a row, and the sentences help. */

import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { fail } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { ACCESS_ROLES, type AccessRole } from "../../../src/record/access/access_role.ts";
import { Access, type Credentials } from "../../../src/serve/access/access.ts";
import { gate, rowOf } from "../../../src/serve/access/gate.ts";
import { ACCESS_TABLE, type Needed } from "../../../src/serve/access/table.ts";
import { createApp } from "../../../src/serve/app.ts";
import type { RequestScope } from "../../../src/serve/request/problem.ts";
import { StreamHub } from "../../../src/serve/stream/hub.ts";
import { FakeMarket } from "../fake_market.ts";

/** A credential is the name of a role. */
const NAMED: Credentials = {
  fits: (credential) => credential !== "",
  identify: async (credential) =>
    (ACCESS_ROLES as readonly string[]).includes(credential)
      ? { actor: credential, role: credential as AccessRole, id: credential }
      : "it is not known here",
  any: async () => true,
};

const open = (credentials: readonly Credentials[] = [NAMED], public_read = true) =>
  new Access({ public_read, credentials });

function serve(access: Access) {
  const market = new FakeMarket();
  market.tick(1_732_180_000);
  const clock = new ManualClock(1_732_180_001 * 1e6);
  const hub = new StreamHub(market, clock);
  return createApp({ ports: market, hub, clock, log: silentLogger, access });
}

/** One route for each kind of need, and one without a row. */
function behind(access: Access) {
  const table: Record<string, Needed> = { "GET /read": "public", "GET /live": "open" };
  for (const role of ACCESS_ROLES) table[`POST /${role}/:id`] = role;
  const app = new Hono<RequestScope>();
  app.use(gate(access, silentLogger, table));
  app.get("/read", (c) => c.text("read"));
  app.get("/live", (c) => c.text("live"));
  app.get("/forgotten", (c) => c.text("reached"));
  for (const role of ACCESS_ROLES) app.post(`/${role}/:id`, (c) => c.text(c.var.identity?.actor ?? "nobody"));
  return async (path: string, { as, method = "GET" }: { as?: string; method?: string } = {}) => {
    const headers = as === undefined ? {} : { authorization: `Bearer ${as}` };
    const response = await app.request(path, { method, headers });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  };
}

describe("the table of who may call what", () => {
  it("has a row for every route that is registered, and no row without a route", () => {
    const routes = serve(open()).routes.filter(({ method }) => method !== "ALL");
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter(({ method, path }) => rowOf(ACCESS_TABLE, method, path) === undefined)).toEqual([]);
    const registered = routes.map(({ method, path }) => `${method} ${path}`);
    const without = Object.keys(ACCESS_TABLE).filter((row) => {
      const below = row.endsWith("/*") ? row.slice(0, -1) : undefined;
      return !registered.some((route) => route === row || (below !== undefined && route.startsWith(below)));
    });
    expect(without).toEqual([]);
  });

  it("lets nobody without a role change anything", () => {
    const changing = Object.entries(ACCESS_TABLE).filter(([row]) => !/^(GET|OPTIONS) /.test(row));
    expect(changing.filter(([, needed]) => needed === "open" || needed === "public")).toEqual([]);
  });

  it("leaves nothing but refusals to routes of every method", async () => {
    const app = serve(open());
    for (const path of new Set(app.routes.map((route) => route.path))) {
      const { status } = await app.request(path.replace("*", "none"), { method: "PURGE" });
      expect([404, 405], path).toContain(status);
    }
  });
});

describe("the gate", () => {
  it("refuses a route without a row, an admin too", async () => {
    for (const as of [undefined, "admin"]) {
      const { status, text } = await behind(open())("/forgotten", as === undefined ? {} : { as });
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({ code: "FORBIDDEN" });
      expect(text).not.toContain("reached");
    }
  });

  it("lets each role do what it may and what lesser ones may, and no more", async () => {
    const ask = behind(open());
    for (const needed of ACCESS_ROLES) {
      for (const as of ACCESS_ROLES) {
        const { status } = await ask(`/${needed}/1`, { as, method: "POST" });
        const may = ACCESS_ROLES.indexOf(as) >= ACCESS_ROLES.indexOf(needed);
        expect(status, `${as} at ${needed}`).toBe(may ? 200 : 403);
      }
      expect((await ask(`/${needed}/1`, { method: "POST" })).status).toBe(401);
    }
  });

  it("says how to make a key where there is none", async () => {
    const { status, text } = await behind(open([]))("/operator/1", { method: "POST" });
    expect(status).toBe(403);
    expect(text).toContain("bun run keys create --role");
  });

  it("refuses a credential that is not valid, at what is public too", async () => {
    const ask = behind(open());
    for (const as of ["stranger", "one two"]) {
      const { status, headers } = await ask("/read", { as });
      expect(status).toBe(401);
      expect(headers.get("www-authenticate")).toContain("Bearer");
    }
  });

  it("closes what is public where PUBLIC_READ is false, but not what a load balancer asks", async () => {
    const ask = behind(open([NAMED], false));
    const refused = await ask("/read");
    expect(refused.status).toBe(401);
    expect(refused.text).toContain("PUBLIC_READ=false");
    expect((await ask("/read", { as: "viewer" })).status).toBe(200);
    expect((await ask("/live")).status).toBe(200);
    const app = serve(open([NAMED], false));
    const upgrade = { upgrade: "websocket", connection: "upgrade" };
    expect((await app.request("/stream", { headers: upgrade })).status).toBe(401);
    expect((await app.request("/latest", { method: "HEAD" })).status).toBe(401);
    expect((await app.request("/latest", { headers: { "x-api-key": "viewer" } })).status).toBe(200);
  });

  it("answers 503 where it cannot know who asks, and goes on for everyone else", async () => {
    const away: Credentials = {
      ...NAMED,
      identify: async () => fail("STORE_UNREACHABLE", "the database is away"),
    };
    const ask = behind(open([away]));
    const { status, headers, text } = await ask("/operator/1", { as: "admin", method: "POST" });
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("5");
    expect(text).not.toContain("is away");
    expect((await ask("/read")).status).toBe(200);
  });
});
