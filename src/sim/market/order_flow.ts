/**
 * The market orders of a simulated second: how many, which way, and the fills of each.
 *
 * - Arrivals excite further arrivals (a Hawkes process on whole seconds, branching ratio 0.5).
 * - Sides are correlated in time: an order often repeats the one before it, and otherwise follows the planted
 *   flow (seconds) and two slow moods (minutes, an hour), whose sum fades like a power law.
 * - An order of k fills has P(k ≥ x) = x^−1.4; a fill's quantity is lognormal. Both as in recorded data.
 * - The volumes of the two sides are then scaled so that (bought − sold) ÷ (bought + sold) of the second is
 *   the planted flow: what the taker imbalance shows, it shows to the step of the quantities.
 */

import { LIMITS } from "../../base/limits.ts";
import { purposeRng, type Rng } from "../../base/rng.ts";

/** Each order excites this many further ones in all, fading by the second factor per second. */
const BRANCHING = 0.5;
const EXCITEMENT_KEPT = 0.7;

const FILLS_TAIL = 1.4;
const FILLS_MAX = 400;
const FILLS_PER_S_MAX = LIMITS.simulator_fills_per_s_max;

const QTY_MEDIAN = 0.0007;
const QTY_LOG_SD = 2.5;
const QTY_MAX = 15;
/** A second's volume is at least this, so that its split has a resolution (steps). */
const VOLUME_STEPS_MIN = 200;

const REPEAT_CHANCE = 0.6;
/** What a mood keeps over a second, and how far it leans the sides. */
const MOODS = [
  { kept: 2 ** (-1 / 60), weight: 0.25 },
  { kept: 2 ** (-1 / 1_800), weight: 0.25 },
] as const;

/** Mean number of fills of an order: Σ P(k ≥ x) over x = 1 … the largest. */
export const FILLS_PER_ORDER = Array.from({ length: FILLS_MAX }, (_, x) => (x + 1) ** -FILLS_TAIL).reduce(
  (sum, share) => sum + share,
  0,
);

export class OrderFlow {
  readonly #rng: Rng;
  readonly #steps_per_unit: number;
  readonly #orders_per_s: number;
  readonly #moods = new Float64Array(MOODS.length);
  #excitement: number;
  #last_bought = true;

  /** Orders of the second. */
  count = 0;
  /** 1 where the order's taker bought. */
  readonly bought = new Uint8Array(FILLS_PER_S_MAX);
  /** Order i has the fills fills_end[i − 1] (or 0) up to fills_end[i]. */
  readonly fills_end = new Uint32Array(FILLS_PER_S_MAX);
  /** Quantity of each fill (steps). */
  readonly qty_steps = new Float64Array(FILLS_PER_S_MAX);

  constructor(options: { seed: number; trades_per_s: number; steps_per_unit: number }) {
    this.#rng = purposeRng(options.seed, "order flow");
    this.#steps_per_unit = options.steps_per_unit;
    this.#orders_per_s = options.trades_per_s / FILLS_PER_ORDER;
    this.#excitement = this.#orders_per_s * BRANCHING;
    for (let mood = 0; mood < MOODS.length; mood++) this.#moods[mood] = this.#rng.normal();
  }

  /** Draws a second of the given relative rate (0: silent) whose volumes shall split by `flow`, in (−1, 1). */
  plan(rate: number, flow: number): void {
    this.#count(rate);
    this.#drawOrders(flow);
    this.#splitVolume(flow);
  }

  #count(rate: number): void {
    const rng = this.#rng;
    const expected = rate === 0 ? 0 : this.#orders_per_s * (1 - BRANCHING) * rate + this.#excitement;
    let count = Math.min(poisson(rng, expected), FILLS_PER_S_MAX);
    // A volume of one side only cannot be split; a lone order gets a second one or is left out.
    if (count === 1) count = rng.uniform() < 0.5 ? 0 : 2;
    this.count = count;
    this.#excitement = EXCITEMENT_KEPT * this.#excitement + BRANCHING * (1 - EXCITEMENT_KEPT) * count;
  }

  #drawOrders(flow: number): void {
    const rng = this.#rng;
    let leaning = 0.5 * flow;
    for (let mood = 0; mood < MOODS.length; mood++) {
      const { kept, weight } = MOODS[mood]!;
      this.#moods[mood] = kept * this.#moods[mood]! + Math.sqrt(1 - kept * kept) * rng.normal();
      leaning += weight * Math.tanh(this.#moods[mood]!);
    }
    let fills = 0;
    let buys = 0;
    let order = 0;
    for (; order < this.count && fills < FILLS_PER_S_MAX; order++) {
      if (rng.uniform() >= REPEAT_CHANCE) this.#last_bought = rng.uniform() < (1 + leaning) / 2;
      this.bought[order] = this.#last_bought ? 1 : 0;
      buys += this.bought[order]!;
      const size = Math.min(Math.floor((1 - rng.uniform()) ** (-1 / FILLS_TAIL)), FILLS_MAX);
      const end = Math.min(fills + size, FILLS_PER_S_MAX);
      for (; fills < end; fills++) {
        const qty = Math.min(QTY_MEDIAN * Math.exp(QTY_LOG_SD * rng.normal()), QTY_MAX);
        this.qty_steps[fills] = qty * this.#steps_per_unit;
      }
      this.fills_end[order] = fills;
    }
    this.count = order;
    if (order > 0 && (buys === 0 || buys === order)) {
      const turned = rng.below(order);
      this.bought[turned] = 1 - this.bought[turned]!;
    }
  }

  /** Scales either side's fills to its share of the volume, in whole steps and at least one each. */
  #splitVolume(flow: number): void {
    let bought = 0;
    let sold = 0;
    let fill = 0;
    for (let order = 0; order < this.count; order++) {
      for (; fill < this.fills_end[order]!; fill++) {
        if (this.bought[order] === 1) bought += this.qty_steps[fill]!;
        else sold += this.qty_steps[fill]!;
      }
    }
    const volume = Math.max(bought + sold, VOLUME_STEPS_MIN);
    const buy_scale = (volume * (1 + flow)) / (2 * bought);
    const sell_scale = (volume * (1 - flow)) / (2 * sold);
    // What rounding takes from one fill goes to the side's next, so a side's sum is right to a step.
    let buy_rest = 0;
    let sell_rest = 0;
    fill = 0;
    for (let order = 0; order < this.count; order++) {
      const buying = this.bought[order] === 1;
      for (; fill < this.fills_end[order]!; fill++) {
        const exact =
          this.qty_steps[fill]! * (buying ? buy_scale : sell_scale) + (buying ? buy_rest : sell_rest);
        const whole = Math.max(1, Math.round(exact));
        this.qty_steps[fill] = whole;
        if (buying) buy_rest = exact - whole;
        else sell_rest = exact - whole;
      }
    }
  }
}

/** Knuth's product below 30, a rounded normal above. */
export function poisson(rng: Rng, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * rng.normal()));
  const floor = Math.exp(-mean);
  let product = rng.uniform();
  let count = 0;
  while (product > floor) {
    product *= rng.uniform();
    count++;
  }
  return count;
}
