/** The report card of a model, as its bundle holds it: the verdict, every baseline beside it, the usual figures, and drawings. */

import type { ReportJson } from "../../../messages/operate/report.ts";
import { ask } from "../../ask/ask.ts";
import { card, make, showList, small, state, table } from "../../draw/dom.ts";
import { count, signed } from "../../words.ts";
import { calibrationDrawing, courseDrawing, readsDrawing } from "./report_drawings.ts";

/** A card never changes: it is asked for once. */
const known = new Map<string, ReportJson>();

export async function reportCard(version: string): Promise<HTMLElement> {
  const title = `Report card of ${version}`;
  const held = known.get(version);
  if (held) return cardOf(title, held);
  const answer = await ask<ReportJson>(`/models/${encodeURIComponent(version)}/report`);
  if (answer.kind !== "ok") return card(title, small(answer.why));
  known.set(version, answer.body);
  return cardOf(title, answer.body);
}

const plain = (value: number | null, places: number): string =>
  value === null ? "–" : value.toFixed(places).replace("-", "−");
const percent = (share: number | null, places = 1): string =>
  share === null ? "–" : `${plain(100 * share, places)} %`;
const bp = (log_return: number | null, places = 3): string =>
  log_return === null ? "–" : `${plain(1e4 * log_return, places)} bp`;
const day = (time_us: number): string =>
  new Date(time_us / 1_000).toISOString().slice(0, 16).replace("T", " ");

function cardOf(title: string, report: ReportJson): HTMLElement {
  const { verdict, proposal, servable, proposed, split, label, data, horizon_s } = report;
  const made = card(
    title,
    make("p", { class: "said" }, verdict.sentence),
    make("p", {}, proposal.sentence),
    small(
      `Forecasts the ${label === "last" ? "last trade's price" : "mid price"} of ${data.symbol} ${horizon_s} s ahead. `,
      `Learned from ${count(split.train.rows)} rows from ${day(split.train.from_us)} to ${day(split.train.to_us)} UTC, `,
      `tested on ${count(split.test.rows)} rows from ${day(split.test.from_us)} to ${day(split.test.to_us)} UTC. `,
      state(servable ? "May be served" : "Not servable: a gate refused", !servable),
      proposed ? ", and was proposed." : ", and was not proposed.",
    ),
    scoresTable(report),
    make("div", { class: "figures" }, ...drawingsOf(report)),
    make("div", { class: "parts" }, figuresList(report), tradingList(report)),
    make("p", { class: "small caveat" }, report.trading.caveat),
  );
  made.id = "report-card";
  return made;
}

type Score = ReportJson["scores"][number];

function scoresTable({ scores }: ReportJson): HTMLElement {
  const between = (
    of: readonly [number, number] | null,
    text: (end: number) => string,
  ): HTMLElement | string => (of ? make("div", { class: "small" }, `${text(of[0])} to ${text(of[1])}`) : "");
  const r2 = (value: number): string => signed(100 * value, 2);
  const covered = Math.round(1_000 * scores[0]!.intervals.coverage) / 10;
  return make(
    "div",
    {},
    table<Score>(
      "This model beside every baseline",
      [
        { title: "Model", cell: ({ model }) => model.replaceAll("_", " ") },
        {
          title: "R² against no move",
          num: true,
          cell: (score) =>
            make("div", {}, score.r2 === null ? "–" : `${r2(score.r2)} %`, between(score.intervals.r2, r2)),
        },
        { title: "Error saved", num: true, cell: ({ mae_cut }) => percent(mae_cut, 2) },
        { title: "Correlation", num: true, cell: ({ ic_pearson }) => plain(ic_pearson, 3) },
        {
          title: "Direction right",
          num: true,
          cell: (score) =>
            make(
              "div",
              {},
              percent(score.hit_rate),
              between(score.intervals.hit_rate, (end) => (100 * end).toFixed(1)),
            ),
        },
        { title: "Slope", num: true, cell: ({ calibration_slope }) => plain(calibration_slope, 2) },
      ],
      scores,
    ),
    small(`On the same ${count(scores[0]!.rows)} test rows; intervals hold ${covered} of 100 times.`),
  );
}

function drawingsOf({ calibration, along_time, importance, coverage, horizon_s }: ReportJson): HTMLElement[] {
  const kept =
    coverage.adaptive.coverage === null
      ? ""
      : ` Its interval promised ${percent(coverage.nominal, 0)} and held ${percent(coverage.adaptive.coverage)} of the test.`;
  return [
    figureOf(
      "Forecast against what came",
      calibrationDrawing(calibration),
      `Equal parts by forecast, in basis points over ${horizon_s} s, two standard errors to either side. On the line is honest.${kept}`,
    ),
    figureOf(
      "Along the test",
      courseDrawing(along_time),
      "R² against no move, piece by piece: above the line it was better. A single piece strays by chance.",
    ),
    figureOf(
      "What it reads",
      readsDrawing(importance),
      "R² lost when a feature's minutes change places; the thin line spans three trials. Features that say the same share what they are worth.",
    ),
  ].filter((one) => one !== undefined);
}

const figureOf = (title: string, drawn: SVGElement | undefined, says: string): HTMLElement | undefined =>
  drawn && make("figure", {}, make("h3", {}, title), drawn, make("figcaption", { class: "small" }, says));

function figuresList({ figures, scores }: ReportJson): HTMLElement {
  const { model, no_move } = figures;
  const list = make("dl", {});
  showList(list, [
    ["Mean absolute error", bp(model.mae)],
    ["… of no move", bp(no_move.mae)],
    ["Root mean square error", bp(model.rmse)],
    ["… of no move", bp(no_move.rmse)],
    ["Error in dollars", model.price_mae === null ? "–" : `$${model.price_mae.toFixed(2)}`],
    ["Direction right", percent(figures.directional_accuracy)],
    [`… in the ${count(figures.rows_top_tenth)} largest forecasts`, percent(figures.hit_rate_top_tenth)],
    ["Correlation", plain(figures.correlation, 4)],
  ]);
  return make(
    "div",
    {},
    make("h3", {}, `The usual figures of ${scores[0]!.model.replaceAll("_", " ")}`),
    list,
  );
}

function tradingList({ trading }: ReportJson): HTMLElement {
  const { every, worthwhile, free, fee } = trading;
  const list = make("dl", {});
  showList(list, [
    ["Every forecast traded", `${count(every.trades)} trades`],
    ["… one of them, after costs", bp(every.net, 2)],
    ["… before costs", bp(free.gross, 2)],
    ["Only above its cost", `${count(worthwhile.trades)} trades`],
    ["… one of them, after costs", worthwhile.trades === 0 ? "–" : bp(worthwhile.net, 2)],
    ["… right in", percent(worthwhile.trades === 0 ? null : worthwhile.win_rate)],
  ]);
  return make(
    "div",
    {},
    make("h3", {}, `With a fee of ${percent(fee, 2)} at both ends, and the spread`),
    list,
  );
}
