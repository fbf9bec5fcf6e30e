/** The closing table of a training run: every model beside zero, with intervals, in plain text. */

import type { Score } from "../../model/bundle/manifest.ts";

type Align = "left" | "right";
const COLUMNS: readonly (readonly [heading: string, align: Align, cell: (score: Score) => string])[] = [
  ["model", "left", (score) => score.model],
  ["R² vs zero", "right", (score) => number(score.r2)],
  ["interval", "left", (score) => range(score.intervals.r2)],
  ["MAE cut", "right", (score) => percent(score.mae_cut)],
  ["IC", "right", (score) => number(score.ic_pearson, 3)],
  ["interval", "left", (score) => range(score.intervals.ic_pearson, 3)],
  ["rank IC", "right", (score) => number(score.ic_spearman, 3)],
  ["hits", "right", (score) => percent(score.hit_rate)],
  ["slope", "right", (score) => number(score.calibration_slope, 2)],
  ["spread", "right", (score) => number(score.dispersion, 3)],
];

const number = (value: number | null, places = 4): string => (value === null ? "–" : value.toFixed(places));
const percent = (value: number | null): string => (value === null ? "–" : `${(value * 100).toFixed(2)} %`);
const range = (interval: readonly [number, number] | null, places = 4): string =>
  interval ? `[${number(interval[0], places)}, ${number(interval[1], places)}]` : "–";

/** Lines without a trailing newline, headings first. */
export function scoreTable(scores: readonly Score[]): string[] {
  const cells = [
    COLUMNS.map(([heading]) => heading),
    ...scores.map((score) => COLUMNS.map(([, , cell]) => cell(score))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column]!;
        return COLUMNS[column]![1] === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
