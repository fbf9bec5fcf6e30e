/** The report card as one HTML page: no scripts, no requests, readable on a phone, in light and in dark. */

import { LABEL_PRICES } from "../../../features/label.ts";
import { forestPlot, learningPlot } from "../charts/models.ts";
import { hourPlot, importancePlot, volatilityPlot } from "../charts/parts.ts";
import { calibrationPlot, densityPlot, residualPlot } from "../charts/rows.ts";
import { escaped } from "../charts/svg.ts";
import { coveragePlot, rollingPlot, tradingPlot } from "../charts/time.ts";
import type { Report } from "../report.ts";
import { dataSection } from "./data.ts";
import { PAGE_STYLE } from "./style.ts";
import {
  byLabelTable,
  figureCards,
  gateList,
  modelTable,
  tradingTable,
  versusRidge,
  walkForwardTable,
} from "./tables.ts";
import { basisPoints, count, decimal, interval, percent } from "./words.ts";

export function reportPage(report: Report): string {
  const { name, version } = report;
  const title = escaped(`${name}/${version}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: report card</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${head(report)}
<main>
${modelsSection(report)}
${gatesSection(report)}
${figuresSection(report)}
${plotsSection(report)}
${tradingSection(report)}
${dataSection(report)}
</main>
</body>
</html>
`;
}

function head(report: Report): string {
  const { name, version, kind, horizon_s, label, data, verdict, servable, proposed, proposal, created_at } =
    report;
  const tag = (holds: boolean, yes: string, no: string): string =>
    `<li class="${holds ? "yes" : "no"}">${holds ? yes : no}</li>`;
  return `<header>
<h1>${escaped(`${name}/${version}`)}</h1>
<p class="soft">${escaped(kind)} forecasting the log-return of the ${escaped(data.symbol)} ${LABEL_PRICES[label]} over the next ${horizon_s} seconds. Trained ${created_at.slice(0, 16).replace("T", " ")} UTC.</p>
<ul class="tags">${tag(servable, "may be served", "not servable: a gate refused")}${tag(proposed, "proposed", "not proposed")}</ul>
<div class="verdict ${verdict.skill}"><p>${escaped(verdict.sentence)}</p><p class="note">${escaped(proposal.sentence)}</p></div>
</header>`;
}

function modelsSection(report: Report): string {
  const own = report.scores[0]!;
  const { coverage, block_s } = own.intervals;
  const explanation =
    `All on the same ${count(own.rows)} test rows, which no model was fitted on. Intervals hold the true value ` +
    `${percent(coverage, 1)} of the time; they come from blocks of ${block_s} seconds drawn with replacement, since neighbouring labels share nine tenths of their horizon.`;
  return `<section><h2>Every model beside every baseline</h2><p class="note">${explanation}</p>
${own.intervals.r2 ? "" : '<p class="caveat">The test part is too short for intervals: none of these figures shows skill, or the lack of it.</p>'}
<div class="beside">${figure("R² and its interval", forestPlot(report.scores, own.model), "To the right of zero is better than forecasting no move.")}
${modelTable(report)}</div>${versusRidge(report)}${byLabelTable(report)}${walkForwardTable(report)}</section>`;
}

function gatesSection(report: Report): string {
  const refused = report.gates.filter(({ passed, required }) => required && !passed).length;
  const sentence =
    refused === 0
      ? `All ${report.gates.length} gates passed.`
      : `${refused} of ${report.gates.length} gates refused: the model is written, and the service does not take it.`;
  return `<section><h2>Gates</h2><p>${sentence}</p>${gateList(report)}</section>`;
}

const figuresSection = (report: Report): string =>
  `<section><h2>The usual figures</h2><p class="note">Each beside what forecasting no move gives on the same rows: at this horizon nearly all of an error is what could not be foreseen.</p>${figureCards(report)}</section>`;

function plotsSection(report: Report): string {
  const { calibration, coverage, residuals, by_volatility } = report;
  const score = report.scores[0]!;
  const figures = [
    figure(
      "Forecast and outcome",
      densityPlot(report),
      `Stronger colour is more rows. Dashed: perfectly calibrated. Solid: the fitted slope, ${decimal(score.calibration_slope, 2)}.`,
    ),
    figure(
      "Calibration",
      calibrationPlot(report),
      `${calibration.length} equal parts by forecast, two standard errors to either side. Slope ${decimal(score.calibration_slope, 2)}, interval ${interval(score.intervals.calibration_slope, 2)}.`,
    ),
    figure(
      "Correlation along the test",
      rollingPlot(report),
      "Piece by piece. One hour holds 360 independent labels, so a single piece strays by 0.05 by chance.",
    ),
    figure(
      "Error by hour",
      hourPlot(report),
      "Column: the model. Line: no move. Hours differ by how much the price moves.",
    ),
    figure(
      "Error by volatility",
      volatilityPlot(report),
      `${by_volatility.length} equal parts by how much the price moved in the minutes before. Line: no move.`,
    ),
    figure(
      "What the model reads",
      importancePlot(report),
      "R² lost when a feature's minutes change places, three times; the thin line spans the three. Features that say the same share what they are worth.",
      "tall",
    ),
    figure("Learning curves", learningPlot(report), learningCaption(report)),
    figure(
      "Errors",
      residualPlot(report),
      `Line: a normal distribution. Kurtosis ${decimal(residuals.kurtosis, 1)} (normal 3), ${percent(residuals.beyond_3_sd, 2)} beyond three standard deviations (normal 0.27 %).`,
    ),
    figure("Interval coverage", coveragePlot(report), coverageCaption(coverage)),
  ];
  return `<section><h2>A closer look</h2>${newestOnly(report)}<div class="plots">${figures.join("\n")}</div>${weightsNote(report)}</section>`;
}

/** What the weights of its features change about its confidence. */
function weightsNote({ confidence }: Report): string {
  if (!confidence) return "";
  const { without, with: weighed, gain, coverage, moved, why } = confidence;
  const span =
    gain.error.interval && `, ${percent(coverage, 0)} interval ${interval(gain.error.interval, 4)}`;
  const figures =
    `On ${count(moved)} moves of the validation, promised shares stray from those that came by ${decimal(without.error, 4)} without weights ` +
    `and by ${decimal(weighed.error, 4)} with them: a gain of ${decimal(gain.error.value, 4)}${span ?? ""}.`;
  return `<h3>Weights in the confidence</h3><p class="note">${figures} ${escaped(why)}</p>`;
}

/** Where the figures below the scores are of a part of the test rows. */
const newestOnly = ({ rows_looked_at, scores: [own] }: Report): string =>
  rows_looked_at < own!.rows
    ? `<p class="note">Of the newest ${count(rows_looked_at)} of ${count(own!.rows)} test rows, as are the usual figures, both labels and the trades. Scores, gates and comparisons are of all.</p>`
    : "";

function learningCaption({ learning_curves }: Report): string {
  const [own, ...others] = learning_curves;
  if (!own) return "";
  const beside = others.length > 0 ? ` Grey: ${others.map(({ model }) => model).join(", ")}.` : "";
  const kept =
    own.kept === null
      ? "its members' one after the other"
      : own.kept === 0
        ? "none was better than forecasting nothing, which is what it does"
        : "the dot is the one that was kept";
  return `${own.model}, ${own.epochs.length} epochs: ${kept}.${beside}`;
}

function coverageCaption({ nominal, adaptive, fixed }: Report["coverage"]): string {
  return (
    `Promised ${percent(nominal, 0)}. Intervals that adapt hold ${percent(adaptive.coverage)} at a mean width of ${basisPoints(adaptive.width, 1)} ` +
    `(quietest fifth ${percent(adaptive.coverage_quiet)}, liveliest ${percent(adaptive.coverage_lively)}); one fixed width holds ` +
    `${percent(fixed.coverage)} at ${basisPoints(fixed.width, 1)} (${percent(fixed.coverage_quiet)}, ${percent(fixed.coverage_lively)}).`
  );
}

function tradingSection(report: Report): string {
  const { fee, spread, caveat } = report.trading;
  const costs = `A fee of ${percent(fee, 2)} at both ends${spread === null ? "; the set has no spread, so none is counted" : ` and a mean spread of ${basisPoints(spread, 3)}`}.`;
  return `<section><h2>With fees and spread</h2><p class="caveat">${escaped(caveat)}</p><p class="note">${costs} One position at a time, held for the horizon.</p>
<div class="beside">${figure("Running sum", tradingPlot(report), "With costs; grey: without any.")}
${tradingTable(report)}</div></section>`;
}

/** Nothing where there is nothing to draw. */
const figure = (title: string, plot: string, caption: string, name = ""): string =>
  plot &&
  `<figure class="${name}"><h3>${escaped(title)}</h3>${plot}<figcaption>${escaped(caption)}</figcaption></figure>`;
