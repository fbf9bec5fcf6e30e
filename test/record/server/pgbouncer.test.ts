/** A database behind PgBouncer: works in session mode, and is refused in one sentence where connections are shared. */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { readFloatRows } from "../../../src/record/sql/float_rows.ts";
import { met } from "../../met.ts";
import { changed, type Home } from "./found_databases.ts";
import { urlOf } from "./prepared.ts";
import { CA_FILE, PrivateServer } from "./private_server.ts";
import { tempDir } from "./temp_dir.ts";

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
