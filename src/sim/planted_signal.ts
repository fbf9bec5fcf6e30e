/**
 * The predictable part of the simulated market: two hidden states, each standing in plain sight in one
 * feature of schema v1, and a drift made of them whose strength gives a forecast a stated R².
 *
 * Each state is a stationary Gaussian AR(1) on whole seconds, x(t+1) = φ·x(t) + √(1−φ²)·η. What the market
 * shows of it is u(x) = 2Φ(x) − 1, uniform on (−1, 1): the book's imbalance at t is u(z(t)), the taker
 * imbalance of [t−1, t) is u(w(t)). The price drifts over [t, t+1) by c·s(t), where s(t) is u(z(t)) for the
 * linear signal and u(z(t))·u(w(t)) for the interaction, whose two factors alone foretell nothing.
 *
 * Everything needed is known in closed form. With ρ = φ^k and a = ρ/√(2 − ρ²),
 *   E[u(z(t+k)) | z(t)] = u(a·z(t)),
 *   E[u(z(t+j))·u(z(t+k))] = (2/π)·asin(φ^|j−k| / 2),
 * so the mean of the next `horizon_s` seconds is m(t) = c·Σ u(a_k·z(t)), exactly, and c follows from
 * Var(m) / Var(y) = R² without a pilot run. See docs/simulator.md.
 */

import { fail } from "../base/errors.ts";
import { purposeRng, type Rng } from "../base/rng.ts";

export type SignalKind = "linear" | "interaction";

export interface SignalOptions {
  readonly seed: number;
  readonly kind: SignalKind;
  /** Share of the label's variance that the conditional mean explains. */
  readonly r2: number;
  readonly horizon_s: number;
  /** Seconds in which a state forgets half of itself. */
  readonly half_life_s: number;
  /** Long-run variance of the unpredictable part of one second's log return. */
  readonly noise_variance_1s: number;
  /** What rounding to the tick adds to the variance of a label. */
  readonly rounding_variance: number;
  /** Share of seconds in which the price stands still; the drift of the others makes up for them. */
  readonly still_share: number;
}

export class PlantedSignal {
  readonly #rng: Rng;
  readonly #interaction: boolean;
  readonly #persistence: number;
  readonly #surprise_scale: number;
  /** a_k for k = 0 … horizon − 1. */
  readonly #fading: Float64Array;
  readonly #scale: number;
  #book: number;
  #flow: number;
  #flow_surprise = 0;

  constructor(options: SignalOptions) {
    this.#rng = purposeRng(options.seed, "signal");
    this.#interaction = options.kind === "interaction";
    this.#persistence = 2 ** (-1 / options.half_life_s);
    this.#surprise_scale = Math.sqrt(1 - this.#persistence ** 2);
    this.#fading = Float64Array.from({ length: options.horizon_s }, (_, lag) => {
      const kept = this.#persistence ** lag;
      return kept / Math.sqrt(2 - kept * kept);
    });
    this.#scale = driftScale(options);
    this.#book = this.#rng.normal();
    this.#flow = this.#rng.normal();
  }

  /** Moves both states one second on. */
  advance(): void {
    this.#book = this.#persistence * this.#book + this.#surprise_scale * this.#rng.normal();
    this.#flow_surprise = this.#rng.normal();
    this.#flow = this.#persistence * this.#flow + this.#surprise_scale * this.#flow_surprise;
  }

  /** (bid size − ask size) ÷ (bid size + ask size) of the last quote before now. */
  get imbalance(): number {
    return uniformOf(this.#book);
  }

  /** (bought − sold) ÷ (bought + sold) of the second that has just ended. */
  get flow(): number {
    return uniformOf(this.#flow);
  }

  /** What of that second's flow nobody could have foreseen; standard normal. */
  get flow_surprise(): number {
    return this.#flow_surprise;
  }

  /** Expected log return of the second that begins now. */
  get drift(): number {
    return this.#scale * uniformOf(this.#book) * (this.#interaction ? uniformOf(this.#flow) : 1);
  }

  /** Expected log return of the next `horizon_s` seconds, given everything that has happened. */
  get mean(): number {
    if (this.#scale === 0) return 0;
    let sum = 0;
    for (const fading of this.#fading) {
      sum += uniformOf(fading * this.#book) * (this.#interaction ? uniformOf(fading * this.#flow) : 1);
    }
    return this.#scale * sum;
  }
}

/**
 * The c for which Var(m) = R²·Var(y). With the drift c·s: Var(m) = c²·M and Var(y) = c²·D + N, N the
 * variance of what cannot be foreseen; hence c² = R²·N / (M − R²·D).
 *
 * @throws ForetickError CONFIG_INVALID where no drift reaches that R².
 */
function driftScale(options: SignalOptions): number {
  const { horizon_s, still_share } = options;
  const persistence = 2 ** (-1 / options.half_life_s);
  const shared = (kept: number): number => {
    const one = (2 / Math.PI) * Math.asin(kept / 2);
    return options.kind === "interaction" ? one * one : one;
  };
  let explained = 0;
  let drifted = 0;
  for (let j = 0; j < horizon_s; j++) {
    for (let k = 0; k < horizon_s; k++) {
      explained += shared(persistence ** (j + k));
      drifted += shared(persistence ** Math.abs(j - k)) / (j === k ? 1 - still_share : 1);
    }
  }
  const r2_max = explained / drifted;
  if (!(options.r2 >= 0 && options.r2 < r2_max / 2)) {
    fail("CONFIG_INVALID", `r2 expected from 0 to below ${(r2_max / 2).toFixed(3)}, was ${options.r2}`);
  }
  const noise = horizon_s * options.noise_variance_1s + options.rounding_variance;
  return Math.sqrt((options.r2 * noise) / (explained - options.r2 * drifted));
}

/**
 * 2Φ(x) − 1 = erf(x/√2), by Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7, a hundredth of what
 * the step of the quantities does to the imbalance).
 */
export function uniformOf(x: number): number {
  const size = Math.abs(x) * Math.SQRT1_2;
  const t = 1 / (1 + 0.3275911 * size);
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-size * size);
  return x < 0 ? tail - 1 : 1 - tail;
}
