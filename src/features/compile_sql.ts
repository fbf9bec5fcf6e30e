/**
 * Compiles a feature set for SQL: a function `features_<set>(p_symbol, p_from, p_to)` that returns a row for
 * each instant of [p_from, p_to) on the set's cadence, every column equal to the live compiler's to the last
 * bit, null where that has NaN. It is text and nothing else: what the database is sent is what a person reads.
 *
 * A function rather than a view, because only a function can hand the range to the scans below its windows.
 */

import { fail } from "../base/errors.ts";
import type { LookBack } from "./look_back.ts";
import type { FeatureSet } from "./set.ts";
import { type Rows, type StageColumn, wider } from "./sql_fragment.ts";
import { commaed, commonTables, declarations } from "./sql_instants.ts";
import { type CompiledSet, compileStages } from "./sql_stages.ts";

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
    ...declarations(compiled.reads, set.look_back.window_s).map((line) => `  ${line}`),
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
  const tables = [...commonTables(compiled.reads), ...stages(set, compiled)];
  const with_tables = tables.flatMap((lines, index) =>
    index < tables.length - 1 ? [...lines.slice(0, -1), `${lines.at(-1)},`] : lines,
  );
  const outputs = compiled.outputs.map(({ text }, index) => named(text, set.names[index]!));
  return [
    "with",
    ...with_tables,
    "select",
    ...commaed(["p_symbol", "to_timestamp(t)", ...warm(set.look_back), ...outputs], "  "),
    `from ${lastStage(compiled)}`,
    "where t >= first_t",
    ...(set.cadence_s > 1 ? [`  and t % ${set.cadence_s} = 0`] : []),
    "order by t;",
  ];
}

const named = (text: string, name: string): string => (text === name ? name : `${text} as ${name}`);

/** The look-back begins after data does, and no hole in it is open. */
function warm(look_back: LookBack): string[] {
  const starts = [
    `t - ${look_back.window_s}`,
    ...look_back.blocks.map(({ block_s, lag_s }) => {
      const at = lag_s === 0 ? "t" : `(t - ${lag_s})`;
      return `(${at} / ${block_s} - 1) * ${block_s}`;
    }),
  ];
  const start = starts.length === 1 ? starts[0]! : `least(${starts.join(", ")})`;
  return [`coalesce(first_sec < ${start} and hole_us < (${start}) * 1000000, false) as warm`];
}

const stageName = (stage: number): string => (stage === 0 ? "instants" : `stage_${stage}`);

const stagesOf = (compiled: CompiledSet): number[] =>
  [...new Set(compiled.columns.map(({ stage }) => stage))].sort((a, b) => a - b);

const lastStage = (compiled: CompiledSet): string => stageName(stagesOf(compiled).at(-1) ?? 0);

/** Stages from the first to the last; how far back each is read is known from the last to the first. */
function stages(set: FeatureSet, compiled: CompiledSet): string[][] {
  const all = stagesOf(compiled);
  const tables: string[][] = [];
  let reach_s = 0;
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const from = stageName(all[index - 1] ?? 0);
    tables.unshift(stageTable(compiled, all[index]!, from, Math.min(reach_s, set.look_back.window_s - 1)));
    reach_s += reachOf(compiled, all[index]!);
  }
  return tables;
}

/** How far back a stage's windows reach (s). */
const reachOf = (compiled: CompiledSet, stage: number): number =>
  Math.max(0, ...windowsOf(compiled, stage).map(({ reach_s }) => reach_s));

function windowsOf(compiled: CompiledSet, stage: number): Rows[] {
  const windows = new Map<string, Rows>();
  for (const column of compiled.columns.filter((one) => one.stage === stage)) {
    for (const [name, rows] of column.fragment.windows) windows.set(name, wider(rows, windows.get(name)));
  }
  return [...windows.values()];
}

/** Columns of earlier stages that later ones, or the outputs, still read. */
function carried(compiled: CompiledSet, stage: number): string[] {
  const wanted = new Set<StageColumn>(compiled.outputs.flatMap(({ reads }) => [...reads]));
  for (const column of compiled.columns) {
    if (column.stage > stage) for (const read of column.fragment.reads) wanted.add(read);
  }
  return [...wanted].filter((column) => column.stage < stage).map(({ name }) => name);
}

/**
 * A stage without windows says that it is in order, which PostgreSQL would forget, and would otherwise write its
 * values out wherever they are read; and it is the place to leave out rows that nothing reads any more.
 */
function stageTable(compiled: CompiledSet, stage: number, from: string, reach_s: number): string[] {
  const own = compiled.columns.filter((column) => column.stage === stage);
  const definitions = windowsOf(compiled, stage)
    .filter(({ definition }) => definition !== undefined)
    .map(({ name, definition }) => `${name} as ${definition}`);
  const values = own.map(({ name, fragment }) => `${fragment.text} as ${name}`);
  return [
    `${stageName(stage)} as (`,
    "  select",
    ...commaed(["t", "hole_us", ...carried(compiled, stage), ...values], "    "),
    `  from ${from}`,
    ...(definitions.length > 0
      ? ["  window", ...commaed(definitions, "    ")]
      : [`  where t >= first_t${reach_s > 0 ? ` - ${reach_s}` : ""}`, "  order by t"]),
    ")",
  ];
}
