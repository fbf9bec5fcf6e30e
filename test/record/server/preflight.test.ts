import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
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
import { type Case, changed, type Home, REFUSED, WORKING } from "./found_databases.ts";
import { urlOf } from "./prepared.ts";
import { PrivateServer } from "./private_server.ts";
import { tempDir } from "./temp_dir.ts";

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
      // None of these is the extension's doing.
      expect(error.message).not.toMatch(/timescale/i);
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
