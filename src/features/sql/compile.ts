/**
 * Compiles a feature set for SQL: a function `features_<set>(p_symbol, p_from, p_to)` that returns a row for
 * each instant of [p_from, p_to) on the set's cadence, every column equal to the live compiler's to the last
 * bit, null where that has NaN. It is text and nothing else: what the database is sent is what a person reads.
 *
 * A function rather than a view, because only a function can hand the range to the scans below its windows.
 */

import { fail } from "../../base/errors.ts";
import type { LookBack } from "../algebra/look_back.ts";
import type { FeatureSet } from "../sets/feature_set.ts";
import { declarations } from "./instants/declarations.ts";
import { commonTables } from "./instants/instants.ts";
import { lastStage, stageTables } from "./stage_tables.ts";
import { type CompiledSet, compileStages } from "./stages.ts";
import { commaed } from "./text/lines.ts";

/** Columns every feature function has before the features. */
const OWN_COLUMNS = ["symbol", "ts", "warm"] as const;

export const featureFunctionName = (set: FeatureSet): string => `features_${set.name}`;

/**
 * The function's definition, one `create or replace` statement without a semicolon.
 * @throws ForetickError FEATURE_DEFINITION where the set cannot mean the same in SQL: see float_range.ts.
 */
export function compileFeatureFunction(set: FeatureSet): string {
  const taken = set.names.find((name) => (OWN_COLUMNS as readonly string[]).includes(name));
  if (taken)
    fail("FEATURE_DEFINITION", `set ${set.name}: expected no column named ${taken}, which is the row's own`);
  const compiled = compileStages(set);
  return [
    `-- What is feature set ${set.name} of a symbol, as of each instant from p_from to before p_to?`,
    `-- Generated from src/features: change it there. Set hash ${set.hash}.`,
    `create or replace function ${featureFunctionName(set)}(`,
    "  p_symbol text,",
    "  p_from timestamptz,",
    "  p_to timestamptz",
    ")",
    "returns table (",
    "  symbol text,",
    "  ts timestamptz,",
    "  warm boolean,",
    ...commaed(
      set.names.map((name) => `${name} double precision`),
      "  ",
    ),
    ")",
    "language plpgsql",
    "stable",
    "parallel safe",
    ...SETTINGS,
    "as $function$",
    "#variable_conflict use_column",
    "declare",
    ...declarations(compiled.reads, set.look_back.window_s, lookBackStart(set.look_back, "first_t")).map(
      (line) => `  ${line}`,
    ),
    "begin",
    "  return query",
    ...query(set, compiled).map((line) => `  ${line.replaceAll("\n", "\n  ")}`),
    "end",
    "$function$",
  ].join("\n");
}

/**
 * One plan for all ranges, made once a session: planning costs more than ten seconds' features. Compiling
 * to machine code costs more than a day's. Windows and hashes of a day stay in memory.
 */
const SETTINGS = [
  "set plan_cache_mode = force_generic_plan",
  "set jit = off",
  "set work_mem = '64MB'",
] as const;

function query(set: FeatureSet, compiled: CompiledSet): string[] {
  const tables = [...commonTables(compiled.reads), ...stageTables(set, compiled)];
  const with_tables = tables.flatMap((lines, index) =>
    index < tables.length - 1 ? [...lines.slice(0, -1), `${lines.at(-1)},`] : lines,
  );
  const outputs = compiled.outputs.map(({ text }, index) => named(text, set.names[index]!));
  return [
    "with",
    ...with_tables,
    "select",
    ...commaed(["p_symbol", "to_timestamp(t)", warm(set), ...outputs], "  "),
    `from ${lastStage(compiled)}`,
    "where t >= first_t",
    ...(set.cadence_s > 1 ? [`  and t % ${set.cadence_s} = 0`] : []),
    "order by t;",
  ];
}

const named = (text: string, name: string): string => (text === name ? name : `${text} as ${name}`);

/** Where the look-back of an instant begins (s). */
function lookBackStart({ window_s, blocks }: LookBack, t: string): string {
  const starts = [
    `${t} - ${window_s}`,
    ...blocks.map(({ block_s, lag_s }) => {
      const at = lag_s === 0 ? t : `(${t} - ${lag_s})`;
      return `(${at} / ${block_s} - 1) * ${block_s}`;
    }),
  ];
  return starts.length === 1 ? starts[0]! : `least(${starts.join(", ")})`;
}

/**
 * The look-back is between the first row and the last, and no break in which trades are unknown reaches into
 * it.
 */
function warm({ look_back }: FeatureSet): string {
  const start = lookBackStart(look_back, "t");
  const conditions = [`first_sec < ${start}`, "t <= last_sec", `hole_us < (${start}) * 1000000`];
  return `coalesce(${conditions.join(" and ")}, false) as warm`;
}
