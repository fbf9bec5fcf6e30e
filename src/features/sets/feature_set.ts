/**
 * A feature set: an ordered list of named, defined columns. Its canonical text is hashed, and the hash goes
 * wherever a vector goes: a model refuses a vector of another set. How far a set looks back is derived from
 * its expressions.
 */

import { createHash } from "node:crypto";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type SetHash, setHash } from "../../base/units.ts";
import { BAR_COLUMNS } from "../algebra/columns.ts";
import { type Expr, exprText, type Float, operands } from "../algebra/expr.ts";
import { type LookBack, lookBackOf, mergeLookBacks, warmUpMaxSeconds } from "../algebra/look_back.ts";

/** "ln": natural-log units, "bp": basis points, "base"/"quote": amounts of the two assets. */
export type Unit =
  | "ln"
  | "ratio"
  | "percent"
  | "bp"
  | "count"
  | "base"
  | "quote"
  | "ms"
  | "s"
  | "0/1"
  | "index"
  /** A product of columns of other units. */
  | "mixed";

export interface Column {
  readonly name: string;
  readonly unit: Unit;
  /** What it means, for people. Not part of the hash: rewording changes no number. */
  readonly sentence: string;
  readonly expr: Float;
}

export interface FeatureSet {
  readonly name: string;
  readonly hash: SetHash;
  /** What it is for and what it chose, for people. */
  readonly about: string;
  /** A vector is due where t is a multiple of this. */
  readonly cadence_s: number;
  readonly columns: readonly Column[];
  readonly names: readonly string[];
  /** Parts that several columns share, named for people: docs/features.md spells them out once. */
  readonly terms: Readonly<Record<string, Expr>>;
  readonly look_back: LookBack;
  /** Where its columns come from; a set without "quotes" can be trained on a history of trades alone. */
  readonly sources: readonly ("trades" | "quotes" | "book")[];
  /** What is hashed. */
  readonly text: string;
}

/** Version of the meaning of expr.ts's nodes. Raise it when a node's arithmetic changes: hashes change too. */
const ALGEBRA_VERSION = 1;
const NAME = /^[a-z][a-z0-9_]{0,62}$/;

export const column = (name: string, unit: Unit, sentence: string, expr: Float): Column => ({
  name,
  unit,
  sentence,
  expr,
});

/**
 * `about` and `terms` are words: they change no number, and no hash.
 *
 * @throws ForetickError FEATURE_DEFINITION where a name is malformed or repeated, a column is no float, or
 *   the look-back is longer than LIMITS.look_back_s_max.
 */
export function featureSet(definition: {
  readonly name: string;
  readonly about?: string;
  readonly cadence_s?: number;
  readonly terms?: Readonly<Record<string, Expr>>;
  readonly columns: readonly Column[];
}): FeatureSet {
  const { name, columns, about = "", cadence_s = 1, terms = {} } = definition;
  checkNames(name, columns);
  if (!Number.isSafeInteger(cadence_s) || cadence_s < 1) {
    fail("FEATURE_DEFINITION", `set ${name}: expected a cadence of whole seconds, was ${cadence_s}`);
  }
  const look_back = mergeLookBacks(columns.map((entry) => lookBackOf(entry.expr)));
  checkLookBack(name, look_back);
  const text = [
    `foretick algebra ${ALGEBRA_VERSION}`,
    `set ${name} every ${cadence_s}s`,
    ...columns.map((entry) => `${entry.name} [${entry.unit}] = ${exprText(entry.expr)}`),
    "",
  ].join("\n");
  return {
    name,
    hash: setHash(createHash("sha256").update(text, "utf8").digest("hex")),
    about,
    cadence_s,
    columns,
    terms,
    names: columns.map((entry) => entry.name),
    look_back,
    sources: sourcesOf(columns),
    text,
  };
}

/** History a live engine must hold, and a start must fetch, is bounded. */
function checkLookBack(name: string, look_back: LookBack): void {
  const [longest_s, max_s] = [warmUpMaxSeconds(look_back), LIMITS.look_back_s_max];
  if (longest_s > max_s) {
    fail("FEATURE_DEFINITION", `set ${name}: expected a look-back up to ${max_s} s, was ${longest_s} s`);
  }
}

function checkNames(name: string, columns: readonly Column[]): void {
  if (!NAME.test(name)) {
    fail("FEATURE_DEFINITION", `set name expected ${NAME.source}, was ${JSON.stringify(name)}`);
  }
  if (columns.length === 0) fail("FEATURE_DEFINITION", `set ${name}: expected at least one column`);
  const seen = new Set<string>();
  for (const entry of columns) {
    if (!NAME.test(entry.name) || seen.has(entry.name)) {
      fail(
        "FEATURE_DEFINITION",
        `set ${name}: expected unique names like "ret_1s", was ${JSON.stringify(entry.name)}`,
      );
    }
    seen.add(entry.name);
    if (entry.expr.type.value !== "float") {
      fail("FEATURE_DEFINITION", `${name}.${entry.name}: expected a float, was ${exprText(entry.expr)}`);
    }
  }
}

function sourcesOf(columns: readonly Column[]): FeatureSet["sources"] {
  const found = new Set<"trades" | "quotes" | "book">();
  const visit = (expr: Expr): void => {
    if (expr.kind === "bar") found.add(BAR_COLUMNS[expr.column].source);
    if (expr.kind === "block_quantile") found.add("trades");
    for (const operand of operands(expr)) visit(operand);
  };
  for (const entry of columns) visit(entry.expr);
  return (["trades", "quotes", "book"] as const).filter((source) => found.has(source));
}
