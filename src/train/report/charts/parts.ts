/** Plots of parts beside each other: hours, volatility, features. */

import { basisPoints, count, decimal, interval } from "../page/words.ts";
import type { Report } from "../report.ts";
import { bpAxis } from "./axes.ts";
import { type Axis, box, line, plot, rangeOf, svg, text } from "./svg.ts";

/** Mean absolute error by hour, and beside it what no move gives. */
export const hourPlot = ({ by_hour }: Report): string =>
  barPlot(
    by_hour.map(({ hour, mae, mae_no_move, r2, rows }) => ({
      name: String(hour),
      value: mae,
      reference: mae_no_move,
      tip: `${hour}:00 UTC, ${count(rows)} rows: ${basisPoints(mae, 3)}, no move ${basisPoints(mae_no_move, 3)}, R² ${decimal(r2, 4)}`,
    })),
    { label: "hour of the day (UTC)", title: "Mean absolute error by hour of the day" },
  );

export const volatilityPlot = ({ by_volatility }: Report): string =>
  barPlot(
    by_volatility.map(({ volatility, mae, mae_no_move, r2, rows }) => ({
      name: decimal(volatility * 1e4, 1),
      value: mae,
      reference: mae_no_move,
      tip: `${count(rows)} rows, recent moves of ${basisPoints(volatility)}: ${basisPoints(mae, 3)}, no move ${basisPoints(mae_no_move, 3)}, R² ${decimal(r2, 4)}`,
    })),
    { label: "recent 10-second moves, fifths (bp)", title: "Mean absolute error by recent volatility" },
  );

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly reference: number;
  readonly tip: string;
}

function barPlot(bars: readonly Bar[], { label, title }: { label: string; title: string }): string {
  if (bars.length === 0) return "";
  const most = Math.max(...bars.flatMap(({ value, reference }) => [value, reference]));
  const every = Math.ceil(bars.length / 8);
  const ticks = bars.flatMap((_, index) => (index % every === 0 ? [index] : []));
  const x: Axis = { from: -0.5, to: bars.length - 0.5, label, ticks, format: (index) => bars[index]!.name };
  const y = bpAxis("mean absolute error (bp)", [0, most * 1.08]);
  return plot({ x, y, title }, (place) => {
    const width = (place.right - place.left) / bars.length;
    const drawn = bars.map(({ value, reference, tip }, index) => {
      const middle = place.x(index);
      const half = Math.min(18, width * 0.36);
      const column = box(
        middle - half,
        place.y(value),
        2 * half,
        place.bottom - place.y(value),
        "column",
        tip,
      );
      return (
        column +
        line([middle - half - 1, place.y(reference)], [middle + half + 1, place.y(reference)], "reference")
      );
    });
    return drawn.join("");
  });
}

export function importancePlot({ importance }: Report): string {
  if (importance.length === 0) return "";
  const [from, to] = rangeOf(
    importance.flatMap(({ range }) => range),
    [0],
  );
  const [left, right, top, row_height] = [156, 330, 6, 17];
  const at = (value: number): number => left + ((value - from) / (to - from)) * (right - left);
  const bottom = top + importance.length * row_height;
  const rows = importance.map(({ feature, r2_lost, range }, index) => {
    const y = top + (index + 0.5) * row_height;
    const [begin, end] = [Math.min(at(0), at(r2_lost)), Math.max(at(0), at(r2_lost))];
    const tip = `${feature}: R² falls by ${decimal(r2_lost, 5)} (${interval(range, 5)})`;
    return (
      text(left - 8, y + 4, feature, "name", "end") +
      box(begin, y - 5, Math.max(0.8, end - begin), 10, r2_lost >= 0 ? "column" : "column harm", tip) +
      line([at(range[0]), y], [at(range[1]), y], "reference") +
      text(372, y + 4, decimal(r2_lost, 4), "tick", "end")
    );
  });
  const zero = line([at(0), top], [at(0), bottom], "zero");
  const label = text((left + right) / 2, bottom + 16, "R² lost without it", "axis", "middle");
  return svg(bottom + 22, "What the model loses without each feature", zero + rows.join("") + label);
}
