/** A metric's statistic over the last seconds, by symbol, from one reading a look. */

import type { Sample } from "../../../base/metrics.ts";
import { US_PER_SEC } from "../../../base/units.ts";
import type { MetricWatch } from "./rules.ts";

interface Reading {
  readonly at_us: number;
  readonly value: number;
}

/** Readings before a 95th percentile says anything. */
const P95_READINGS_MIN = 20;

export class MetricWindow {
  readonly #watch: MetricWatch;
  readonly #readings = new Map<string | null, Reading[]>();

  constructor(watch: MetricWatch) {
    this.#watch = watch;
  }

  /**
   * @param at_us monotonic.
   * @returns by symbol (null: the metric has none); NaN while it is not known.
   */
  read(samples: readonly Sample[], at_us: number): Map<string | null, number> {
    const now = this.#bySymbol(samples);
    if (this.#watch.statistic === "last") return now;
    const from_us = at_us - this.#watch.window_s! * US_PER_SEC;
    const values = new Map<string | null, number>();
    for (const [symbol, value] of now) {
      const readings = this.#readings.get(symbol) ?? [];
      this.#readings.set(symbol, readings);
      if (Number.isFinite(value)) readings.push({ at_us, value });
      while (readings.length > 0 && readings[0]!.at_us < from_us) readings.shift();
      values.set(symbol, this.#watch.statistic === "p95" ? p95(readings) : increase(readings));
    }
    return values;
  }

  /** Of several series of a symbol the worst; of counters the sum. */
  #bySymbol(samples: readonly Sample[]): Map<string | null, number> {
    const found = new Map<string | null, number>();
    for (const { labels, value } of samples) {
      const symbol = labels?.symbol ?? null;
      const other = found.get(symbol);
      found.set(symbol, other === undefined || Number.isNaN(other) ? value : this.#merged(other, value));
    }
    return found;
  }

  #merged(a: number, b: number): number {
    if (Number.isNaN(b)) return a;
    if (this.#watch.statistic === "increase") return a + b;
    return this.#watch.above !== undefined ? Math.max(a, b) : Math.min(a, b);
  }
}

function p95(readings: readonly Reading[]): number {
  if (readings.length < P95_READINGS_MIN) return Number.NaN;
  const sorted = readings.map(({ value }) => value).sort((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1]!;
}

/** A counter that fell began anew, at zero. */
function increase(readings: readonly Reading[]): number {
  let sum = 0;
  for (let i = 1; i < readings.length; i++) {
    const step = readings[i]!.value - readings[i - 1]!.value;
    sum += step >= 0 ? step : readings[i]!.value;
  }
  return sum;
}
