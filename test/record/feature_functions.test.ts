/** The SQL functions of the feature sets in the database: there after opening, made once, replaced when they change. */

import { beforeAll, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { bar, lag, lnr, toFloat } from "../../src/features/algebra.ts";
import { column, featureSet } from "../../src/features/set.ts";
import { FEATURE_SETS } from "../../src/features/sets.ts";
import type { Database } from "../../src/record/database.ts";
import { installFeatureFunctions } from "../../src/record/feature_functions.ts";
import { rejection } from "../base/rejection.ts";
import { onEveryServer } from "./servers.ts";

const close = bar("close_e8");
const small = featureSet({ name: "small", columns: [column("price", "quote", "", toFloat(close))] });
const larger = featureSet({
  name: "small",
  columns: [...small.columns, column("ret_3s", "ln", "", lnr(close, lag(close, 3)))],
});

onEveryServer("the SQL functions of the feature sets", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
  }, 60_000);

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
    expect(made.length).toBe(2);
    const changed = await installFeatureFunctions(database.sql, [larger, ...FEATURE_SETS], silentLogger);
    expect(changed).toEqual(made);
    const rows = await database.sql`select * from features_small('NONE', at_sec(7), at_sec(9))`;
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[0]!)).toEqual(["symbol", "ts", "warm", "price", "ret_3s"]);
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
