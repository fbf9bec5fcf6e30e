/**
 * The stages of a compiled set as common table expressions, each made from the one before it, with the series that
 * later ones take elements of.
 */

import type { FeatureSet } from "../sets/feature_set.ts";
import { Needs } from "./needs.ts";
import type { CompiledSet } from "./stages.ts";
import {
  type Fragment,
  type Rows,
  type Series,
  type StageColumn,
  wider,
  withPlaces,
} from "./text/fragment.ts";
import { commaed } from "./text/lines.ts";

const stageName = (stage: number): string => (stage === 0 ? "instants" : `stage_${stage}`);
const seriesName = (stage: number): string => `series_${stage}`;

const stagesOf = (compiled: CompiledSet): number[] =>
  [...new Set(compiled.columns.map(({ stage }) => stage))].sort((a, b) => a - b);

export const lastStage = (compiled: CompiledSet): string => stageName(stagesOf(compiled).at(-1) ?? 0);

/** Stages from the first to the last. */
export function stageTables(set: FeatureSet, compiled: CompiledSet): string[][] {
  const all = stagesOf(compiled);
  const whole_s = set.look_back.window_s - 1;
  const needs = new Needs(compiled);
  /** How long after the instants each stage's rows begin (s). */
  const ahead = new Map<number, number>([[0, 0]]);
  let ahead_s = 0;
  for (const stage of all) {
    if (!sorts(compiled, stage)) ahead_s = whole_s - Math.min(whole_s, needs.ofStage(stage));
    ahead.set(stage, ahead_s);
  }
  const tables = all.flatMap((stage, index) => [
    stageTable(compiled, stage, stageName(all[index - 1] ?? 0), whole_s, needs),
    ...seriesTable(compiled, stage),
  ]);
  const placed = (line: string): string => withPlaces(line, (stage) => ahead.get(stage)!);
  return [...seriesTable(compiled, 0), ...tables].map((lines) => lines.map(placed));
}

const ownColumns = (compiled: CompiledSet, stage: number): StageColumn[] =>
  compiled.columns.filter((column) => column.stage === stage);

function windowsOf(compiled: CompiledSet, stage: number): Rows[] {
  const windows = new Map<string, Rows>();
  for (const { fragment } of ownColumns(compiled, stage)) {
    for (const [name, rows] of fragment.windows) windows.set(name, wider(rows, windows.get(name)));
  }
  return [...windows.values()];
}

type SeriesUse = Fragment["series"] extends ReadonlyMap<string, infer Use> ? Use : never;

const usesOf = (compiled: CompiledSet, stage: number): SeriesUse[] =>
  ownColumns(compiled, stage).flatMap(({ fragment }) => [...fragment.series.values()]);

/** Columns of earlier stages that later ones, or the outputs, still read. */
function carried(compiled: CompiledSet, stage: number): string[] {
  const wanted = new Set<StageColumn>(compiled.outputs.flatMap(({ reads }) => [...reads]));
  for (const column of compiled.columns) {
    if (column.stage > stage) for (const read of column.fragment.reads) wanted.add(read);
  }
  return [...wanted].filter((column) => column.stage < stage).map(({ name }) => name);
}

const sorts = (compiled: CompiledSet, stage: number): boolean =>
  windowsOf(compiled, stage).some(({ definition }) => definition !== undefined);

/**
 * A stage without windows says that it is in order, which PostgreSQL would otherwise not keep, and it stops
 * PostgreSQL from writing its values out wherever they are read; and it is the place to leave out rows that
 * nothing reads any more.
 */
function stageTable(
  compiled: CompiledSet,
  stage: number,
  from: string,
  whole_s: number,
  needs: Needs,
): string[] {
  const definitions = windowsOf(compiled, stage)
    .filter(({ definition }) => definition !== undefined)
    .map(({ name, definition }) => `${name} as ${definition}`);
  const need_s = Math.min(whole_s, needs.ofStage(stage));
  const values = ownColumns(compiled, stage).map((column) => {
    const own_s = needs.of(column);
    return `${own_s < need_s && isCostly(column) ? whereNeeded(column, own_s) : column.fragment.text} as ${column.name}`;
  });
  return [
    `${stageName(stage)} as (`,
    "  select",
    ...commaed(["t", "i", "hole_us", ...carried(compiled, stage), ...values], "    "),
    `  from ${from}`,
    ...seriesSource(compiled, stage).map((line) => `  ${line}`),
    ...(definitions.length > 0
      ? ["  window", ...commaed(definitions, "    ")]
      : [`  where t >= ${fromFirst(need_s)}`, "  order by t"]),
    ")",
  ];
}

const fromFirst = (need_s: number): string => `first_t${need_s > 0 ? ` - ${need_s}` : ""}`;

/** Rows of a stage that other columns need pass this one by. */
const whereNeeded = ({ fragment }: StageColumn, need_s: number): string =>
  `case when t >= ${fromFirst(need_s)} then ${fragment.text} end`;

const isCostly = ({ fragment }: StageColumn): boolean => fragment.series.size > 0;

/**
 * The series a stage takes elements of, beside every row of it. A scan of a common table copies its row, arrays and
 * all, whenever it begins; the result of a subselect is there once. \`offset 0\` keeps it one.
 */
function seriesSource(compiled: CompiledSet, stage: number): string[] {
  const used = new Map(usesOf(compiled, stage).map(({ series }) => [series.name, series.column.stage]));
  if (used.size === 0) return [];
  const arrays = [...used].map(([name, source]) => `(select ${name} from ${seriesName(source)}) as ${name}`);
  return ["cross join (", "  select", ...commaed(arrays, "    "), "  offset 0", ") as series"];
}

/** One row: the series made of a stage's columns. */
function seriesTable(compiled: CompiledSet, stage: number): string[][] {
  const made = new Map<string, Series>();
  for (const { fragment } of compiled.columns) {
    for (const [name, { series }] of fragment.series)
      if (series.column.stage === stage) made.set(name, series);
  }
  if (made.size === 0) return [];
  const arrays = [...made.values()].map(({ name, element }) => `array_agg(${element} order by t) as ${name}`);
  return [
    [
      `${seriesName(stage)} as materialized (`,
      "  select",
      ...commaed(arrays, "    "),
      `  from ${stageName(stage)}`,
      ")",
    ],
  ];
}
