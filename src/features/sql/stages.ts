/**
 * Compiles the expressions of a set into stages of SQL. PostgreSQL evaluates a window function once per row
 * only where its arguments are plain columns of the query below; so every value that a lag or a window
 * reads, every window's own value, and every costly value read twice, becomes a named column of one stage.
 * All else is written out where it is read.
 */

import type { BarColumn } from "../algebra/columns.ts";
import { type Expr, exprText, type Float } from "../algebra/expr.ts";
import { floatRange } from "../algebra/float_range.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import { countedComparison, seesQuantile } from "./counted_quantile.ts";
import { blockColumn } from "./instants/blocks.ts";
import type { InstantReads } from "./instants/declarations.ts";
import { SECONDS } from "./sums_so_far.ts";
import {
  atom,
  bare,
  call,
  columnFragment,
  constant,
  type Fragment,
  over,
  type StageColumn,
  sql,
  stageAfter,
} from "./text/fragment.ts";
import { floatArrayLiteral, floatLiteral, intLiteral } from "./text/literals.ts";
import { ColumnNames } from "./text/names.ts";
import { isWide } from "./text/types.ts";
import { costOf, countReads } from "./usage.ts";
import { WindowCompiler } from "./windows.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

export interface CompiledSet {
  readonly reads: InstantReads;
  /** All named columns; those of stage k are computed together. */
  readonly columns: readonly StageColumn[];
  /** One fragment per output column, in order: what the last select evaluates. */
  readonly outputs: readonly Fragment[];
}

/** @throws ForetickError FEATURE_DEFINITION where a float could leave its range (float_range.ts). */
export function compileStages(set: FeatureSet): CompiledSet {
  const compiler = new StageCompiler(set);
  const outputs = set.columns.map((entry) => compiler.output(entry.expr));
  return { reads: compiler.reads, columns: compiler.columns, outputs };
}

/** A value read this often and costing this much (operators) is computed once. */
const SHARED_COST = 3;

class StageCompiler {
  readonly columns: StageColumn[] = [];
  readonly #bars = new Map<BarColumn, Fragment>();
  readonly #blocks = new Map<string, { of: Of<"block_quantile">; fragment: Fragment }>();
  readonly #fragments = new Map<string, Fragment>();
  readonly #named = new Map<string, Fragment>();
  readonly #reads_of: ReadonlyMap<string, number>;
  readonly #names: ColumnNames;
  readonly #windows: WindowCompiler;

  constructor(set: FeatureSet) {
    this.#names = new ColumnNames(set);
    this.#reads_of = countReads(set);
    this.#windows = new WindowCompiler(set, {
      columnOf: (expr) => this.#columnOf(expr),
      written: (expr) => this.#of(expr),
      column: (key, expr, fragment, suffix) => this.#column(key, expr, fragment, suffix),
    });
  }

  get reads(): InstantReads {
    return {
      columns: [...this.#bars.keys()],
      blocks: [...this.#blocks.values()].map(({ of }) => of),
    };
  }

  /** A window, or an element of a series, can only be evaluated in its stage: an output made of one is a column. */
  output(expr: Expr): Fragment {
    const fragment = this.#of(expr);
    return fragment.windows.size + fragment.series.size > 0
      ? this.#column(exprText(expr), expr, fragment)
      : fragment;
  }

  /** The expression as text over columns; a column's name where it has one. */
  #of(expr: Expr): Fragment {
    const text = exprText(expr);
    const known = this.#fragments.get(text);
    if (known) return known;
    if (expr.type.value === "float") floatRange(expr as Float);
    const fragment = this.#emit(expr);
    const shared = (this.#reads_of.get(text) ?? 0) > 1 && costOf(expr) >= SHARED_COST;
    const kept =
      shared || expr.kind === "window" || expr.kind === "lag" || seesQuantile(expr, this.#reads_of);
    const result = kept ? this.#column(text, expr, fragment) : fragment;
    this.#fragments.set(text, result);
    return result;
  }

  /** As a column, whatever it costs: a window function's argument. */
  #columnOf(expr: Expr): Fragment {
    return this.#column(exprText(expr), expr, this.#of(expr));
  }

  #column(key: string, expr: Expr, fragment: Fragment, suffix = ""): Fragment {
    const known = this.#named.get(key);
    if (known) return known;
    const only = fragment.reads.size === 1 ? [...fragment.reads][0] : undefined;
    if (only && fragment.text === only.name) return fragment;
    const name = this.#names.nameFor(expr, suffix);
    const column = { name, stage: stageAfter(fragment), fragment };
    this.columns.push(column);
    const named = columnFragment(column);
    this.#named.set(key, named);
    return named;
  }

  #emit(expr: Expr): Fragment {
    switch (expr.kind) {
      case "bar":
        return this.#bar(expr.column);
      case "block_quantile":
        return this.#block(expr);
      case "now_us":
        return sql`t * 1000000`;
      case "int":
        return constant(intLiteral(expr.literal, "::bigint"));
      case "float":
        return constant(floatLiteral(expr.literal));
      case "by_hour":
        return constant(`(${floatArrayLiteral(expr.table)})[t / 3600 % 24 + 1]`);
      case "lag":
        return over(call("lag", this.#columnOf(expr.of), expr.by_s), SECONDS, expr.by_s);
      case "window":
        return this.#windows.compile(expr);
      case "to_float":
        return atom`${this.#of(expr.of)}::float8`;
      case "coalesce":
        return call("coalesce", this.#of(expr.of), this.#of(expr.otherwise));
      case "sqrt": {
        const of = this.#of(expr.of);
        return atom`case when ${of} >= 0 then ${call("sqrt", of)} end`;
      }
      default:
        return this.#operator(expr);
    }
  }

  #operator(expr: Of<"arith" | "div" | "floor_div" | "compare" | "when" | "lnr">): Fragment {
    switch (expr.kind) {
      case "arith":
        return this.#arith(expr);
      case "div": {
        const [a, b] = [this.#of(expr.a), this.#of(expr.b)];
        const never_zero = expr.b.kind === "float" && expr.b.literal !== 0;
        return never_zero ? sql`${a} / ${b}` : sql`${a} / ${call("nullif", b, 0)}`;
      }
      case "floor_div":
        return this.#floorDiv(expr);
      case "compare":
        return this.#compare(expr);
      case "when": {
        const [condition, then, otherwise] = [expr.condition, expr.then, expr.otherwise].map((part) =>
          this.#of(part),
        );
        // A null condition is neither true nor false.
        return expr.condition.type.nullable
          ? atom`case ${condition!} when true then ${then!} when false then ${otherwise!} end`
          : atom`case when ${bare(condition!)} then ${then!} else ${otherwise!} end`;
      }
      case "lnr":
        return this.#lnr(expr);
    }
  }

  #bar(name: BarColumn): Fragment {
    let fragment = this.#bars.get(name);
    if (!fragment) {
      fragment = columnFragment({ name, stage: 0, fragment: constant(name) });
      this.#bars.set(name, fragment);
    }
    return fragment;
  }

  #block(of: Of<"block_quantile">): Fragment {
    const name = blockColumn(of);
    const known = this.#blocks.get(name);
    if (known) return known.fragment;
    const fragment = columnFragment({ name, stage: 0, fragment: constant(name) });
    this.#blocks.set(name, { of, fragment });
    return fragment;
  }

  #arith(expr: Of<"arith">): Fragment {
    const operator = constant({ add: "+", sub: "-", mul: "*" }[expr.op]);
    const [a, b] = this.#pair(expr);
    // bigint would overflow; numeric does not.
    const overflows = isWide(expr) && !isWide(expr.a) && !isWide(expr.b);
    return overflows ? sql`${atom`${a}::numeric`} ${operator} ${b}` : sql`${a} ${operator} ${b}`;
  }

  /** SQL divides integers towards zero; below zero a remainder means one less. */
  #floorDiv(expr: Of<"floor_div">): Fragment {
    const of = this.#of(expr.of);
    if (isWide(expr.of)) {
      return sql`${call("div", of, expr.by)} - case when ${call("mod", of, expr.by)} < 0 then 1 else 0 end`;
    }
    return sql`${of} / ${expr.by} - case when ${of} % ${expr.by} < 0 then 1 else 0 end`;
  }

  #compare(expr: Of<"compare">): Fragment {
    const counted = countedComparison(expr, this.#reads_of);
    if (counted) {
      const { value, as, window, back_s } = counted;
      return this.#windows.counted(this.#of(value), as, window, back_s);
    }
    const operator = { lt: "<", le: "<=", gt: ">", ge: ">=", eq: "=", ne: "<>" }[expr.op];
    const [a, b] = this.#pair(expr);
    return sql`${a} ${constant(operator)} ${b}`;
  }

  /** Two operands; beside an integer that has a type, a literal needs none. */
  #pair({ a, b }: Of<"arith" | "compare">): [Fragment, Fragment] {
    return [this.#beside(a, b), this.#beside(b, a)];
  }

  #beside(expr: Expr, other: Expr): Fragment {
    const plain = expr.kind === "int" && other.kind !== "int" && Math.abs(expr.literal) < 2 ** 31;
    return plain ? constant(intLiteral(expr.literal)) : this.#of(expr);
  }

  #lnr(expr: Of<"lnr">): Fragment {
    const [a, b] = [this.#of(expr.a), this.#of(expr.b)];
    const sum_fits = !isWide(expr.a) && !isWide(expr.b) && sumFits(expr.a, expr.b);
    return call("lnr", sum_fits || isWide(expr.a) ? a : atom`${a}::numeric`, b);
  }
}

function sumFits(a: Expr, b: Expr): boolean {
  if (a.type.value !== "int" || b.type.value !== "int") return false;
  return a.type.max_abs + b.type.max_abs < 1n << 63n;
}
