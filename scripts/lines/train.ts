/** The lines `scripts/train.ts` prints about a run. */

import { startOf, US_PER_MS } from "../../src/base/units.ts";
import { mayServe } from "../../src/model/gates.ts";
import type { Dataset, Removed } from "../../src/train/data/dataset.ts";
import { numberAt } from "../../src/train/data/numbers.ts";
import { rowsOf } from "../../src/train/data/row_range.ts";
import type { FoldResult } from "../../src/train/data/walk_forward.ts";
import type { FinishedModel } from "../../src/train/finish.ts";
import type { Parameters } from "../../src/train/fit/trainable.ts";
import { scoreTable } from "../../src/train/judge/score_table.ts";
import { judge } from "../../src/train/judge/verdict.ts";
import type { TrainingRun } from "../../src/train/run.ts";

const isoOf = (time_us: number): string => new Date(time_us / US_PER_MS).toISOString();

export function describeRun(dataset: Dataset, { split, fit_split }: TrainingRun): string[] {
  const { removed, rows, rows_seen, ts_sec } = dataset;
  const stretch = ({ from, to }: { from: number; to: number }): string =>
    `${isoOf(startOf(numberAt(ts_sec, from)))} … ${isoOf(startOf(numberAt(ts_sec, to - 1)))}, ${rowsOf({ from, to })} rows`;
  const lines = [
    `rows    ${rows} of ${rows_seen} (${removed.not_warm} not warm, ${removed.null_feature} with a null, ${removed.no_label} without a label)`,
    ...describeRemoved(removed),
    `train   ${stretch(split.train)} (the last ${rowsOf(fit_split.validation)} for validation)`,
    `test    ${stretch(split.test)}`,
    `apart   purge ${split.purge_s} s, embargo ${split.embargo_s} s`,
  ];
  if (split.purge_s < split.purge_full_s) {
    lines.push(
      `        ! a full purge takes ${split.purge_full_s} s (horizon and longest look-back) and there is too little data for it;`,
      `          ${split.purge_s} s keep every training label (${dataset.horizon_s} s) out of the test, but its vectors may share trades with it`,
    );
  }
  return lines;
}

const REMOVED_BY: Readonly<Partial<Record<keyof Removed, string>>> = {
  known_later: "known later",
  incomplete: "after a gap",
  large_return: "of a large return",
  wide_spread: "of a wide spread",
  volatile: "too volatile",
  thin_volume: "of the lowest volume",
  price_off: "far from the median price",
};

function describeRemoved(removed: Readonly<Removed>): string[] {
  const counts = Object.entries(REMOVED_BY).flatMap(([name, words]) => {
    const count = removed[name as keyof Removed];
    return count === undefined ? [] : [`${count} ${words}`];
  });
  return counts.length > 0 ? [`removed ${counts.join(", ")}`] : [];
}

/** The first model's scores, fold by fold, beside ridge's. */
export function describeFold({ fold, run: { split, scores, ridge } }: FoldResult): string[] {
  const shown = scores.filter(({ model }, index) => index === 0 || model === ridge.name);
  const [train, test] = [rowsOf(split.train), rowsOf(split.test)];
  return [
    "",
    `fold ${fold.name}: ${train} rows of training, ${test} of test`,
    ...scoreTable(shown).map((line) => `  ${line}`),
  ];
}

/** One line per fitted model. */
export const describeFits = ({ fitted }: TrainingRun): string[] =>
  fitted.map(({ name, parameters }) => `fitted  ${name}, ${describeFit(parameters)}`);

function describeFit({
  lambda,
  lambda_from,
  members,
  epochs,
  best_epoch,
  ended,
  backend,
}: Parameters): string {
  if (lambda !== undefined) return `lambda ${lambda} (by ${lambda_from})`;
  if (members !== undefined) return `the mean of ${members} models`;
  return `${epochs} epochs (ended by ${ended}), the best ${best_epoch}; ${backend}`;
}

export function describeScores({ cadence_s }: Dataset, { scores, proposal }: TrainingRun): string[] {
  const { coverage, block_s } = scores[0]!.intervals;
  const proposed = scores.find(({ model }) => model === proposal.model)!;
  return [
    "",
    `On the test part, against zero (${coverage * 100} % intervals, moving blocks of ${block_s} s; spread: of forecasts ÷ of outcomes):`,
    "",
    ...scoreTable(scores).map((line) => `  ${line}`),
    "",
    `${proposal.model}: ${judge(proposed, cadence_s).sentence}`,
    proposal.sentence,
    "",
  ];
}

export function describeBundle(dir: string, { contents, report }: FinishedModel): string[] {
  const { latency, gates, proposed } = contents.manifest;
  const kib = (contents.model_onnx.length / 1024).toFixed(1);
  const refused = gates.filter((gate) => !gate.passed && gate.required).map(({ gate }) => gate);
  const served = mayServe(gates)
    ? `all ${gates.length} gates passed`
    : `not servable, refused by: ${refused.join("; ")}`;
  return [
    `bundle  ${dir}${proposed ? " (proposed)" : ""}`,
    `        ${served}`,
    ...describeLabels(report.by_label),
    `        ${kib} KiB, one forecast ${latency!.p50_us} µs (99 %: ${latency!.p99_us} µs); report.html has the rest`,
  ];
}

function describeLabels(by_label: FinishedModel["report"]["by_label"]): string[] {
  if (!by_label) return [];
  const scores = by_label.labels.map(({ label, metrics }) => `on ${label} R² ${metrics.r2.toFixed(4)}`);
  return [`        ${scores.join(", ")}, of ${by_label.rows} test rows where both labels are known`];
}
