/** The three roles of sql/roles/least_privilege.sql: what each can do, and that reading changes nothing. */

import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { openStore } from "../../../scripts/store/open_store.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { barsOfReader } from "../../../src/record/bars/bars_of_reader.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { connectDatabase, openDatabase } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { Maintenance } from "../../../src/record/retention/maintenance.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { TrainingQueue } from "../../../src/record/training/queue.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { rejection } from "../../base/rejection.ts";
import { predictionAt, quoteAt, START_US, tradeAt } from "../market_events.ts";
import { onEveryServer } from "./servers.ts";
import { tempDir } from "./temp_dir.ts";

const ROLES_FILE = fileURLToPath(new URL("../../../sql/roles/least_privilege.sql", import.meta.url));

/** What a command that reads must leave as it is: every relation, every function, every row count. */
async function everything(sql: Sql): Promise<unknown> {
  const relations = await sql`
    select oid, relname, relfilenode, relacl::text from pg_class
    where relnamespace = 'public'::regnamespace order by oid`;
  const functions = await sql`
    select oid, proname, md5(prosrc) as body, obj_description(oid, 'pg_proc') as comment from pg_proc
    where pronamespace = 'public'::regnamespace order by oid`;
  const counts: Record<string, string> = {};
  for (const { relname } of relations.filter(({ relname }) => !/_(pkey|idx|seq)$/.test(String(relname)))) {
    const [row] = await sql
      .unsafe<{ n: string }[]>(`select count(*) as n from public."${relname}"`)
      .catch(() => [{ n: "no table" }]);
    counts[String(relname)] = row!.n;
  }
  return { relations: [...relations], functions: [...functions], counts };
}

onEveryServer("roles with least privilege", (server) => {
  async function withRoles(
    run: (url: (role: "owner" | "service" | "reader") => string, admin: Sql) => Promise<void>,
  ): Promise<void> {
    const url = await server.emptyDatabase();
    const suffix = randomBytes(5).toString("hex");
    const admin = connectTo(url);
    const password = randomBytes(9).toString("base64url");
    const names = ["owner", "service", "reader"].map((role) => `foretick_${role}_${suffix}`);
    try {
      await admin.unsafe("create extension if not exists timescaledb").catch(() => {});
      const text = readFileSync(ROLES_FILE, "utf8").replace(
        /foretick_(owner|service|reader)/g,
        `$&_${suffix}`,
      );
      await admin.unsafe(text).simple();
      for (const name of names) await admin.unsafe(`alter role ${name} password '${password}'`);
      await run((role) => {
        const of_role = new URL(url);
        of_role.username = `foretick_${role}_${suffix}`;
        of_role.password = password;
        return of_role.href;
      }, admin);
    } finally {
      for (const name of names) await admin.unsafe(`drop owned by ${name} cascade`).catch(() => {});
      for (const name of names) await admin.unsafe(`drop role if exists ${name}`).catch(() => {});
      await admin.end();
    }
  }

  it("let the service run without migrating, and refuse its start before the owner has", async () => {
    const data_dir = tempDir();
    await withRoles(async (url) => {
      const options = { data_dir, log, clock: systemClock };
      const early = await rejection(openDatabase({ ...options, url: url("service"), migrate: false }));
      expect(early).toMatchObject({
        code: "STORE_VERSION",
        message: expect.stringMatching(/no tables of foretick.*bun run migrate/),
      });
      await (await openDatabase({ ...options, url: url("owner") })).close();

      const database = await openDatabase({ ...options, url: url("service"), migrate: false });
      const [role] = await database.sql`
        select has_schema_privilege('public', 'create') as creates, usename as user from pg_user where usename = current_user`;
      expect(role!.creates).toBe(false);
      const writer = new Writer({ database, log, clock: systemClock });
      for (let i = 0; i < 50; i++) {
        writer.trade(tradeAt(i), false);
        writer.quote(quoteAt(i), false);
      }
      writer.prediction(predictionAt(1));
      await writer.flush();
      await writer.close();
      const bars = new Refresher({ database, clock: systemClock, log });
      await bars.through({ from_us: START_US, to_us: START_US + 60 * US_PER_SEC });
      await bars.pass();
      expect(bars.stats.last_error).toBeUndefined();
      const [seen] = await database.sql<{ n: string }[]>`select sum(n)::text as n from bars_1s`;
      expect(seen!.n).toBe("50");
      const maintenance = new Maintenance({
        ...{ database, refresher: bars, clock: systemClock, log },
        raw_retention_days: 7,
        compress_after_days: 2,
      });
      await maintenance.run();
      expect(maintenance.stats.last_error).toBeUndefined();
      await maintenance.close();
      await bars.close();
      await database.close();
    });
    rmSync(data_dir, { recursive: true, force: true });
  });

  it("let a reader list models, and look at bars, and change nothing", async () => {
    const data_dir = tempDir();
    await withRoles(async (url, admin) => {
      await (await openDatabase({ url: url("owner"), data_dir, log, clock: systemClock })).close();
      const before = await everything(admin);
      const environment = { DATABASE_URL: url("reader"), DATA_DIR: data_dir, MODEL_DIR: data_dir };
      expect(await modelsCommand(["list"], environment)).toEqual([expect.stringContaining("no model")]);
      const database = await openStore({ url: url("reader"), data_dir, log });
      const bars = await barsOfReader({ database, clock: systemClock, log });
      await bars.through({ from_us: START_US, to_us: START_US + US_PER_SEC });
      await bars.close();
      await database.close();
      expect(await everything(admin)).toEqual(before);
      expect(await rejection(modelsCommand(["register", "a/1"], environment))).toMatchObject({
        name: "ForetickError",
      });
      expect(await everything(admin)).toEqual(before);
    });
    rmSync(data_dir, { recursive: true, force: true });
  });

  it("let the owner lay out the queue of trainings and the service use it, which says so where it is not there", async () => {
    const data_dir = tempDir();
    await withRoles(async (url) => {
      await (await openDatabase({ data_dir, log, clock: systemClock, url: url("owner") })).close();
      const opened = async (role: "owner" | "service") => {
        const of_role = { url: url(role), clock: systemClock, log, migrate: role === "owner" };
        const sql = connectTo(of_role.url);
        return await TrainingQueue.open({ ...of_role, sql }).finally(() => sql.end());
      };
      expect(await rejection(opened("service"))).toMatchObject({
        code: "TRAIN_QUEUE",
        message: expect.stringContaining("bun run migrate"),
      });
      await (await opened("owner")).close();
      const queue = await opened("service");
      const job = { job_id: randomUUID(), symbol: "BTCUSDT" };
      const given = Promise.withResolvers<string>();
      expect(await queue.stateOf(job.job_id)).toBe("missing");
      await queue.send(job);
      expect(await queue.stateOf(job.job_id)).toBe("open");
      await queue.work(1, async (job_id) => given.resolve(job_id));
      expect(await given.promise).toBe(job.job_id);
      await queue.close();
    });
  });

  it("say which table the service may not write", async () => {
    const data_dir = tempDir();
    await withRoles(async (url, admin) => {
      const options = { data_dir, log, clock: systemClock };
      await (await openDatabase({ ...options, url: url("owner") })).close();
      await admin.unsafe(`revoke insert on trades from ${new URL(url("service")).username}`);
      expect(
        await rejection(openDatabase({ ...options, url: url("service"), migrate: false })),
      ).toMatchObject({
        code: "STORE_REFUSED",
        message: expect.stringMatching(/expected to write trades, may not.*grant select, insert/),
      });
      // Looking is not refused for it.
      const link = new DatabaseLink({ ...options, url: url("service") });
      await (await connectDatabase(link)).close();
      await link.close();
    });
    rmSync(data_dir, { recursive: true, force: true });
  });
});

onEveryServer("TimescaleDB in a schema of its own", (server) => {
  it("is refused in a sentence where the search_path does not name that schema, and works where it does", async () => {
    const url = await server.emptyDatabase();
    const admin = connectTo(url);
    const data_dir = tempDir();
    const made = await admin
      .unsafe("create schema tsdb; create extension timescaledb schema tsdb")
      .simple()
      .then(
        () => true,
        () => false,
      );
    try {
      if (!made) {
        expect(await admin`select from pg_available_extensions where name = 'timescaledb'`).toHaveLength(0);
        return;
      }
      const options = { url, data_dir, log, clock: systemClock };
      expect(await rejection(openDatabase(options))).toMatchObject({
        code: "STORE_REFUSED",
        message: expect.stringMatching(
          /is in tsdb: its functions are not found\. Run `alter database .* search_path = public, tsdb`/,
        ),
      });
      expect(await admin`select to_regclass('public.foretick_migrations') as made`).toMatchObject([
        { made: null },
      ]);
      const [row] = await admin<{ name: string }[]>`select current_database() as name`;
      await admin.unsafe(`alter database ${row!.name} set search_path = public, tsdb`);
      await (await openDatabase(options)).close();
    } finally {
      await admin.end();
      rmSync(data_dir, { recursive: true, force: true });
    }
  });
});
