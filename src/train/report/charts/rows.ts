/** Plots of forecasts and outcomes, row against row. */

import { basisPoints, count, decimal, percent } from "../page/words.ts";
import type { Report } from "../report.ts";
import { bpAxis } from "./axes.ts";
import { type Axis, box, dot, line, type Place, path, plot, rangeOf } from "./svg.ts";

/** Outcomes over forecasts: darker where more rows are, and the line a calibrated forecast is on. */
export function densityPlot({ density, scores }: Report): string {
  const { forecast_max, outcome_max, cells, counts } = density;
  if (forecast_max === 0) return "";
  const most = Math.log1p(Math.max(...counts));
  const slope = scores[0]!.calibration_slope;
  const x = bpAxis("forecast (bp)", [-forecast_max, forecast_max]);
  const y = bpAxis("outcome (bp)", [-outcome_max, outcome_max]);
  return plot({ x, y, title: "Outcome over forecast, as density" }, (place) => {
    const width = (place.right - place.left) / cells;
    const height = (place.bottom - place.top) / cells;
    const squares = counts.flatMap((rows, index) => {
      if (rows === 0) return [];
      const left = place.left + (index % cells) * width;
      const top = place.bottom - (Math.floor(index / cells) + 1) * height;
      const shade = ` fill-opacity="${(0.06 + 0.94 * (Math.log1p(rows) / most)).toFixed(2)}"`;
      return [box(left, top, width + 0.3, height + 0.3, "cell", "", shade)];
    });
    return (
      squares.join("") +
      throughZero(place, forecast_max, 1, "ideal") +
      (slope === null ? "" : throughZero(place, forecast_max, slope, "fitted"))
    );
  });
}

const throughZero = (place: Place, reach: number, slope: number, name: string): string =>
  line([place.x(-reach), place.y(-reach * slope)], [place.x(reach), place.y(reach * slope)], name);

/** Mean outcome of each tenth over its mean forecast, two standard errors to either side. */
export function calibrationPlot({ calibration, scores }: Report): string {
  const forecasts = calibration.map(({ forecast }) => forecast);
  const outcomes = calibration.flatMap(({ outcome, standard_error: se }) => [
    outcome - 2 * se,
    outcome + 2 * se,
  ]);
  const x = bpAxis("mean forecast of the tenth (bp)", rangeOf(forecasts));
  const y = bpAxis("mean outcome (bp)", rangeOf([...outcomes, ...forecasts]));
  const slope = scores[0]!.calibration_slope;
  return plot({ x, y, title: `Calibration by tenths, slope ${decimal(slope, 2)}` }, (place) => {
    const ideal = line([place.x(x.from), place.y(x.from)], [place.x(x.to), place.y(x.to)], "ideal");
    const points = calibration.map(({ forecast, outcome, standard_error: se, rows }) => {
      const at = place.x(forecast);
      const tip = `${count(rows)} rows: forecast ${basisPoints(forecast)}, outcome ${basisPoints(outcome)} ± ${basisPoints(2 * se)}`;
      return (
        line([at, place.y(outcome - 2 * se)], [at, place.y(outcome + 2 * se)], "whisker own") +
        dot([at, place.y(outcome)], 4, "own", tip)
      );
    });
    return ideal + points.join("");
  });
}

/** Counts of errors, and the normal curve of the same spread. */
export function residualPlot({ residuals }: Report): string {
  const { counts, limit_sd, sd } = residuals;
  const rows = counts.reduce((sum, value) => sum + value, 0);
  const width_sd = (2 * limit_sd) / counts.length;
  const normal = (z: number): number => (rows * width_sd * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  const most = Math.max(...counts, normal(0)) / rows;
  const x: Axis = {
    from: -limit_sd,
    to: limit_sd,
    label: `error in standard deviations (1 = ${basisPoints(sd)})`,
    format: (value) => decimal(value, 0),
  };
  const y: Axis = { from: 0, to: most * 1.06, label: "share of rows", format: (value) => percent(value, 0) };
  return plot({ x, y, title: "Distribution of the errors" }, (place) => {
    const bars = counts.map((value, bin) => {
      const begin = place.x(-limit_sd + bin * width_sd);
      const top = place.y(value / rows);
      return box(
        begin + 0.4,
        top,
        place.x(-limit_sd + (bin + 1) * width_sd) - begin - 0.8,
        place.bottom - top,
        "column",
      );
    });
    const curve = Array.from({ length: 81 }, (_, step): [number, number] => {
      const z = -limit_sd + (step / 80) * 2 * limit_sd;
      return [place.x(z), place.y(normal(z) / rows)];
    });
    return bars.join("") + path(curve, "reference");
  });
}
