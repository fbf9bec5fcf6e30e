/** `sslmode` means the same for every client: what one driver reaches the other does, and what one refuses too. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { connectDatabase } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { EmbeddedServer } from "../../../src/record/server/embedded/embedded.ts";
import { readFloatRows } from "../../../src/record/sql/float_rows.ts";
import { CA_FILE, OTHER_CA_FILE, PrivateServer } from "./private_server.ts";
import { tempDir } from "./temp_dir.ts";

type Outcome = "plain" | "encrypted" | RegExp;

const MODES: readonly {
  readonly query: string;
  readonly host?: string;
  readonly off: Outcome;
  readonly on: Outcome;
}[] = [
  { query: "sslmode=disable", off: "plain", on: "plain" },
  { query: "", off: "plain", on: "encrypted" },
  { query: "sslmode=prefer", off: "plain", on: "encrypted" },
  { query: "sslmode=require", off: /expected to offer TLS.*sslmode=disable/, on: "encrypted" },
  { query: `sslmode=require&sslrootcert=${CA_FILE}`, off: /expected to offer TLS/, on: "encrypted" },
  {
    query: `sslmode=require&sslrootcert=${OTHER_CA_FILE}`,
    off: /offer TLS/,
    on: /not signed by one that is trusted.*sslrootcert/,
  },
  {
    query: "sslmode=verify-ca",
    off: /expected to offer TLS/,
    on: /not signed by one that is trusted.*sslrootcert/,
  },
  { query: `sslmode=verify-ca&sslrootcert=${CA_FILE}`, off: /offer TLS/, on: "encrypted" },
  {
    query: `sslmode=verify-full&sslrootcert=${CA_FILE}`,
    host: "127.0.0.1",
    off: /offer TLS/,
    on: /not for host 127.0.0.1.*verify-ca/,
  },
  {
    query: `sslmode=verify-full&sslrootcert=${CA_FILE}`,
    host: "localhost",
    off: /offer TLS/,
    on: "encrypted",
  },
  {
    query: "sslmode=verify-full&sslrootcert=/nowhere.pem",
    off: /sslrootcert expected a readable file, \/nowhere.pem is not \(ENOENT\)/,
    on: /\/nowhere.pem/,
  },
];

const CONNECTED = "select count(*)::double precision from pg_stat_ssl where pid = pg_backend_pid() and ssl";

describe.each(["off", "on"] as const)("a server with TLS %s", (state) => {
  let server: PrivateServer;
  let url = "";
  let data_dir = "";
  beforeAll(async () => {
    data_dir = tempDir();
    server = await PrivateServer.start();
    ({ url } = await server.database());
    if (state === "on") {
      const sql = connectTo(server.url);
      const [row] = await sql<{ data_directory: string }[]>`show data_directory`;
      await sql.end();
      await server.useTls(row!.data_directory);
    }
  });
  afterAll(async () => {
    await server.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  it.each(MODES.map((mode) => [`${mode.query || "no sslmode"} ${mode.host ?? ""}`, mode] as const))(
    "is reached alike by both drivers, or refused in the same sentence: %s",
    async (_, { query, host = "127.0.0.1", ...outcome }) => {
      const expected = outcome[state];
      const target = new URL(url);
      target.hostname = host;
      target.search = query;
      const link = new DatabaseLink({ url: target.href, data_dir, log, clock });
      const reached = { postgres_js: "", pg: "" };
      try {
        const database = await connectDatabase(link);
        const [row] = await database.sql.unsafe<{ count: number }[]>(CONNECTED);
        reached.postgres_js = Number(row!.count) === 1 ? "encrypted" : "plain";
        await database.close();
      } catch (error) {
        reached.postgres_js = (error as Error).message;
      } finally {
        await link.close();
      }
      try {
        await readFloatRows(target.href, CONNECTED, 1, ([count]) => {
          reached.pg = count === 1 ? "encrypted" : "plain";
        });
      } catch (error) {
        reached.pg = (error as Error).message;
      }
      if (typeof expected === "string") expect(reached).toEqual({ postgres_js: expected, pg: expected });
      else {
        expect(reached.postgres_js).toMatch(expected);
        expect(reached.pg).toMatch(expected);
      }
      expect(JSON.stringify(reached)).not.toContain(new URL(url).password);
    },
  );
});

describe("the embedded server", () => {
  it("is reached whatever PGSSLMODE and its like are set to for other servers", async () => {
    const data_dir = tempDir();
    const server = await EmbeddedServer.start({ data_dir, clock, log });
    const set = {
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: join(data_dir, "none.pem"),
      PGSSL: "require",
      PGHOST: "nowhere",
    };
    const before = { ...process.env };
    Object.assign(process.env, set);
    try {
      const sql = connectTo(server.url("postgres"));
      expect((await sql`select 1 as one`)[0]).toEqual({ one: 1 });
      await sql.end();
      let row: number[] = [];
      await readFloatRows(server.url("postgres"), "select 2::double precision", 1, (values) => {
        row = [...values];
      });
      expect(row).toEqual([2]);
    } finally {
      for (const name of Object.keys(set)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      await server.close();
      rmSync(data_dir, { recursive: true, force: true });
    }
  });
});
