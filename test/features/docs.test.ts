/** The page of features: as committed, it is what the definitions say. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as a from "../../src/features/algebra/build.ts";
import { exponentialWeights } from "../../src/features/algebra/exponential_weights.ts";
import { exprText } from "../../src/features/algebra/expr.ts";
import { formula, termNames } from "../../src/features/algebra/formula.ts";
import { HOUR_COS, HOUR_SIN } from "../../src/features/algebra/hours.ts";
import { featureDocs } from "../../src/features/docs.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import { column, featureSet } from "../../src/features/sets/feature_set.ts";

const PAGE = join(import.meta.dirname, "../../docs/features.md");
const n = a.bar("n");
const close = a.bar("close_e8");
const plain = (expr: Parameters<typeof formula>[0]): string => formula(expr, new Map());

describe("docs/features.md", () => {
  it("is what the definitions say now (else: bun scripts/docs.ts)", () => {
    expect(readFileSync(PAGE, "utf8")).toBe(featureDocs(FEATURE_SETS));
  });

  it("lists a new one-line feature without anything else being touched", () => {
    const first = FEATURE_SETS[0]!;
    const added = featureSet({
      name: first.name,
      columns: [...first.columns, column("n_trades_9s", "count", "Trades in nine.", a.toFloat(a.sum(n, 9)))],
    });
    const page = featureDocs([added]);
    expect(page).toContain("| 23 | **n_trades_9s** | count | Trades in nine. | `sum(n, 9 s)` |");
    expect(page).toContain(added.hash);
    expect(added.hash).not.toBe(first.hash);
  });

  it("breaks no table: no cell holds a bar or a line break", () => {
    for (const { columns, about } of FEATURE_SETS) {
      for (const { sentence } of columns) expect(sentence).not.toMatch(/[|\n]/);
      expect(about).not.toBe("");
    }
    for (const line of featureDocs(FEATURE_SETS).split("\n")) {
      if (line.startsWith("| ") && /^\| \d+ \| \*\*/.test(line)) expect(line.split(" | ")).toHaveLength(5);
    }
  });

  it("means one thing by a name: a part that shares a column's name is that column", () => {
    for (const { terms, columns } of FEATURE_SETS) {
      for (const { name, expr } of columns) {
        if (terms[name]) expect(exprText(terms[name])).toBe(exprText(expr));
      }
    }
  });
});

describe("a formula as people write it", () => {
  it("has parentheses where the order needs them, and nowhere else", () => {
    const [x, y] = [a.toFloat(n), a.toFloat(close)];
    expect(plain(a.mul(a.add(x, y), x))).toBe("(n + close_e8) · n");
    expect(plain(a.add(a.mul(x, y), x))).toBe("n · close_e8 + n");
    expect(plain(a.sub(x, a.sub(y, x)))).toBe("n − (close_e8 − n)");
    expect(plain(a.sub(x, a.add(y, x)))).toBe("n − (close_e8 + n)");
    expect(plain(a.add(a.sub(x, y), x))).toBe("n − close_e8 + n");
    expect(plain(a.div(x, a.mul(y, x)))).toBe("n ÷ (close_e8 · n)");
    expect(plain(a.div(a.div(x, y), x))).toBe("n ÷ close_e8 ÷ n");
    expect(plain(a.mul(x, a.div(y, x)))).toBe("n · (close_e8 ÷ n)");
    expect(plain(a.add(x, a.add(y, x)))).toBe("n + (close_e8 + n)");
    expect(plain(a.lag(a.add(x, y), 5))).toBe("(n + close_e8)[−5 s]");
    expect(plain(a.when(a.gt(n, a.int(1)), x, a.when(a.lt(n, a.int(-1)), y, x)))).toBe(
      "n if n > 1, else close_e8 if n < −1, else n",
    );
  });

  it("names windows, means and hours", () => {
    expect(plain(a.median(n, 60))).toBe("median(n, 60 s)");
    expect(plain(a.max(close, 14, 60))).toBe("max(close_e8, 14 × 60 s)");
    expect(plain(a.weighted(a.toFloat(n), exponentialWeights(12, 24), 60))).toBe("ema12(n, 24 × 60 s)");
    expect(plain(a.weighted(a.toFloat(n), [0.25, 0.75]))).toBe("weighted(n, 2 s, 0.25 0.75)");
    expect(plain(a.weighted(a.toFloat(n), [1]))).toBe("weighted(n, 1 s, 1)");
    const flag = Array.from({ length: 24 }, (_, hour) => (hour < 8 ? 1 : 0));
    expect(plain(a.byHour(flag))).toBe("1 if 0 ≤ hour ≤ 7, else 0");
    expect(plain(a.div(a.toFloat(close), a.float(14e8)))).toBe("close_e8 ÷ 14e8");
  });

  it("calls parts by their names, but spells out the one that is asked for", () => {
    const per_bar = a.sum(n, 60);
    const names = termNames({ n_60s: per_bar });
    expect(formula(a.mul(per_bar, a.int(2)), names)).toBe("n_60s · 2");
    expect(formula(per_bar, names)).toBe("sum(n, 60 s)");
  });
});

describe("the hours", () => {
  it("are the sine and cosine of 24 steps of 15°, to the last digit but rounding, and turn evenly", () => {
    for (let hour = 0; hour < 24; hour++) {
      expect(Math.abs(HOUR_SIN[hour]! - Math.sin((Math.PI * hour) / 12))).toBeLessThan(1e-15);
      expect(Math.abs(HOUR_COS[hour]! - Math.cos((Math.PI * hour) / 12))).toBeLessThan(1e-15);
      expect(HOUR_COS[hour]).toBe(HOUR_SIN[(hour + 6) % 24]!);
    }
  });
});
