/** The generated SQL as text: what is committed is what is compiled, and what cannot be compiled is refused. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bar, div, float, lag, lnr, mul, stddev, toFloat } from "../../../src/features/algebra/build.ts";
import type { Float } from "../../../src/features/algebra/expr.ts";
import { floatRange } from "../../../src/features/algebra/float_range.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { column, type FeatureSet, featureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { compileFeatureFunction } from "../../../src/features/sql/compile.ts";
import { generatedFiles, sqlFiles, sqlFileText } from "../../../src/features/sql/functions.ts";

const DIRECTORY = fileURLToPath(new URL("../../../sql/generated/", import.meta.url));

const setOf = (expr: Float, name = "x"): FeatureSet =>
  featureSet({ name: "trial", columns: [column(name, "index", "", expr)] });

const close = bar("close_e8");
const price = toFloat(close);

describe("sql/generated", () => {
  it("is what the compiler makes of the registered sets; bun scripts/feature_sql.ts writes it", () => {
    const files = generatedFiles(FEATURE_SETS);
    expect(readdirSync(DIRECTORY).sort()).toEqual(files.map(({ name }) => `${name}.sql`).sort());
    for (const file of files) {
      expect(readFileSync(`${DIRECTORY}${file.name}.sql`, "utf8"), file.name).toBe(sqlFileText(file));
    }
  });

  it("names every feature of every set once, in order, as a column of its function", () => {
    for (const set of FEATURE_SETS) {
      const [, columns] = /returns table \(([^)]*)\)/.exec(compileFeatureFunction(set))!;
      const names = columns!.split(",").map((line) => line.trim().split(" ")[0]);
      expect(names).toEqual(["symbol", "ts", "warm", ...set.names]);
    }
  });

  it("holds no float aggregate and no library logarithm: sums and means of floats are written out", () => {
    const text = sqlFiles(FEATURE_SETS).map(sqlFileText).join("\n");
    const called = new Set([...text.replaceAll(/--.*/g, "").matchAll(/\b(\w+)\(/g)].map(([, name]) => name!));
    expect(["sum", "lnr", "array_agg"].filter((name) => !called.has(name))).toEqual([]);
    const inexact = ["avg", "stddev", "stddev_samp", "stddev_pop", "variance", "ln", "log", "exp", "power"];
    expect(inexact.filter((name) => called.has(name))).toEqual([]);
  });
});

describe("the functions to be installed", () => {
  it("are compiled, and their files read, once: every connection that is opened asks for them", () => {
    const [first, again] = [sqlFiles(FEATURE_SETS), sqlFiles(FEATURE_SETS)];
    expect(again.every((file, index) => file === first[index])).toBe(true);
    expect(sqlFiles([v1]).at(-1)).toBe(first.find(({ name }) => name === "features_v1")!);
  });
});

describe("the SQL compiler", () => {
  it("gives a new feature its column and nothing else to do", () => {
    const more = featureSet({
      name: "v1",
      columns: [...v1.columns, column("ret_7s", "ln", "Log-return over 7 s.", lnr(close, lag(close, 7)))],
    });
    const text = compileFeatureFunction(more);
    expect(text).toContain("  ret_7s double precision\n");
    expect(text).toContain("lnr(close_e8, close_e8_7s_ago) as ret_7s");
    expect(text).toContain(more.hash);
  });

  it("computes what two features share once", () => {
    const text = compileFeatureFunction(v1);
    expect(text.match(/sum\(n\) over/g)).toHaveLength(1);
    expect(text.match(/array_agg\(coalesce\(ret_1s, /g)).toHaveLength(1);
  });

  it("refuses a column named as one the row has of its own", () => {
    expect(() => compileFeatureFunction(setOf(price, "warm"))).toThrow(/no column named warm/);
  });

  it("refuses floats that could leave the range in which PostgreSQL goes on", () => {
    const large = Array.from({ length: 20 }).reduce<Float>((product) => mul(product, price), price);
    const small = Array.from({ length: 20 }).reduce<Float>((quotient) => div(quotient, price), float(1));
    expect(() => compileFeatureFunction(setOf(large))).toThrow(/expected floats between/);
    expect(() => compileFeatureFunction(setOf(small))).toThrow(/expected floats between/);
    expect(() => compileFeatureFunction(setOf(mul(price, price)))).not.toThrow();
  });

  it("finds the registered sets hundreds of exponents away from either end", () => {
    for (const set of FEATURE_SETS) {
      for (const { name, expr } of set.columns) {
        const { low, high } = floatRange(expr);
        expect(low, `${set.name}.${name}`).toBeGreaterThan(-700);
        expect(high, `${set.name}.${name}`).toBeLessThan(700);
      }
    }
  });

  it("bounds a deviation of log-returns from below, where differences cancel", () => {
    const { low, grain } = floatRange(stddev(lnr(close, lag(close, 1)), 10));
    expect(low).toBeLessThan(-100);
    expect(grain).toBeLessThan(low);
  });
});
