/** The report's tables. */

import { LABEL_PRICES } from "../../../features/label.ts";
import type { Score } from "../../../model/bundle/manifest.ts";
import type { GateResult } from "../../../model/gates.ts";
import { escaped } from "../charts/svg.ts";
import type { TradingResult } from "../figures/trading.ts";
import type { Report } from "../report.ts";
import { basisPoints, count, decimal, dollars, interval, NO_BREAK, percent, pValue } from "./words.ts";

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

function row(name: string, cells: readonly string[], own = false): string {
  const rest = cells.map((cell) => (cell.startsWith("<td") ? cell : `<td>${escaped(cell)}</td>`)).join("");
  return `<tr${own ? ' class="own"' : ""}><th scope="row">${escaped(name)}</th>${rest}</tr>`;
}

const MODEL_HEADS = ["model", "R²", "MAE cut", "IC", "rank IC", "hit rate", "slope", "spread"];

export const modelTable = ({ scores }: Report): string =>
  table(
    MODEL_HEADS,
    scores.map((score, index) => row(score.model, modelCells(score), index === 0)),
  );

const modelCells = ({ intervals, ...score }: Score): string[] => [
  withInterval(decimal(score.r2, 4), interval(intervals.r2, 4)),
  withInterval(percent(score.mae_cut, 2), percentInterval(intervals.mae_cut, 2)),
  withInterval(decimal(score.ic_pearson, 3), interval(intervals.ic_pearson, 3)),
  decimal(score.ic_spearman, 3),
  withInterval(percent(score.hit_rate, 2), percentInterval(intervals.hit_rate, 1)),
  withInterval(decimal(score.calibration_slope, 2), interval(intervals.calibration_slope, 2)),
  percent(score.dispersion, 1),
];

const withInterval = (value: string, range: string): string =>
  `<td>${escaped(value)}${range === "–" ? "" : `<span class="range">${escaped(range)}</span>`}</td>`;

const percentInterval = (value: readonly [number, number] | null, places: number): string =>
  value ? `${decimal(value[0] * 100, places)} to ${decimal(value[1] * 100, places)} %` : "–";

export function versusRidge({ comparisons, scores, cadence_s }: Report): string {
  if (comparisons.length === 0) return "";
  const rows = comparisons.map(
    ({ model, r2_gain, interval: range, diebold_mariano: { statistic, p_value } }) =>
      row(
        model,
        [decimal(r2_gain, 5), interval(range, 5), decimal(statistic, 2), pValue(p_value)],
        model === scores[0]!.model,
      ),
  );
  const heads = ["against ridge", "R² gained", "interval", "Diebold–Mariano", "p"];
  return `<h2>Against ridge, row by row</h2>${table(heads, rows)}
<p class="note">Gains are of the same rows in pairs. Diebold–Mariano's statistic has a variance that allows for ${comparisons[0]!.diebold_mariano.lags * cadence_s} seconds of dependence; above zero the model errs less.</p>`;
}

/** The model on the mid and on the last price side by side; nothing where only one of them is known. */
export function byLabelTable({ by_label }: Report): string {
  if (!by_label) return "";
  const { labels, correlation, rms, rms_difference, rows, rows_test } = by_label;
  const figures = labels.map(({ label, metrics }, index) =>
    row(
      `${label}: ${LABEL_PRICES[label]}`,
      [
        decimal(metrics.r2, 4),
        percent(metrics.mae_cut, 2),
        decimal(metrics.ic_pearson, 3),
        percent(metrics.hit_rate, 2),
        decimal(metrics.calibration_slope, 2),
      ],
      index === 0,
    ),
  );
  return `<h2>Both labels side by side</h2>${table(["label", "R²", "MAE cut", "IC", "hit rate", "slope"], figures)}
<p class="note">The model's own label first; on the ${count(rows)} of ${count(rows_test)} test rows where both are known. There the two correlate ${decimal(correlation, 4)}, and differ by ${basisPoints(rms_difference, 2)} rms of ${basisPoints(rms, 2)}.</p>`;
}

/** One line a month: its own model, trained on what came before. Nothing where it was not asked for. */
export function walkForwardTable({ walk_forward, scores: [own] }: Report): string {
  if (!walk_forward) return "";
  const rows = walk_forward.flatMap(({ name, rows_train, rows_test, scores }) => {
    const score = scores.find(({ model }) => model === own!.model);
    return score ? [row(name, [count(rows_train), count(rows_test), ...modelCells(score)])] : [];
  });
  if (rows.length === 0) return "";
  const better = walk_forward.filter(({ scores }) =>
    scores.some(({ model, intervals: { r2 } }) => model === own!.model && r2 !== null && r2[0] > 0),
  ).length;
  return `<h2>Walked forward</h2>${table(["tested on", "rows before", "rows", ...MODEL_HEADS.slice(1)], rows)}
<p class="note">${escaped(own!.model)} fitted anew for each part on all that came before it, apart by purge and embargo. Skill is shown in ${better} of ${walk_forward.length}.</p>`;
}

/** A list, not a table: each gate has a sentence to it, which a phone has no column for. */
export function gateList({ gates, gate_reasons }: Report): string {
  const items = gates.map((gate) => {
    const { observed, operator, limit, metric } = gate;
    const figures = `${metric} ${gateNumber(observed)}, asked for ${OPERATORS[operator]}${NO_BREAK}${gateNumber(limit)}`;
    return `<li>${resultMark(gate)}<div><h3>${escaped(gate.gate)}</h3><p>${escaped(figures)}</p><p class="note">${escaped(gate_reasons[gate.gate] ?? "")}</p></div></li>`;
  });
  return `<ul class="gates">${items.join("")}</ul>`;
}

const OPERATORS: Readonly<Record<GateResult["operator"], string>> = {
  ">": ">",
  ">=": "≥",
  "<": "<",
  "<=": "≤",
};

const gateNumber = (value: number | null): string =>
  value === null ? "–" : decimal(value, value === Math.round(value) ? 0 : Math.abs(value) < 0.1 ? 4 : 3);

const resultMark = ({ passed, required }: GateResult): string =>
  passed
    ? '<span class="pass">passed</span>'
    : `<span class="fail">${required ? "refused" : "missed"}</span>`;

export function figureCards({ figures, scores }: Report): string {
  const { model, no_move, confidence } = figures;
  const score = scores[0]!;
  const against = (text: string): string => `no move: ${text}`;
  const cards: [name: string, value: string, note: string][] = [
    ["Mean absolute error", basisPoints(model.mae, 3), against(basisPoints(no_move.mae, 3))],
    ["Root mean square error", basisPoints(model.rmse, 3), against(basisPoints(no_move.rmse, 3))],
    ["MAPE of the price", percent(model.mape, 4), against(percent(no_move.mape, 4))],
    ["Error in dollars", dollars(model.price_mae), against(dollars(no_move.price_mae))],
    ["Root mean square, dollars", dollars(model.price_rmse), against(dollars(no_move.price_rmse))],
    [
      "Directional accuracy",
      percent(figures.directional_accuracy, 2),
      `${count(score.rows_hit_rate)} rows; ${count(score.rows_zero_move)} without a move left out`,
    ],
    [
      "In the top tenth",
      percent(figures.hit_rate_top_tenth, 2),
      `${count(figures.rows_top_tenth)} largest forecasts`,
    ],
    ["Correlation", decimal(figures.correlation, 4), `of ranks ${decimal(score.ic_spearman, 4)}`],
    ...(["high", "medium", "low"] as const).map((level): [string, string, string] => {
      const third = confidence[level];
      const note = `${against(basisPoints(third.mae_no_move, 3))}; direction ${percent(third.hit_rate, 1)}`;
      return [`MAE, ${level} confidence`, basisPoints(third.mae, 3), note];
    }),
  ];
  const card = ([name, value, note]: (typeof cards)[number]): string =>
    `<div><dt>${escaped(name)}</dt><dd>${escaped(value)} <span class="note">${escaped(note)}</span></dd></div>`;
  return `<dl class="figures">${cards.map(card).join("")}</dl><p class="note">Confidence is the width of the interval when the forecast was made: the narrowest third is high. It tells how far the price may move, more than which way.</p>`;
}

export function tradingTable({ trading: { every, worthwhile, free } }: Report): string {
  const columns = [every, worthwhile, free];
  const rows = [
    row(
      "trades",
      columns.map(({ trades }) => count(trades)),
    ),
    // A figure of no trades is none.
    ...TRADING_ROWS.map(([name, cell]) =>
      row(
        name,
        columns.map((result) => (result.trades > 0 ? cell(result) : "–")),
      ),
    ),
  ];
  return table(["", "every forecast", "only above its cost", "every forecast, no costs"], rows);
}

const TRADING_ROWS: readonly (readonly [name: string, cell: (result: TradingResult) => string])[] = [
  ["a trade, before costs", ({ gross }) => basisPoints(gross)],
  ["costs", ({ cost }) => basisPoints(cost)],
  ["a trade, after costs", ({ net }) => basisPoints(net)],
  ["sum of all", ({ net_total }) => percent(net_total, 1)],
  ["Sharpe ratio, a year", ({ sharpe_a_year: ratio }) => decimal(ratio, Math.abs(ratio ?? 0) < 100 ? 1 : 0)],
  ["largest drawdown", ({ drawdown_max }) => percent(drawdown_max, 1)],
  ["win rate", ({ win_rate }) => percent(win_rate, 1)],
  ["profit factor", ({ profit_factor }) => decimal(profit_factor, 2)],
];
