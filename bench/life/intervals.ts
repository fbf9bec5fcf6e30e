/** Intervals: the share of outcomes inside, by day and by hour; and whether probabilities come true. */

import { US_PER_SEC } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { Calibration, type ForecastOutcome } from "../../src/judge/calibration.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";
import { Reliability } from "../../src/judge/reliability.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { readSimulatedRows } from "../../src/train/rows/simulated_rows.ts";
import { printAim, printTable } from "../peers/measure.ts";
import { DAY_S, HORIZON_S, moments, percent, type Settings } from "./scene.ts";

const R2 = 0.01;
const MARKET_DAYS = 2;
const START_US = 1_767_225_600 * US_PER_SEC;

interface Labelled {
  readonly mean: number;
  readonly y: number;
  readonly size: number;
}

/** Forecasts are the true means, as wrong in scale as models are; each outcome is learned a horizon later. */
class Trial {
  readonly reliability = new Reliability();
  readonly #calibration = new Calibration({ horizon_s: HORIZON_S });
  readonly #waiting: ForecastOutcome[] = [];
  readonly #hours: { inside: number; seconds: number }[] = [];
  #seconds = 0;

  add({ mean, y, size }: Labelled): void {
    if (this.#waiting.length === HORIZON_S) this.#calibration.learn(this.#waiting.shift()!);
    const yhat_log_return = 1.5 * mean;
    const { lower, upper, p_up } = this.#calibration.predict(yhat_log_return, size);
    this.#waiting.push({ yhat_log_return, volatility: size, realized_log_return: y });
    if (this.#seconds % 3600 === 0) this.#hours.push({ inside: 0, seconds: 0 });
    const hour = this.#hours.at(-1)!;
    hour.seconds++;
    if (lower <= y && y <= upper) hour.inside++;
    if (this.#seconds >= DAY_S) this.reliability.add(p_up, y);
    this.#seconds++;
  }

  get hours(): number[] {
    return this.#hours.map(({ inside, seconds }) => inside / seconds);
  }

  get days(): number[] {
    return Array.from({ length: Math.floor(this.#hours.length / 24) }, (_, day) => {
      const hours = this.#hours.slice(day * 24, day * 24 + 24);
      return (
        hours.reduce((sum, { inside }) => sum + inside, 0) /
        hours.reduce((sum, { seconds }) => sum + seconds, 0)
      );
    });
  }
}

export function intervals({ days }: Settings): void {
  const series = new Trial();
  for (const moment of moments({ seed: 80_000, r2: R2 }, days)) series.add(moment);
  const doubling = new Trial();
  // Volatility doubles at noon and halves at midnight, without warning.
  const volatility = (second: number): number => (second % DAY_S < DAY_S / 2 ? 1 : 2);
  for (const moment of moments({ seed: 80_001, r2: R2, volatility }, days)) doubling.add(moment);
  const market = onMarket(Math.min(MARKET_DAYS, days));
  const trials = [
    [`${days} days of labels`, series],
    [`${days} days, volatility doubled every noon`, doubling],
    [`${Math.min(MARKET_DAYS, days)} days of the simulated market`, market],
  ] as const;
  console.log("\nCoverage of 90 % intervals, from the first second on");
  printTable(
    ["", "mean", "worst day", "best day", "worst hour", "hours under 80 %"],
    trials.map(([name, trial]) => [
      name,
      percent(trial.days.reduce((sum, one) => sum + one, 0) / trial.days.length, 2),
      percent(Math.min(...trial.days), 2),
      percent(Math.max(...trial.days), 2),
      percent(Math.min(...trial.hours)),
      `${trial.hours.filter((hour) => hour < 0.8).length} of ${trial.hours.length}`,
    ]),
  );
  const kept = trials.every(
    ([, trial]) => trial.days.every((day) => Math.abs(day - 0.9) <= 0.01) && Math.min(...trial.hours) >= 0.8,
  );
  printAim("90 % ± 1 over every day, no hour under 80 %", kept);
  console.log(
    `\nPromised and realised, after the first day of ${days}; forecasts 1.5 times too large, R² ${percent(R2)}`,
  );
  printTable(
    ["p_up", "outcomes", "promised", "realised", "95 %"],
    series.reliability
      .table({ horizon_s: HORIZON_S })
      .flatMap(({ from, to, moved, promised, realized, low, high }) =>
        promised === null || realized === null || moved < 1000
          ? []
          : [
              [
                `${from}–${to}`,
                String(moved),
                promised.toFixed(4),
                realized.toFixed(4),
                `${low!.toFixed(4)}–${high!.toFixed(4)}`,
              ],
            ],
      ),
  );
  printAim("promises right to 0.01 in the mean", series.reliability.error()! <= 0.01);
}

/** Labels of the mid of a simulated market, each with its true mean. */
function onMarket(days: number): Trial {
  const trial = new Trial();
  const moves = new RecentMoves();
  const source = simulatedSource({ seed: 81, start_us: START_US, r2: R2, depth: false });
  const mids: number[] = [];
  const sizes: number[] = [];
  readSimulatedRows(source, days * DAY_S, v1, ({ ts_sec, mid_sum_e8 }) => {
    mids.push(Math.log(Number(mid_sum_e8)));
    const at = mids.length - 1;
    const last = mids[at]! - mids[at - HORIZON_S]!;
    moves.observe(last);
    sizes.push(moves.size);
    // The label of ten seconds before is known now.
    if (!Number.isFinite(last)) return;
    const mean = source.oracle.meanAt(ts_sec - HORIZON_S)!;
    trial.add({ mean, y: last, size: sizes[at - HORIZON_S]! });
  });
  return trial;
}
