import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { type Database, openDatabase } from "../../../src/record/database.ts";
import { findServerBinaries, makeLinks } from "../../../src/record/server/embedded/binaries.ts";
import { openCluster } from "../../../src/record/server/embedded/cluster.ts";
import { chooseServerUser } from "../../../src/record/server/user.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { tradeAt } from "../market_events.ts";
import { tempDir } from "./temp_dir.ts";

const source = (file: string) => fileURLToPath(new URL(`../../../src/${file}`, import.meta.url));
const psql = spawnSync("psql", ["--version"]).status === 0;
if (!psql) console.warn('SKIPPED: "psql into the embedded database": install psql to run it');

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z";
  } catch {
    return false;
  }
}

describe("embedded database", () => {
  let data_dir = "";
  const opened: Database[] = [];
  // One cluster for all of them, stopped after each: making one takes a second.
  beforeAll(() => {
    data_dir = tempDir();
  });
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });
  afterAll(() => rmSync(data_dir, { recursive: true, force: true }));

  async function open(): Promise<Database> {
    const database = await openDatabase({ data_dir, log, clock });
    opened.push(database);
    return database;
  }
  const serverPid = () =>
    Number(readFileSync(join(data_dir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);

  it("keeps its rows, its address and its password over a restart, and leaves no process behind", async () => {
    const first = await open();
    expect(first.capability).toBe("postgres");
    expect(first.description).toMatch(/^embedded PostgreSQL 18\.\d+, plain tables, schema \d+$/);
    await first.sql`create table kept as select 42 as answer`;
    const pid = serverPid();
    expect(isRunning(pid)).toBe(true);
    await Promise.all([first.close(), first.close()]);
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(join(data_dir, "postgres", "postmaster.pid"))).toBe(false);
    expect(existsSync(join(data_dir, "foretick.lock"))).toBe(false);
    const second = await open();
    expect(second.url).toBe(first.url);
    expect(await second.sql`select answer from kept`).toMatchObject([{ answer: 42 }]);
  });

  it("is durable: a committed batch is on disk", async () => {
    const { sql } = await open();
    const [row] = await sql`
      select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit`;
    expect(row).toMatchObject({ fsync: "on", synchronous_commit: "on" });
  });

  it("writes its address where psql finds it, readable by its owner only", async () => {
    const database = await open();
    const path = join(data_dir, "postgres.url");
    expect(readFileSync(path, "utf8").trim()).toBe(database.url);
    expect(statSync(path).mode & 0o077).toBe(0);
    const without = new URL(database.url);
    without.password = "wrong";
    const other_dir = tempDir();
    const refused = await openDatabase({ url: without.href, data_dir: other_dir, log, clock }).catch(
      (error) => error,
    );
    rmSync(other_dir, { recursive: true });
    expect(refused).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringContaining("the password of role foretick is not the right one"),
    });
  });

  it.skipIf(!psql)("answers psql with the address from the file", async () => {
    await open();
    const url = readFileSync(join(data_dir, "postgres.url"), "utf8").trim();
    const ran = spawnSync("psql", [url, "-Atc", "select count(*) from predictions"], { encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stdout: "0\n" });
  });

  it("refuses a second process, naming the first", async () => {
    await open();
    const refused = await rejection(openDatabase({ data_dir, log, clock }));
    expect(refused).toMatchObject({ code: "STORE_DATA_DIR", details: { pid: process.pid } });
  });

  it("stops by itself when its process is killed, and the next start goes on", async () => {
    const program = `
      const { openDatabase } = await import(${JSON.stringify(source("record/database.ts"))});
      const { systemClock: clock } = await import(${JSON.stringify(source("base/clock.ts"))});
      const { silentLogger: log } = await import(${JSON.stringify(source("base/log.ts"))});
      const { sql } = await openDatabase({ data_dir: ${JSON.stringify(data_dir)}, log, clock });
      await sql\`create table survived as select 1 as one\`;
      console.log("ready");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((done) => child.stdout.once("data", done));
    const pid = serverPid();
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    // At once: the server may still be stopping.
    const database = await open();
    expect(await database.sql`select one from survived`).toHaveLength(1);
    expect(isRunning(pid)).toBe(false);
  });

  it("comes back after it was killed itself, and a writer notices only a pause", async () => {
    const database = await open();
    const writer = new Writer({ database, log, clock, flush_interval_ms: 5, batch_rows_max: 200 });
    for (let i = 0; i < 5_000; i++) writer.trade(tradeAt(i), false);
    await met("all rows", () => writer.stats.written.trades >= 400);
    const pid = serverPid();
    process.kill(pid, "SIGKILL");
    for (let i = 5_000; i < 8_000; i++) writer.trade(tradeAt(i), false);
    await writer.drained(0);
    expect(serverPid()).not.toBe(pid);
    const [row] = await database.sql`select count(*) from trades`;
    expect(Number(row!.count)).toBe(8_000);
    expect(writer.stats.failures).toBeGreaterThan(0);
    await writer.close();
  });

  it("makes a cluster over one that an interrupted start left half-made", async () => {
    const fresh_dir = tempDir();
    mkdirSync(join(fresh_dir, "postgres.new"), { recursive: true });
    writeFileSync(join(fresh_dir, "postgres.new", "PG_VERSION"), "18\n");
    const database = await openDatabase({ data_dir: fresh_dir, log, clock });
    expect(await database.sql`select from predictions`).toHaveLength(0);
    await database.close();
    rmSync(fresh_dir, { recursive: true });
  });

  it("starts over a pid file whose process is gone or somebody else's", async () => {
    await (await open()).close();
    for (const pid of [process.ppid, 4_194_303]) {
      writeFileSync(
        join(data_dir, "postgres", "postmaster.pid"),
        `${pid}\n${data_dir}/postgres\n0\n5432\n\n\n\nready\n`,
      );
      await (await open()).close();
    }
  });

  it("takes another port where its own is taken", async () => {
    const first = await open();
    await first.close();
    const { port } = new URL(first.url);
    const squatter = (await import("node:net")).createServer();
    await new Promise<void>((done) => squatter.listen(Number(port), "127.0.0.1", done));
    const second = await open();
    expect(new URL(second.url).port).not.toBe(port);
    expect(readFileSync(join(data_dir, "postgres.url"), "utf8").trim()).toBe(second.url);
    await new Promise((done) => squatter.close(done));
  });

  it("refuses a cluster of another major version, with what to do", async () => {
    const other_dir = tempDir();
    mkdirSync(join(other_dir, "postgres"));
    writeFileSync(join(other_dir, "postgres", "PG_VERSION"), "17\n");
    const refused = await rejection(openDatabase({ data_dir: other_dir, log, clock }));
    expect(refused).toMatchObject({
      code: "STORE_VERSION",
      message: expect.stringContaining("was made by 17"),
    });
    expect(existsSync(join(other_dir, "foretick.lock"))).toBe(false);
    rmSync(other_dir, { recursive: true });
  });
});

const root = process.getuid?.() === 0;
if (!root) console.warn('SKIPPED: "started by root": run the tests as root to run it');

describe("embedded database started by root", () => {
  it.skipIf(!root)(
    "runs as another user even where that user can enter neither the programs' nor the data's folder",
    () => {
      // Below mkdtemp's folder, which only its owner enters, as below /root.
      const [program_dir, data_dir] = [tempDir(), tempDir()];
      const { initdb } = findServerBinaries();
      cpSync(dirname(dirname(initdb)), program_dir, { recursive: true, verbatimSymlinks: true });
      const closed = {
        initdb: join(program_dir, "bin", "initdb"),
        postgres: join(program_dir, "bin", "postgres"),
      };
      const user = chooseServerUser(closed.postgres, data_dir);
      const cluster = openCluster(data_dir, closed.initdb, user);
      expect(cluster.fresh).toBe(true);
      expect(statSync(join(cluster.directory, "PG_VERSION")).uid).not.toBe(0);
      const { file, args, options } = user.launch("/bin/sh", ["-c", "id -u; grep CapEff /proc/self/status"]);
      const [uid, capabilities] = spawnSync(file, args, { ...options, encoding: "utf8" })
        .stdout.trim()
        .split("\n");
      expect(uid).not.toBe("0");
      // Bit 1, CAP_DAC_OVERRIDE, and no other.
      expect(capabilities).toMatch(/\t0*2$/);
      for (const path of [program_dir, data_dir]) rmSync(path, { recursive: true });
    },
  );
});

describe("library links of the embedded database", () => {
  it("are made where the package's install script did not run, and left alone where it did", () => {
    const native = join(tempDir(), "native");
    mkdirSync(join(native, "lib"), { recursive: true });
    writeFileSync(join(native, "lib", "libpq.so.5.18"), "library");
    const links = ["libpq.so.5", "libpq.so"].map((name) => ({
      source: "native/lib/libpq.so.5.18",
      target: `native/lib/${name}`,
    }));
    writeFileSync(join(native, "pg-symlinks.json"), JSON.stringify(links));
    for (let run = 0; run < 2; run++) {
      makeLinks(native);
      expect(readlinkSync(join(native, "lib", "libpq.so"))).toBe("libpq.so.5.18");
      expect(lstatSync(join(native, "lib", "libpq.so.5")).isSymbolicLink()).toBe(true);
      expect(readFileSync(join(native, "lib", "libpq.so.5"), "utf8")).toBe("library");
    }
    rmSync(join(native, ".."), { recursive: true });
  });
});
