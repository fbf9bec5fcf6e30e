/** The SQL functions of the feature sets in the database: there after opening, made once, replaced when they change. */

import { beforeAll, expect, it } from "vitest";
import { silentLogger } from "../../../src/base/log.ts";
import { bar, lag, lnr, toFloat } from "../../../src/features/algebra/build.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { column, featureSet } from "../../../src/features/sets/feature_set.ts";
import { versionedNames } from "../../../src/features/sql/versions.ts";
import type { Database } from "../../../src/record/database.ts";
import {
  installFeatureFunctions,
  requireFeatureFunctions,
} from "../../../src/record/sql/install/feature_functions.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";

const close = bar("close_e8");
const small = featureSet({ name: "small", columns: [column("price", "quote", "", toFloat(close))] });
const larger = featureSet({
  name: "small",
  columns: [...small.columns, column("ret_3s", "ln", "", lnr(close, lag(close, 3)))],
});

const columnsOf = (rows: readonly object[]): string[] => Object.keys(rows[0]!);

onEveryServer("the SQL functions of the feature sets", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
  });

  it("are there as soon as a database is open, with their set's hash", async () => {
    for (const { name, hash } of FEATURE_SETS) {
      const [row] = await database.sql`
        select obj_description(('features_' || ${name}::text)::regproc, 'pg_proc') as comment`;
      expect(row!.comment).toContain(hash);
    }
    expect(await installFeatureFunctions(database.sql, FEATURE_SETS, silentLogger)).toEqual([]);
  });

  it("are replaced where a set has changed, even in its columns, and left where it has not", async () => {
    const made = await installFeatureFunctions(database.sql, [small], silentLogger);
    expect(made.filter((signature) => signature.startsWith("features_small("))).toHaveLength(1);
    expect(made).toHaveLength(4);
    const changed = await installFeatureFunctions(database.sql, [larger, ...FEATURE_SETS], silentLogger);
    expect(changed).toHaveLength(4);
    expect(changed.slice(2)).toEqual(made.slice(2));
    const rows = await database.sql`select * from features_small('NONE', at_sec(7), at_sec(9))`;
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[0]!)).toEqual(["symbol", "ts", "warm", "price", "ret_3s"]);
  });

  it("go on under a reader: a view, an open cursor and an older service keep the definition they began with", async () => {
    const other = featureSet({ ...small, name: "kept" });
    const wider = featureSet({ ...larger, name: "kept" });
    await installFeatureFunctions(database.sql, [other], silentLogger);
    await database.sql.unsafe(
      "create view kept_view as select * from features_kept('NONE', at_sec(7), at_sec(12))",
    );
    const old_service = versionedNames(other).features;
    const names = (name: string) =>
      database.sql.unsafe(`select * from ${name}('NONE', at_sec(7), at_sec(9))`).then(columnsOf);

    const reader = database.connect();
    await reader.begin(async (open) => {
      const pages = open.unsafe("select * from features_kept('NONE', at_sec(0), at_sec(40))").cursor(10);
      let rows = 0;
      for await (const page of pages) {
        if (rows === 0) await installFeatureFunctions(database.sql, [wider], silentLogger);
        rows += page.length;
      }
      expect(rows).toBe(40);
    });
    await reader.end();

    expect(await names("features_kept")).toEqual(["symbol", "ts", "warm", "price", "ret_3s"]);
    expect(await names(versionedNames(wider).features)).toEqual(["symbol", "ts", "warm", "price", "ret_3s"]);
    expect(await names(old_service)).toEqual(["symbol", "ts", "warm", "price"]);
    const seen = await database.sql.unsafe("select * from kept_view");
    expect(columnsOf(seen)).toEqual(["symbol", "ts", "warm", "price"]);
    expect(seen).toHaveLength(5);
  });

  it("are asked for before they are called: a database that lacks a set's definition is refused in a sentence", async () => {
    await requireFeatureFunctions(database.sql, FEATURE_SETS);
    const unknown = featureSet({ ...small, name: "unknown" });
    expect(await rejection(requireFeatureFunctions(database.sql, [unknown]))).toMatchObject({
      code: "STORE_VERSION",
      message: expect.stringMatching(/feature set unknown .*bun run migrate/),
    });
  });

  it("may be made by two processes at once", async () => {
    const sets = [1, 2].map((number) => featureSet({ ...small, name: "twice", cadence_s: number }));
    await Promise.all(sets.map((set) => installFeatureFunctions(database.sql, [set], silentLogger)));
    const rows = await database.sql`select * from features_twice('NONE', at_sec(0), at_sec(10))`;
    expect([5, 10]).toContain(rows.length);
  });

  it("leave nothing half done where a set is refused", async () => {
    const broken = { ...small, name: "no name" };
    expect(
      await rejection(installFeatureFunctions(database.sql, [larger, broken], silentLogger)),
    ).toMatchObject({
      code: "STORE_MIGRATION",
    });
    const [row] = await database.sql`select count(*) as n from pg_proc where proname like '%no name%'`;
    expect(Number(row!.n)).toBe(0);
  });
});
