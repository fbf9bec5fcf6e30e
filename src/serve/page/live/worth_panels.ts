/** Whether forecasts are worth anything: against no move and ridge, and whether promises are kept. */

import type { QualityJson } from "../../messages/quality.ts";
import type { ReliabilityJson } from "../../messages/reliability.ts";
import { make, small } from "../draw/dom.ts";
import { drawing, element, label, line, px } from "../draw/svg.ts";
import { count, qualityWords, signed } from "../words.ts";

const WIDTH = 340;
const ROW_PX = 34;
const NAME_PX = 96;

export function drawQuality(place: HTMLElement, body: QualityJson): void {
  const { figure, rests, ridge } = qualityWords(body);
  place.replaceChildren(
    make("p", { id: "quality" }, figure),
    intervals(body) ?? "",
    make("p", { class: "small", id: "quality-rests" }, rests),
    make("p", { class: "small", id: "quality-ridge" }, ridge || "No ridge model is scored beside it."),
    small(coverageWords(body)),
  );
}

/** R² and its interval on one scale, zero in it: left of the line is worse than forecasting no move. */
function intervals({ r2, r2_low, r2_high, baselines, model_version }: QualityJson): SVGElement | undefined {
  const own = { name: model_version.split("/")[0] ?? "", r2, r2_low, r2_high };
  const others = baselines.ridge ? [{ ...baselines.ridge, name: "ridge" }] : [];
  const rows = [own, ...others].flatMap(({ name, r2, r2_low, r2_high }) =>
    r2 === null || r2_low === null || r2_high === null ? [] : [{ name, r2, r2_low, r2_high }],
  );
  if (rows.length === 0) return undefined;
  const reach =
    1.1 * Math.max(...rows.flatMap(({ r2_low, r2_high }) => [Math.abs(r2_low), Math.abs(r2_high)]));
  const middle = NAME_PX + (WIDTH - NAME_PX) / 2;
  const x = (value: number): number => middle + (value / reach) * ((WIDTH - NAME_PX) / 2 - 6);
  const foot = rows.length * ROW_PX + 6;
  const parts = rows.flatMap((row, i) => {
    const y = ROW_PX * (i + 0.5);
    return [
      label(0, y + 4, row.name.slice(0, 15)),
      line("whisker", x(row.r2_low), y, x(row.r2_high), y),
      element("circle", { class: "dot", cx: px(x(row.r2)), cy: y, r: 4.5 }),
    ];
  });
  const says = rows.map(({ name, r2 }) => `${name} ${signed(100 * r2, 2)} %`).join(", ");
  const zero = label(middle, foot + 10, "no move", "middle");
  return drawing(WIDTH, foot + 14, `R² against no move: ${says}`, [
    line("zero-line", middle, 0, middle, foot - 4),
    ...parts,
    zero,
  ]);
}

function coverageWords({ coverage, n, n_effective, hit_rate, moves }: QualityJson): string {
  const inside =
    coverage === null
      ? "Of no outcome an interval was promised yet."
      : `The interval held ${(100 * coverage).toFixed(1)} % of ${count(n)} outcomes.`;
  const right =
    hit_rate === null ? "" : ` Direction right in ${(100 * hit_rate).toFixed(1)} % of ${count(moves)} moves.`;
  return `${inside}${right} All of them are worth about ${count(Math.round(n_effective))} independent ones.`;
}

const SIDE = 220;
const LEFT_PX = 34;

export function drawReliability(place: HTMLElement, { p_up, interval }: ReliabilityJson): void {
  const n = p_up.reduce((sum, bin) => sum + bin.n, 0);
  if (n === 0) {
    place.replaceChildren(small("No forecast with a probability has come true yet."));
    return;
  }
  const { promised, realised } = interval;
  const kept =
    promised === null || realised === null
      ? "Nothing is known of intervals yet."
      : `Intervals promised ${(100 * promised).toFixed(1)} % and held ${(100 * realised).toFixed(1)} % of ${count(interval.n)} outcomes.`;
  const byHour = hours(interval.hours);
  place.replaceChildren(
    curve(p_up),
    small("Up moves: promised (across) against what came (up). On the line is honest."),
    make("p", {}, byHour ? `${kept} By hour, the line is what was promised:` : kept),
    byHour ?? "",
  );
}

function curve(bins: ReliabilityJson["p_up"]): SVGElement {
  const all = bins.flatMap((bin) => [bin.promised, bin.realised]);
  const low = Math.max(0, Math.floor(Math.min(...all, 0.48) * 20) / 20);
  const high = Math.min(1, Math.ceil(Math.max(...all, 0.52) * 20) / 20);
  const at = (value: number): number => (SIDE - 30) * ((value - low) / (high - low));
  const x = (value: number): number => LEFT_PX + at(value);
  const y = (value: number): number => SIDE - 24 - at(value);
  const most = Math.max(...bins.map(({ n }) => n));
  const dots = bins.map((bin) =>
    element("circle", {
      class: "dot",
      ...{ cx: px(x(bin.promised)), cy: px(y(bin.realised)), r: px(2 + 5 * Math.sqrt(bin.n / most)) },
    }),
  );
  const marks = [low, high].flatMap((value) => {
    const across = label(x(value), SIDE - 8, `${Math.round(100 * value)} %`, value === low ? "start" : "end");
    return [across, label(0, y(value) + 4, `${Math.round(100 * value)} %`)];
  });
  const says = bins
    .map(
      ({ promised, realised }) =>
        `${Math.round(100 * promised)} % promised, ${Math.round(100 * realised)} % came`,
    )
    .join("; ");
  return drawing(SIDE + LEFT_PX, SIDE, `Reliability of the probability of an up move: ${says}`, [
    line("zero-line", x(low), y(low), x(high), y(high)),
    ...dots,
    ...marks,
  ]);
}

/** Coverage by hour as bars about what was promised. */
function hours(all: ReliabilityJson["interval"]["hours"]): SVGElement | undefined {
  const shown = all.slice(-24);
  if (shown.length < 2) return undefined;
  const step = WIDTH / shown.length;
  const y = (share: number): number => 56 - 50 * Math.max(0, (share - 0.5) / 0.5);
  const bars = shown.map(({ realised }, i) =>
    element("rect", {
      class: "bar",
      ...{ x: px(i * step + 1), y: px(y(realised)), width: px(step - 2), height: px(56 - y(realised)) },
    }),
  );
  const promised = y(shown.at(-1)!.promised);
  const says = `Share inside the interval by hour, the last ${shown.length} hours, from 50 to 100 %`;
  return drawing(WIDTH, 60, says, [...bars, line("zero-line", 0, promised, WIDTH, promised)]);
}
