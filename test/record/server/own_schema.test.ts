/** A schema of foretick's own (DATABASE_SCHEMA) in a database that others use: all of it works there, and names that others have do no harm. */

import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { openStore } from "../../../scripts/store/open_store.ts";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { inSchema } from "../../../src/base/config/in_schema.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { startOf } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { connectDatabase, type Database, openDatabase } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import { Maintenance } from "../../../src/record/retention/maintenance.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { TrainingQueue } from "../../../src/record/training/queue.ts";
import { rejection } from "../../base/rejection.ts";
import { FIRST_SEC, LiveMarket } from "../live_market.ts";
import { onEveryServer } from "./servers.ts";
import { tempDir } from "./temp_dir.ts";

const SCHEMA = "market_side";
const ROLES_FILE = fileURLToPath(new URL("../../../sql/roles/least_privilege.sql", import.meta.url));
const SECONDS = 120;

/** What others have in schema public, under names of foretick's: an answer from there would be wrong. */
const OTHERS = `
  create table trades (id int, note text, at timestamptz not null default '2001-01-01');
  create table foretick_migrations (file text, sha256 text, capability text, applied_at timestamptz);
  create table leases (whose text);
  create view bars_1s as select 'not ours' as symbol;
  create type bar_places as (a int);
  create function us_of(ts timestamptz) returns bigint language sql immutable return 42;
  create function at_sec(sec bigint) returns timestamptz language sql immutable return timestamptz '1999-01-01 00:00:00+00';
  create function note_dirty() returns trigger language plpgsql as 'begin raise exception ''not ours''; end';
  insert into trades values (1, 'theirs');
`;

/** Of schema public: every relation, function and row there is. */
async function ofOthers(sql: Sql): Promise<unknown> {
  const relations = await sql`
    select relname, relfilenode from pg_class
    where relnamespace = 'public'::regnamespace and relname in ('trades', 'leases', 'bars_1s', 'foretick_migrations')
    order by 1`;
  const functions = await sql`
    select proname, prosrc, proconfig from pg_proc
    where pronamespace = 'public'::regnamespace and proname in ('us_of', 'at_sec', 'note_dirty', 'features_v1')
    order by 1`;
  return [[...relations], [...functions], [...(await sql`select * from public.trades`)]];
}

onEveryServer("a schema of its own", (server) => {
  let bare = "";
  let url = "";
  let admin: Sql;
  let database: Database;
  let before: unknown;
  let live: LiveMarket;
  const dirs: string[] = [];
  const dir = (): string => {
    dirs.push(tempDir());
    return dirs.at(-1)!;
  };

  beforeAll(async () => {
    bare = await server.emptyDatabase();
    admin = connectTo(bare);
    // As a database has it that TimescaleDB is used in already, by others.
    await admin.unsafe("create extension if not exists timescaledb").catch(() => {});
    await admin.unsafe(OTHERS).simple();
    await admin`select create_hypertable('public.trades', 'at', migrate_data => true)`.catch(() => {});
    before = await ofOthers(admin);
    url = inSchema(bare, SCHEMA);
    database = await openDatabase({ url, data_dir: dir(), log, clock });
    live = new LiveMarket(database, { symbol: "OWNUSDT", seconds: SECONDS + 30, seed: 5, sets: [v1] });
    await live.through(FIRST_SEC + SECONDS);
    await live.writer.flush();
  });
  afterAll(async () => {
    await live?.close();
    await database?.close();
    await admin.end();
    for (const path of dirs) rmSync(path, { recursive: true, force: true });
  });

  it("holds every table, view and function, and public is as it was", async () => {
    const rows = await admin`
      select relname from pg_class where relnamespace = ${SCHEMA}::regnamespace and relname in ('trades', 'bars_1s', 'leases')`;
    expect(rows).toHaveLength(3);
    expect(await ofOthers(admin)).toEqual(before);
    const made = await admin<{ n: number }[]>`
      select count(*)::int as n from pg_class as c join pg_namespace as n on n.oid = relnamespace
      where relkind in ('r', 'v', 'm') and nspname = 'public' and relname in ('quotes', 'predictions', 'features_live')`;
    expect(made[0]!.n).toBe(0);
  });

  it("has the features equal to the bit, bars and the queue in it", async () => {
    const bars = new Refresher({ database, clock, log });
    const span = {
      ...{ symbol: "OWNUSDT", set: v1 },
      ...{ from_us: startOf(FIRST_SEC + 5), to_us: startOf(FIRST_SEC + SECONDS - 5) },
    };
    const report = await compareSpan({ sql: database.sql, bars, span, monotonicUs: clock.monotonicUs });
    expect(report).toMatchObject({ rows_unexplained: 0 });
    expect(report.rows_compared).toBeGreaterThan(SECONDS - 20);
    const queue = await TrainingQueue.open({ url, sql: database.sql, clock, log, migrate: true });
    await queue.close();
    await bars.close();
    expect(
      await admin`select to_regnamespace(${`${SCHEMA}_queue`})::text as made, to_regnamespace('foretick_queue') as other`,
    ).toMatchObject([{ made: `${SCHEMA}_queue`, other: null }]);
  });

  it("answers people whose search_path is another", async () => {
    const [row] = await admin.unsafe<{ n: number; first: string }[]>(
      `select count(*)::int as n, min(f.ret_5s)::text as first
      from ${SCHEMA}.features_v1('OWNUSDT', to_timestamp(${FIRST_SEC + 20}), to_timestamp(${FIRST_SEC + 50})) as f`,
    );
    const [own] = await database.sql.unsafe(
      `select count(*)::int as n, min(f.ret_5s)::text as first
      from features_v1('OWNUSDT', at_sec(${FIRST_SEC + 20}), at_sec(${FIRST_SEC + 50})) as f`,
    );
    expect(row!.n).toBe(30);
    expect({ ...row }).toEqual({ ...own });
    expect(await admin.unsafe(`select * from ${SCHEMA}.quality_of('OWNUSDT', now(), now())`)).toHaveLength(0);
  });

  it("serves a reader with the rights of least privilege, and the commands that read", async () => {
    const suffix = randomBytes(5).toString("hex");
    const text = readFileSync(ROLES_FILE, "utf8")
      .replace(/foretick_(owner|service|reader)/g, `$&_${suffix}`)
      .replaceAll("schema public", "schema own_roles")
      .replaceAll("schema foretick_queue", "schema own_roles_queue");
    const password = randomBytes(9).toString("base64url");
    const names = ["owner", "service", "reader"].map((role) => `foretick_${role}_${suffix}`);
    const as = (role: string): string => {
      const of_role = new URL(bare);
      of_role.username = `foretick_${role}_${suffix}`;
      of_role.password = password;
      return inSchema(of_role.href, "own_roles");
    };
    try {
      await admin.unsafe(`create schema own_roles; ${text}`).simple();
      for (const name of names) await admin.unsafe(`alter role ${name} password '${password}'`);
      const options = { data_dir: dir(), log, clock };
      await (await openDatabase({ ...options, url: as("owner") })).close();
      await (await openDatabase({ ...options, url: as("service"), migrate: false })).close();
      const [DATABASE_URL] = as("reader").split("?");
      const environment = { DATABASE_URL, DATABASE_SCHEMA: "own_roles", DATA_DIR: dir(), MODEL_DIR: dir() };
      expect(await modelsCommand(["list"], environment)).toEqual([expect.stringContaining("no model")]);
      const store = await openStore({ url: as("reader"), data_dir: dir(), log });
      expect(await store.sql`select count(*)::int as n from trades`).toMatchObject([{ n: 0 }]);
      await store.close();
    } finally {
      for (const name of names) await admin.unsafe(`drop owned by ${name} cascade`).catch(() => {});
      for (const name of names) await admin.unsafe(`drop role if exists ${name}`).catch(() => {});
    }
  });

  it("that is not there yet, or may not be used, is said so: others' tables are not read in its place", async () => {
    const link = new DatabaseLink({ url: inSchema(bare, "nowhere"), data_dir: dir(), log, clock });
    expect(await rejection(connectDatabase(link))).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(
        /schema nowhere \(DATABASE_SCHEMA\) expected to be there, is not\. Run `bun run migrate`/,
      ),
    });
    await link.close();
  });

  it("is kept and forgotten by its own maintenance: others' rows stay", async () => {
    await database.sql`
      insert into trades
      select (jsonb_populate_record(t, jsonb_build_object('ts', t.ts + interval '30 days', 'trade_id', t.trade_id + 1000000))).*
      from trades as t order by ts desc limit 1`;
    const refresher = new Refresher({ database, clock, log });
    const maintenance = new Maintenance({
      ...{ database, refresher, clock, log, raw_retention_days: 7, compress_after_days: 2 },
    });
    await maintenance.run();
    expect(maintenance.stats.last_error).toBeUndefined();
    await maintenance.close();
    await refresher.close();
    expect(await database.sql`select from trades`).toHaveLength(1);
    expect((await database.sql`select from trade_bars_1s_kept`).length).toBeGreaterThan(60);
    expect(await ofOthers(admin)).toEqual(before);
  });
});

it("a setting becomes a part of the address, whatever that has", () => {
  const read = (DATABASE_URL: string) => readConfig({ DATABASE_URL, DATABASE_SCHEMA: "own" }).database_url;
  expect(read("postgres://u:p@h/d")).toBe("postgres://u:p@h/d?schema=own");
  expect(read("postgres://u:p?w@h/d?sslmode=require")).toBe(
    "postgres://u:p?w@h/d?sslmode=require&schema=own",
  );
  expect(read("postgres://u:p?w@h/d")).toBe("postgres://u:p?w@h/d?schema=own");
  expect(read("postgres://u@h/d?schema=other")).toBe("postgres://u@h/d?schema=other");
  expect(readConfig({ DATABASE_SCHEMA: "own" }).database_url).toBeUndefined();
  for (const name of ["pg_own", "own-side", "Own", 'o"w']) {
    expect(() => readConfig({ DATABASE_SCHEMA: name })).toThrow(/DATABASE_SCHEMA: expected a schema's name/);
  }
});
