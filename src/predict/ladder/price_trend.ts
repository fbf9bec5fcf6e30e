/** The straight line through the logarithms of the last prices: what a forecast is where nothing else is left. */

import { LIMITS } from "../../base/limits.ts";
import { LABELS, type Label } from "../../features/label.ts";
import type { ClosedSecond } from "../lane/output.ts";
import { priceNow } from "../score/input.ts";

interface Point {
  readonly ts_sec: number;
  /** ln of the price. */
  readonly ln: number;
}

export class PriceTrend {
  readonly #points: Readonly<Record<Label, Point[]>> = { mid: [], last: [] };

  /** Every second, in order. */
  take(second: ClosedSecond): void {
    for (const label of LABELS) {
      const points = this.#points[label];
      const price = priceNow(second, label);
      if (price !== undefined) points.push({ ts_sec: second.ts_sec, ln: Math.log(price) });
      while (points.length > 0 && points[0]!.ts_sec <= second.ts_sec - LIMITS.trend_window_s) points.shift();
    }
  }

  /** The line's rise over the horizon (log-return); undefined where too few prices of the window are known. */
  rise(label: Label, horizon_s: number): number | undefined {
    const points = this.#points[label];
    const n = points.length;
    if (n < LIMITS.trend_points_min) return undefined;
    const first = points[0]!;
    let [t, y, tt, ty] = [0, 0, 0, 0];
    for (const { ts_sec, ln } of points) {
      // From the first point on: small numbers, so that nothing is lost in the differences.
      const at = ts_sec - first.ts_sec;
      const rise = ln - first.ln;
      t += at;
      y += rise;
      tt += at * at;
      ty += at * rise;
    }
    return ((n * ty - t * y) / (n * tt - t * t)) * horizon_s;
  }
}
