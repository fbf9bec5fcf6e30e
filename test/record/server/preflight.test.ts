/**
 * Databases as they are found out there: each works, or is refused in one sentence with what to do, before anything is
 * made, and without a piece of a secret.
 */

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { connectDatabase, type Database, openDatabase } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { parseAddress } from "../../../src/record/server/address.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { readFloatRows } from "../../../src/record/sql/float_rows.ts";
import { met } from "../../met.ts";
import { urlOf } from "./prepared.ts";
import { CA_FILE, PrivateServer } from "./private_server.ts";
import { tempDir } from "./temp_dir.ts";

interface Home {
  readonly url: string;
  readonly name: string;
  readonly password: string;
}

interface Case {
  readonly what: string;
  /** Makes the database as it is found, and gives the URL to open. */
  readonly url: (server: PrivateServer, home: Home) => Promise<string> | string;
  /** What the role or the database are made with. */
  readonly role?: string;
  readonly database?: string;
  readonly code?: string;
  readonly says?: RegExp;
}

const inHome = (server: PrivateServer, { name }: Home, ...statements: string[]) =>
  statements.reduce(async (before, statement) => {
    await before;
    const sql = connectTo(urlOf(server.url, name));
    await sql.unsafe(statement);
    await sql.end();
  }, Promise.resolve());

const changed = (url: string, change: (url: URL) => void): string => {
  const other = new URL(url);
  change(other);
  return other.href;
};

const REFUSED: readonly Case[] = [
  {
    what: "a wrong password",
    url: (_, { url }) => changed(url, (other) => (other.password = "s3cret-and-wrong")),
    code: "STORE_REFUSED",
    says: /the password of role home_\d+ is not the right one\. Correct DATABASE_URL/,
  },
  {
    what: "a database that is not there",
    url: (_, { url }) => changed(url, (other) => (other.pathname = "/nowhere")),
    code: "STORE_REFUSED",
    says: /it has no database nowhere\. Run `create database nowhere owner home_\d+`/,
  },
  {
    what: "a host that is not known",
    url: (_, { url }) => changed(url, (other) => (other.hostname = "no-such-host.invalid")),
    code: "STORE_UNREACHABLE",
    says: /host no-such-host\.invalid (is not known|could not be looked up)\. Check/,
  },
  {
    what: "nothing that listens",
    url: (_, { url }) => changed(url, (other) => (other.port = "1")),
    code: "STORE_UNREACHABLE",
    says: /nothing listens there\. Start the database, or check DATABASE_URL/,
  },
  {
    what: "a Unix socket that is not there",
    url: (_, { url, password }) =>
      `postgres://home:${password}@/${new URL(url).pathname.slice(1)}?host=/tmp/nowhere`,
    code: "STORE_UNREACHABLE",
    says: /there is no socket \/tmp\/nowhere\/\.s\.PGSQL\.5432\. Start the database/,
  },
  {
    what: "a closed schema public",
    url: async (server, home) => {
      await inHome(
        server,
        home,
        "alter schema public owner to foretick",
        `revoke all on schema public from ${home.name}, public`,
        `grant usage on schema public to ${home.name}`,
      );
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /role home_\d+ expected to create tables in schema public of database home_\d+, may not\..*`grant create on schema public to home_\d+`.*MIGRATE=off/,
  },
  {
    what: "no schema at all",
    url: async (server, home) => {
      await inHome(server, home, "drop schema public cascade");
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /expected a schema to work in, its search_path \(.*\) names none/,
  },
  {
    what: "tables of another program",
    url: async (server, home) => {
      await inHome(server, home, "create table trades (id int)", "create view quotes as select 1 as one");
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /schema public expected to be free for foretick's tables, has quotes, trades of another origin\..*create schema foretick/,
  },
  {
    what: "a database in LATIN1",
    database: "encoding 'LATIN1' locale_provider libc locale 'C' template template0",
    url: (_, { url }) => url,
    code: "STORE_REFUSED",
    says: /database home_\d+ expected encoding UTF8, has LATIN1\. Make one with `create database/,
  },
  {
    what: "a role with four connections",
    role: "connection limit 4",
    url: (_, { url }) => url,
    code: "STORE_REFUSED",
    says: /role home_\d+ expected to have at least 5 connections for a service, may have 4\. Run `alter role home_\d+ connection limit 20`/,
  },
  {
    what: "a role with one connection",
    role: "connection limit 1",
    url: (_, { url }) => url,
    code: "STORE_UNREACHABLE",
    says: /role home_\d+ has no connection left.*`alter role home_\d+ connection limit 20`/,
  },
];

const WORKING: readonly Case[] = [
  { what: "a role with five connections", role: "connection limit 5", url: (_, { url }) => url },
  {
    what: "a % in the password as it is",
    url: async (server, home) => {
      await server.run(`alter role ${home.name} password '100%sure%'`);
      return home.url.replace(home.password, "100%sure%");
    },
  },
  {
    what: "an @, a / and a : in the password as they are",
    url: async (server, home) => {
      await server.run(`alter role ${home.name} password 'a@b/c:d?e'`);
      return home.url.replace(home.password, "a@b/c:d?e");
    },
  },
  {
    what: "an IPv6 host",
    url: async (server, home) => {
      const port = await server.relay({ host: "::1", port: 0 });
      return home.url.replace(/127\.0\.0\.1:\d+/, `[::1]:${port}`);
    },
  },
  {
    what: "a Unix socket",
    url: async (server, { name, password }) => {
      const directory = mkdtempSync(join(tmpdir(), "foretick-socket-"));
      await server.relay({ path: join(directory, ".s.PGSQL.5432") });
      return `postgres://${name}:${password}@/${name}?host=${directory}`;
    },
  },
  {
    what: "a schema of its own beside tables of another program",
    url: async (server, home) => {
      await inHome(
        server,
        home,
        "create table trades (id int)",
        `create schema own authorization ${home.name}`,
        `alter role ${home.name} set search_path = own`,
      );
      return home.url;
    },
  },
];

describe("a database as it is found", () => {
  let server: PrivateServer;
  let data_dir = "";
  beforeAll(async () => {
    data_dir = tempDir();
    server = await PrivateServer.start();
  });
  afterAll(async () => {
    await server.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  async function attempt({
    role,
    database,
    url,
  }: Case): Promise<{ home: Home; opened: Database | Error; at: string }> {
    const home = await server.database({ ...(role ? { role } : {}), ...(database ? { database } : {}) });
    const at = await url(server, home);
    const opened = await openDatabase({ url: at, data_dir, log, clock }).catch((error: Error) => error);
    return { home, opened, at };
  }

  it.each(REFUSED.map((each) => [each.what, each] as const))(
    "is refused in one sentence, nothing made: %s",
    async (_, which) => {
      const { home, opened, at } = await attempt(which);
      expect(opened).toBeInstanceOf(Error);
      const error = opened as Error & { code: string };
      if (which.code) expect(error.code).toBe(which.code);
      expect(error.message).toMatch(which.says!);
      expect(error.message.split("\n")).toHaveLength(1);
      for (const secret of [home.password, parseAddress(at).password]) {
        expect(error.message).not.toContain(secret);
      }
      if (which.what === "no schema at all") return;
      const sql = connectTo(urlOf(server.url, home.name));
      expect(await sql`select to_regclass('foretick_migrations') as made`).toMatchObject([{ made: null }]);
      await sql.end();
    },
  );

  it.each(WORKING.map((each) => [each.what, each] as const))(
    "works with both drivers: %s",
    async (_, which) => {
      const { opened, at } = await attempt(which);
      if (opened instanceof Error) throw opened;
      expect((await opened.sql`select count(*)::int as n from trades`)[0]).toEqual({ n: 0 });
      const rows: number[] = [];
      await readFloatRows(at, "select 7::double precision", 1, ([value]) => rows.push(value!));
      expect(rows).toEqual([7]);
      await opened.close();
    },
  );

  it("that accepts and never answers fails after its deadline, and may be asked again", async () => {
    const home = await server.database();
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    // A hundred times as fast, so that the deadline is tested and not waited for.
    const fast = { ...clock, after: (ms: number, run: () => void) => clock.after(ms / 100, run) };
    const link = new DatabaseLink({
      ...{ data_dir, log, clock: fast },
      url: changed(home.url, (url) => {
        url.port = String(port);
      }),
    });
    for (let tries = 0; tries < 2; tries++) {
      expect(await connectDatabase(link).catch((error: Error) => error)).toMatchObject({
        code: "STORE_UNREACHABLE",
        message: expect.stringMatching(
          /the answer of the database at 127\.0\.0\.1:\d+\/home_\d+ expected within 15000 ms, did not come/,
        ),
      });
    }
    await link.close();
    silent.close();
  });

  it("serves the writer and all other parts of a service from five connections", async () => {
    const { opened } = await attempt({ what: "", role: "connection limit 5", url: (_, { url }) => url });
    const database = opened as Database;
    const parts = {
      writer: database.connect({ application_name: "writer" }),
      lease: database.connect({ application_name: "lease" }),
      refresher: database.connect({ application_name: "refresher" }),
    };
    const passing = ["parity", "models", "maintenance"].map((application_name) =>
      database.connect({ application_name, passing: true }),
    );
    const asked = (sql: Database["sql"]) =>
      sql`select 1 as one`.then(
        () => true,
        () => false,
      );
    for (const sql of Object.values(parts)) expect(await asked(sql)).toBe(true);
    expect(await Promise.all([1, 2, 3, 4].map(() => asked(database.sql)))).toEqual([true, true, true, true]);
    // In turn: each gives its connection up for the next.
    for (const sql of passing) await met("a connection", () => asked(sql));
    for (const sql of Object.values(parts)) expect(await asked(sql)).toBe(true);
    for (const sql of [...Object.values(parts), ...passing]) await sql.end();
    await database.close();
  });
});

describe("a data directory", () => {
  it("that cannot be made or written is refused in a sentence, without a stack", async () => {
    const parent = tempDir();
    writeFileSync(join(parent, "file"), "");
    const refused = await openDatabase({ data_dir: join(parent, "file", "data"), log, clock }).catch(
      (error) => error,
    );
    expect(refused).toMatchObject({
      code: "STORE_DATA_DIR",
      message: expect.stringMatching(
        /refused \(ENOTDIR\)\. Give this user the right to write there, or set DATA_DIR/,
      ),
    });
    if (process.getuid?.() !== 0) {
      mkdirSync(join(parent, "closed"));
      chmodSync(join(parent, "closed"), 0o500);
      const closed = await openDatabase({ data_dir: join(parent, "closed"), log, clock }).catch(
        (error) => error,
      );
      expect(closed).toMatchObject({ code: "STORE_DATA_DIR", message: expect.stringContaining("EACCES") });
    }
    rmSync(parent, { recursive: true, force: true });
  });
});

const FIXTURES = join(import.meta.dirname, "../../fixtures/tls");
const PGBOUNCER = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => existsSync(path));
if (!PGBOUNCER) console.warn("SKIPPED: a database behind PgBouncer: install pgbouncer to run it");

describe.skipIf(!PGBOUNCER)("a database behind PgBouncer", () => {
  let server: PrivateServer;
  let data_dir = "";
  const stops: (() => unknown)[] = [];
  beforeAll(async () => {
    data_dir = tempDir();
    server = await PrivateServer.start();
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await server.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  /** Its address for the home's role. */
  async function pooled({ name, password, url }: Home, pool_mode: string, settings = ""): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "foretick-bouncer-"));
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    writeFileSync(join(directory, "users.txt"), `"${name}" "${password}"\n`);
    writeFileSync(
      join(directory, "pgbouncer.ini"),
      `[databases]\n* = host=127.0.0.1 port=${new URL(url).port}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=${port}\nunix_socket_dir=\nauth_type=plain\nauth_file=${join(directory, "users.txt")}\npool_mode=${pool_mode}\n${settings}\n`,
    );
    const as_root = process.getuid?.() === 0;
    if (as_root) spawnSync("chown", ["-R", "nobody", directory]);
    const child = spawn(
      PGBOUNCER!,
      [...(as_root ? ["-u", "nobody"] : []), join(directory, "pgbouncer.ini")],
      { stdio: "ignore" },
    );
    stops.push(async () => {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    });
    const at = changed(url, (other) => (other.port = String(port)));
    await met("pgbouncer", async () => {
      const sql = connectTo(at);
      const there = await sql
        .unsafe("select 1")
        .simple()
        .then(
          () => true,
          () => false,
        );
      await sql.end({ timeout: 1 });
      return there;
    });
    return at;
  }

  const IGNORED = "ignore_startup_parameters = statement_timeout,synchronous_commit,extra_float_digits";

  it("works in session mode", async () => {
    const home = await server.database();
    const url = await pooled(home, "session", IGNORED);
    const database = await openDatabase({ url, data_dir, log, clock });
    expect((await database.sql`select count(*)::int as n from trades`)[0]).toEqual({ n: 0 });
    await database.close();
  });

  it("works as managed servers have it: TLS at the pooler, five connections, a schema of its own", async () => {
    const home = await server.database({ role: "connection limit 5" });
    const tls = mkdtempSync(join(tmpdir(), "foretick-bouncer-tls-"));
    stops.push(() => rmSync(tls, { recursive: true, force: true }));
    for (const file of ["server.pem", "server.key"]) cpSync(join(FIXTURES, file), join(tls, file));
    if (process.getuid?.() === 0) spawnSync("chown", ["-R", "nobody", tls]);
    const settings = [
      `${IGNORED},search_path,options`,
      "client_tls_sslmode = allow",
      `client_tls_key_file = ${join(tls, "server.key")}`,
      `client_tls_cert_file = ${join(tls, "server.pem")}`,
    ];
    const at = await pooled(home, "session", settings.join("\n"));
    const url = changed(at, (other) => {
      other.hostname = "localhost";
      other.search = `sslmode=verify-full&sslrootcert=${CA_FILE}&schema=own_side&channel_binding=prefer&pgbouncer=true`;
    });
    // The pooler takes the path and does not hand it on: public would be written to.
    expect(await openDatabase({ url, data_dir, log, clock }).catch((error: Error) => error)).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(
        /schema own_side expected first in the session's search_path, was not .*Run `alter role home_\d+ in database home_\d+ set search_path = own_side,public`/,
      ),
    });
    await server.run(`alter role ${home.name} in database ${home.name} set search_path = own_side,public`);
    // Sessions that were begun before keep their path.
    await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${home.name}'`);
    const database = await openDatabase({ url, data_dir, log, clock });
    const rows: number[] = [];
    const own = "select (to_regclass('own_side.trades') = 'trades'::regclass)::int::double precision";
    await readFloatRows(url, own, 1, ([value]) => rows.push(value!));
    expect(rows).toEqual([1]);
    await database.close();
  });

  it("is refused in transaction and statement mode, in one sentence, nothing made", async () => {
    for (const mode of ["transaction", "statement"]) {
      const home = await server.database();
      const url = await pooled(home, mode, IGNORED);
      const refused = await openDatabase({ url, data_dir, log, clock }).catch((error: Error) => error);
      expect(refused).toMatchObject({
        code: "STORE_REFUSED",
        message: expect.stringMatching(
          /is behind a pooler that shares it between transactions\. Set pool_mode = session/,
        ),
      });
      const sql = connectTo(urlOf(server.url, home.name));
      expect(await sql`select to_regclass('foretick_migrations') as made`).toMatchObject([{ made: null }]);
      await sql.end();
    }
  });

  it("that refuses a session's settings is reported with their name", async () => {
    const url = await pooled(await server.database(), "session");
    const refused = await openDatabase({ url, data_dir, log, clock }).catch((error: Error) => error);
    expect(refused).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(
        /pooler in front of it refuses a session's settings.*ignore_startup_parameters in pgbouncer\.ini/,
      ),
    });
  });
});
