/**
 * How soon can a doubled volatility be told from the market's own moods at all? The best linear look there is at an hour: the
 * logarithm of the label's scale by quarters of an hour, less its usual value at that time of day, weighed by how quarters
 * follow one another in training (a matched filter: the inverse of their covariance times a step an hour ago). It knows
 * the hour before, which the product's own look does not. At each limit: alarms a month on days like those of training, and
 * how many doublings are named within the hour.
 */

import { SLOT_S } from "../../src/judge/drift/drift_slots.ts";
import { solveCholesky } from "../../src/train/fit/cholesky.ts";
import { printTable } from "../peers/measure.ts";
import { DAY_S, moments, percent, type Settings } from "./scene.ts";

const TRAINING_DAYS = 30;
const MARKETS = 2;
/** Quarters looked at, and how many of them lie after the step. */
const QUARTERS = 8;
const AFTER = 4;
const LIMITS = [2.8, 3, 3.2, 3.4, 3.6, 3.8];
/** A share of their variance on the diagonal, for quarters of a market of thirty days are known only so well. */
const RIDGE = 0.02;

interface Quarter {
  /** Of the day, at its middle. */
  readonly angle: number;
  /** Logarithm of the label's root mean square. */
  readonly scale: number;
}

interface Stretch {
  readonly seed: number;
  readonly days: number;
  readonly from_sec?: number;
  /** From here on volatility is doubled. */
  readonly from?: number;
}

function quartersOf({ seed, days, from_sec = 0, from = Infinity }: Stretch): Quarter[] {
  const quarters: Quarter[] = [];
  let [sum2, count] = [0, 0];
  const volatility = (second: number): number => (second >= from ? 2 : 1);
  for (const { ts_sec, y } of moments({ seed, r2: 0.01, from_sec, volatility }, days)) {
    sum2 += y * y;
    count++;
    if ((ts_sec + 1) % SLOT_S !== 0) continue;
    const angle = (2 * Math.PI * ((ts_sec + 1 - SLOT_S / 2) % DAY_S)) / DAY_S;
    quarters.push({ angle, scale: 0.5 * Math.log(sum2 / count) });
    [sum2, count] = [0, 0];
  }
  return quarters;
}

/** One wave a day through whole days of quarters: its three parts are at right angles. */
function waveOf(quarters: readonly Quarter[]): (quarter: Quarter) => number {
  const mean = (of: (quarter: Quarter) => number): number =>
    quarters.reduce((sum, quarter) => sum + of(quarter), 0) / quarters.length;
  const level = mean(({ scale }) => scale);
  const cos = 2 * mean(({ scale, angle }) => scale * Math.cos(angle));
  const sin = 2 * mean(({ scale, angle }) => scale * Math.sin(angle));
  return ({ scale, angle }) => scale - level - cos * Math.cos(angle) - sin * Math.sin(angle);
}

/** The filter's answer at every quarter from the eighth on, in its own deviations. */
function filterOf(training: readonly number[]): (strays: readonly number[]) => number[] {
  const lag = (by: number): number =>
    training.slice(by).reduce((sum, value, at) => sum + value * training[at]!, 0) / (training.length - by);
  const lags = Array.from({ length: QUARTERS }, (_, by) => lag(by));
  const covariance = Float64Array.from({ length: QUARTERS ** 2 }, (_, at) => {
    const apart = Math.abs(Math.floor(at / QUARTERS) - (at % QUARTERS));
    return lags[apart]! * (apart === 0 ? 1 + RIDGE : 1);
  });
  const step = Float64Array.from({ length: QUARTERS }, (_, at) => (at >= QUARTERS - AFTER ? 1 : 0));
  const weights = solveCholesky(covariance, step);
  const raw = (strays: readonly number[]): number[] =>
    strays
      .slice(QUARTERS - 1)
      .map((_, end) => weights.reduce((sum, weight, at) => sum + weight * strays[end + at]!, 0));
  const own = raw(training);
  const sd = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / own.length);
  return (strays) => raw(strays).map((value) => value / sd);
}

export function doubled({ runs, days }: Settings): void {
  const training = quartersOf({ seed: 50_000, days: TRAINING_DAYS });
  const strayOf = waveOf(training);
  const filter = filterOf(training.map(strayOf));
  const quiet = Array.from({ length: MARKETS }, (_, market) =>
    filter(quartersOf({ seed: 60_000 + market, days }).map(strayOf)),
  );
  const some = Math.max(1, Math.round(runs / 3));
  const turned = Array.from({ length: some }, (_, run) => {
    const from = QUARTERS * SLOT_S + SLOT_S * ((run * 29) % 72);
    const from_sec = from - QUARTERS * SLOT_S;
    const stretch = { seed: 70_000 + run, from_sec, from, days: ((QUARTERS + AFTER) * SLOT_S) / DAY_S };
    // The answers at the four quarters after the doubling.
    return filter(quartersOf(stretch).map(strayOf)).slice(-AFTER);
  });
  const rows = LIMITS.map((limit) => {
    const alarms = quiet.flatMap((answers) =>
      answers.filter((value, at) => Math.abs(value) > limit && !(Math.abs(answers[at - 1] ?? 0) > limit)),
    );
    const named = turned.filter((answers) => answers.some((value) => Math.abs(value) > limit));
    const months = (MARKETS * days) / 30;
    return [limit.toFixed(1), (alarms.length / months).toFixed(1), percent(named.length / some, 0)];
  });
  console.log(`\nDoubled volatility, by the best linear look at an hour: ${some} doublings, at any hour`);
  printTable(["limit (deviations)", "alarms a month", "named within an hour"], rows);
}
