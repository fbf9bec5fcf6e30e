/**
 * The predictable part of the simulated market: two hidden states, each shown in full by one
 * feature of schema v1, and a drift made of them whose strength gives a forecast a stated R².
 *
 * Each state is a stationary Gaussian AR(1) on whole seconds, x(t+1) = φ·x(t) + √(1−φ²)·η. What the market
 * shows of it is u(x) = 2Φ(x) − 1, uniform on (−1, 1): the book's imbalance at t is u(z(t)), the taker
 * imbalance of [t−1, t) is u(w(t)). The price drifts over [t, t+1) by c·s(t), where s(t) is u(z(t)) for the
 * linear signal, u(w(t)) for the one that trades alone show, and u(z(t))·u(w(t)) for the interaction, whose two factors
 * alone foretell nothing.
 *
 * Everything needed is known in closed form. With ρ = φ^k and a = ρ/√(2 − ρ²),
 *   E[u(z(t+k)) | z(t)] = u(a·z(t)),
 *   E[u(z(t+j))·u(z(t+k))] = (2/π)·asin(φ^|j−k| / 2),
 * so the mean of the next `horizon_s` seconds is m(t) = c·Σ u(a_k·z(t)), of w for the flow, exactly, and c follows from
 * Var(m) / Var(y) = R² without a pilot run. See docs/simulator.md.
 */

import { fail } from "../../base/errors.ts";
import { purposeRng, type Rng } from "../../base/rng.ts";

/** What the price drifts by: the book's imbalance, the takers', or the product of the two. */
export const SIGNALS = ["linear", "flow", "interaction"] as const;
export type SignalKind = (typeof SIGNALS)[number];

export interface SignalOptions {
  readonly seed: number;
  readonly kind: SignalKind;
  /** Share of the label's variance that the conditional mean explains. */
  readonly r2: number;
  readonly horizon_s: number;
  /** Half-life of a state (s). */
  readonly half_life_s: number;
  /** Long-run variance of the unpredictable part of one second's log return. */
  readonly noise_variance_1s: number;
  /** What rounding to the tick adds to the variance of a label. */
  readonly rounding_variance: number;
  /** Share of seconds in which the price does not move; the drift of the others makes up for them. */
  readonly still_share: number;
  /** Seconds from the beginning on which the drift is gone, has the other sign, has its own again; the states go on. ∞: never. */
  readonly ends_s: number;
  readonly flips_s: number;
  readonly flips_back_s: number;
}

export class PlantedSignal {
  readonly #rng: Rng;
  readonly #kind: SignalKind;
  readonly #persistence: number;
  readonly #surprise_scale: number;
  /** a_k for k = 0 … horizon − 1. */
  readonly #fading: Float64Array;
  readonly #scale: number;
  readonly #ends_s: number;
  readonly #flips_s: number;
  readonly #flips_back_s: number;
  #second = 0;
  #book: number;
  #flow: number;
  #flow_surprise = 0;

  constructor(options: SignalOptions) {
    this.#rng = purposeRng(options.seed, "signal");
    this.#kind = options.kind;
    this.#persistence = 2 ** (-1 / options.half_life_s);
    this.#surprise_scale = Math.sqrt(1 - this.#persistence ** 2);
    this.#fading = Float64Array.from({ length: options.horizon_s }, (_, lag) => {
      const kept = this.#persistence ** lag;
      return kept / Math.sqrt(2 - kept * kept);
    });
    this.#scale = driftScale(options);
    this.#ends_s = options.ends_s;
    this.#flips_s = options.flips_s;
    this.#flips_back_s = options.flips_back_s;
    this.#book = this.#rng.normal();
    this.#flow = this.#rng.normal();
  }

  /** Moves both states one second on. */
  advance(): void {
    this.#second++;
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

  /** The part of that second's flow that could not be foreseen; standard normal. */
  get flow_surprise(): number {
    return this.#flow_surprise;
  }

  /** Expected log return of the second that begins now. */
  get drift(): number {
    return this.#scaleAt(this.#second) * this.#shown(1);
  }

  /** Expected log return of the next `horizon_s` seconds, given everything that has happened. */
  get mean(): number {
    if (this.#scale === 0) return 0;
    let sum = 0;
    for (let lag = 0; lag < this.#fading.length; lag++) {
      sum += this.#scaleAt(this.#second + lag) * this.#shown(this.#fading[lag]!);
    }
    return sum;
  }

  #scaleAt(second: number): number {
    if (second >= this.#ends_s) return 0;
    const is_turned = second >= this.#flips_s && second < this.#flips_back_s;
    return is_turned ? -this.#scale : this.#scale;
  }

  /** What the price drifts by, of states that have faded. */
  #shown(fading: number): number {
    if (this.#kind === "flow") return uniformOf(fading * this.#flow);
    const book = uniformOf(fading * this.#book);
    return this.#kind === "linear" ? book : book * uniformOf(fading * this.#flow);
  }
}

/**
 * The c for which Var(m) = R²·Var(y). With the drift c·s: Var(m) = c²·M and Var(y) = c²·D + N, N the
 * variance of what cannot be foreseen; so c² = R²·N / (M − R²·D).
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
