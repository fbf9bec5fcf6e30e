import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { checkTimescaleVersion, isAtLeast } from "../../../src/record/server/capability.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { MIGRATIONS_DIR, migrationsFor } from "../../../src/record/sql/install/migration_files.ts";
import { migrate } from "../../../src/record/sql/install/migrations.ts";
import * as schema from "../../../src/record/sql/schema.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";

const TABLES = [
  "trades",
  "quotes",
  "disconnects",
  "features_live",
  "predictions",
  "outcomes",
  "signals",
] as const;

describe("migration files", () => {
  it("give every server the same bases, and each capability its own tails after them", () => {
    const names = (capability: "timescale" | "timescale-apache" | "postgres") =>
      migrationsFor(capability).map(({ file }) => file);
    expect(names("postgres").slice(0, 1)).toEqual(["0001_raw.sql"]);
    expect(names("timescale").slice(0, 2)).toEqual(["0001_raw.sql", "0001_raw.hypertables.sql"]);
    expect(names("timescale-apache").slice(0, 2)).toEqual(["0001_raw.sql", "0001_raw.hypertables.sql"]);
    const all = readdirSync(MIGRATIONS_DIR).filter((file) => file.split(".").length === 2);
    for (const capability of ["timescale", "timescale-apache", "postgres"] as const) {
      expect(names(capability)).toEqual(expect.arrayContaining(all));
    }
  });
});

describe("server versions", () => {
  it("are compared as numbers, not as text", () => {
    expect(isAtLeast("2.26.3", "2.26.3")).toBe(true);
    expect(isAtLeast("2.100.0", "2.26.3")).toBe(true);
    expect(isAtLeast("2.26.2", "2.26.3")).toBe(false);
    expect(isAtLeast("2.27.0-dev", "2.26.3")).toBe(true);
    expect(isAtLeast("18.4", "15")).toBe(true);
  });

  it("below the floor stop the start, with what to do", () => {
    expect(() => checkTimescaleVersion("timescale", "2.26.2")).toThrow(
      /expected 2\.26\.3 or newer, was 2\.26\.2.*alter extension/s,
    );
    expect(() => checkTimescaleVersion("timescale-apache", "2.18.0")).toThrow(/2\.19\.3/);
    checkTimescaleVersion("timescale-apache", "2.19.3");
  });
});

onEveryServer("migrations", (server) => {
  let sql_dir = "";
  let directory = "";
  let data_dirs: string[] = [];
  beforeEach(() => {
    sql_dir = tempDir();
    cpSync(join(MIGRATIONS_DIR, ".."), sql_dir, { recursive: true });
    directory = join(sql_dir, "migrations");
  });
  afterEach(() => {
    for (const path of [sql_dir, ...data_dirs]) rmSync(path, { recursive: true, force: true });
    data_dirs = [];
  });

  it("lay out an empty database and change nothing in one that is up to date", async () => {
    const sql = connectTo(await server.emptyDatabase());
    try {
      for (let run = 0; run < 2; run++)
        expect(await migrate({ sql, capability: "postgres", log, directory })).toBe("postgres");
      const rows = await sql`select file, capability from foretick_migrations`;
      expect(new Set(rows.map((row) => row.file))).toEqual(
        new Set(migrationsFor("postgres").map(({ file }) => file)),
      );
    } finally {
      await sql.end();
    }
  });

  it("run once where processes start together", async () => {
    const url = await server.emptyDatabase();
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => {
        const data_dir = tempDir();
        data_dirs.push(data_dir);
        return openDatabase({ url, data_dir, log, clock: systemClock });
      }),
    );
    expect(new Set(opened.map(({ capability }) => capability)).size).toBe(1);
    const rows = await opened[0]!.sql`select file from foretick_migrations`;
    expect(rows.length).toBe(migrationsFor(opened[0]!.capability).length);
    for (const database of opened) await database.close();
  });

  it("refuse a file that was edited after it had been applied, by name", async () => {
    const sql = connectTo(await server.emptyDatabase());
    try {
      await migrate({ sql, capability: "postgres", log, directory });
      writeFileSync(join(directory, "0001_raw.sql"), "select 1;\n");
      expect(await rejection(migrate({ sql, capability: "postgres", log, directory }))).toMatchObject({
        code: "STORE_MIGRATION",
        message: expect.stringContaining("0001_raw.sql"),
      });
    } finally {
      await sql.end();
    }
  });

  it("leave nothing of a file that fails half-way, and go on once it is mended", async () => {
    const sql = connectTo(await server.emptyDatabase());
    const file = join(directory, "9001_next.sql");
    try {
      writeFileSync(file, "create table half (a int);\nselect 1 / 0;\n");
      expect(await rejection(migrate({ sql, capability: "postgres", log, directory }))).toMatchObject({
        code: "STORE_MIGRATION",
        message: expect.stringContaining("9001_next.sql"),
      });
      expect(await sql`select to_regclass('half') as half`).toMatchObject([{ half: null }]);
      writeFileSync(file, "create table half (a int);\n");
      await migrate({ sql, capability: "postgres", log, directory });
      expect(await sql`select to_regclass('half')::text as half`).toMatchObject([{ half: "half" }]);
    } finally {
      await sql.end();
    }
  });

  it("refuse a file name that would never run", async () => {
    const sql = connectTo(await server.emptyDatabase());
    try {
      writeFileSync(join(directory, "9001_next.timescal.sql"), "select 1;\n");
      expect(await rejection(migrate({ sql, capability: "postgres", log, directory }))).toMatchObject({
        code: "STORE_MIGRATION",
      });
    } finally {
      await sql.end();
    }
  });

  it("refuse a server that can do less than the database was laid out for", async () => {
    const sql = connectTo(await server.emptyDatabase());
    mkdirSync(join(directory, "plain"));
    writeFileSync(join(directory, "plain", "0001_a.sql"), "create table a (b int);\n");
    const options = { sql, log, directory: join(directory, "plain") };
    try {
      expect(await migrate({ ...options, capability: "timescale" })).toBe("timescale");
      expect(await rejection(migrate({ ...options, capability: "postgres" }))).toMatchObject({
        code: "STORE_VERSION",
      });
    } finally {
      await sql.end();
    }
  });

  it("make the tables that the typed queries believe in, column by column", async () => {
    const { sql } = await server.openDatabase();
    const declared_tables = new Map<string, unknown>(Object.entries(schema));
    for (const name of [...TABLES, "prediction_outcomes"] as const) {
      const rows = await sql<{ column: string; type: string; required: boolean }[]>`
        select
          a.attname as column,
          format_type(a.atttypid, a.atttypmod) as type,
          a.attnotnull as required
        from pg_attribute a
        where a.attrelid = ${name}::regclass and a.attnum > 0 and not a.attisdropped
        order by a.attnum`;
      if (name === "prediction_outcomes") {
        const { prediction_outcomes } = schema;
        const view = (
          prediction_outcomes as unknown as Record<
            symbol,
            { selectedFields: Record<string, { name: string }> }
          >
        )[Symbol.for("drizzle:ViewBaseConfig")]!;
        expect(rows.map(({ column }) => column)).toEqual(
          Object.values(view.selectedFields).map((field) => field.name),
        );
        continue;
      }
      const declared = getTableConfig(declared_tables.get(name) as PgTable).columns.map((column) => ({
        column: column.name,
        type: column.getSQLType(),
        required: column.notNull,
      }));
      expect(
        rows.map((row) => ({ ...row })),
        name,
      ).toEqual(declared);
    }
  });

  it("make hypertables exactly where the server has TimescaleDB", async () => {
    const { sql, capability } = await server.openDatabase();
    if (capability === "postgres") {
      expect(await sql`select from pg_extension where extname = 'timescaledb'`).toHaveLength(0);
      return;
    }
    const rows = await sql<{ name: string }[]>`
      select hypertable_name as name
      from timescaledb_information.hypertables
      order by name`;
    expect(rows.map(({ name }) => name)).toEqual([
      "book_1s",
      "features_live",
      "outcomes",
      "predictions",
      "quote_bars_1s_kept",
      "quotes",
      "signals",
      "trade_bars_1s_kept",
      "trade_blocks_5m_kept",
      "trades",
    ]);
  });
});
