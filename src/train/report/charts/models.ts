/** Plots of all the models of a run. */

import type { Score } from "../../../model/bundle/manifest.ts";
import { decimal, interval } from "../page/words.ts";
import type { Report } from "../report.ts";
import { type Axis, dot, line, path, plot, rangeOf, svg, text, ticksOf } from "./svg.ts";

/** R² of each model with its interval, the model itself first. */
export function forestPlot(scores: readonly Score[], own: string): string {
  // A last return carried on is so bad that it would press all others together: it goes off the scale.
  const shown = scores.filter((score) => score.r2 > -0.2);
  const ends = shown.flatMap(({ r2, intervals }) => [r2, ...(intervals.r2 ?? [])]);
  const [from, to] = rangeOf(ends, [0]);
  const [left, right, top, row_height] = [86, 370, 8, 26];
  const bottom = top + scores.length * row_height;
  const at = (value: number): number =>
    left + ((Math.min(Math.max(value, from), to) - from) / (to - from)) * (right - left);
  const places = to - from < 0.02 ? 3 : 2;
  const axis = { from, to, label: "", format: (value: number) => decimal(value, places) };
  const grid = ticksOf(axis, 4).map(
    (value) =>
      line([at(value), top], [at(value), bottom], Math.abs(value) < 1e-12 ? "zero" : "grid") +
      text(at(value), bottom + 15, axis.format(value), "tick", "middle"),
  );
  const marks = scores.map((score, index) => {
    const y = top + (index + 0.5) * row_height;
    const name = text(left - 8, y + 4, score.model, score.model === own ? "name own-text" : "name", "end");
    if (score.r2 < from)
      return name + text(left + 4, y + 4, `◂ ${decimal(score.r2, 2)}, off the scale`, "tick", "start");
    const style = score.model === own ? "own" : "other";
    const { r2 } = score.intervals;
    const whisker = r2 ? line([at(r2[0]), y], [at(r2[1]), y], `whisker ${style}`) : "";
    return (
      name +
      whisker +
      dot([at(score.r2), y], 4.5, style, `${score.model}: R² ${decimal(score.r2, 4)}, ${interval(r2, 4)}`)
    );
  });
  const label = text((left + right) / 2, bottom + 32, "R² against forecasting no move", "axis", "middle");
  return svg(bottom + 38, "R² of every model with its interval", [...grid, ...marks, label].join(""));
}

/** R² of each network on the validation rows, epoch by epoch; the marked one was kept. */
export function learningPlot({ learning_curves }: Report): string {
  if (learning_curves.length === 0) return "";
  const own = learning_curves[0]!;
  const values = learning_curves.flatMap(({ epochs }) => epochs.map(({ validation_r2 }) => validation_r2));
  const last = Math.max(2, ...learning_curves.map(({ epochs }) => epochs.length));
  const [low, high] = rangeOf(values, [0]);
  // A first epoch can be far off; what matters happens near the best.
  const y: Axis = {
    from: Math.max(low, -2 * Math.max(high, 1e-4)),
    to: high,
    label: "R² on the validation rows",
    format: (value) => decimal(value, high - low < 0.01 ? 4 : 3),
  };
  const x: Axis = {
    from: 1,
    to: last,
    label: "epoch",
    format: (value) => decimal(value, 0),
    ticks: ticksOf({ from: 1, to: last, label: "", format: String }).map((value) =>
      Math.max(1, Math.round(value)),
    ),
  };
  return plot({ x, y, title: "R² on the validation rows by epoch" }, (place) =>
    learning_curves
      .toReversed()
      .map(({ model, epochs, kept }) => {
        const points = epochs.map(({ epoch, validation_r2 }): [number, number] => [
          place.x(epoch),
          place.y(validation_r2),
        ]);
        const style = model === own.model ? "own" : "other";
        const best = epochs.find(({ epoch }) => epoch === kept);
        if (!best) return path(points, `line ${style}`);
        const tip = `${model}: kept epoch ${best.epoch}, R² ${decimal(best.validation_r2, 5)}`;
        const mark = dot([place.x(best.epoch), place.y(best.validation_r2)], 4, style, tip);
        return path(points, `line ${style}`) + mark;
      })
      .join(""),
  );
}
