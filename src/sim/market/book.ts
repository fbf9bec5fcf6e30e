/**
 * The simulated book below its touch: two ladders of price levels that follow wherever the touch goes, and
 * the changes since they were last asked for, which become a depth diff.
 *
 * The touch is decided elsewhere and needs nothing from here; a market simulated without depth therefore
 * has the same trades and quotes as one with it.
 */

import { purposeRng, type Rng } from "../../base/rng.ts";

/** Where the market can be traded now. Ticks and steps are whole; a step is the smallest quantity. */
export interface Touch {
  bid_tick: number;
  bid_steps: number;
  ask_tick: number;
  ask_steps: number;
}

/** Integers at 1e-8 per tick and per step. */
export interface Grid {
  readonly tick_e8: number;
  readonly step_e8: number;
}

/** Levels kept beyond the asked-for number before the farthest are withdrawn. */
const LEVELS_SLACK = 32;
/** Mean distance of neighbouring levels where new ones appear (ticks). */
const GAP_TICKS = 15;
/** Share of changed levels that are withdrawn whole. */
const WITHDRAWN_SHARE = 0.25;
/** Most levels are dust; one in four holds a maker's order. Medians in base units. */
const DUST_SHARE = 0.75;
const DUST_QTY = 0.0004;
const MAKER_QTY = 0.08;

export class SimBook {
  readonly bids: Ladder;
  readonly asks: Ladder;
  readonly #rng: Rng;

  constructor(options: { seed: number; levels: number; grid: Grid; touch: Touch }) {
    this.#rng = purposeRng(options.seed, "book");
    this.bids = new Ladder(1, options.levels, options.grid, this.#rng);
    this.asks = new Ladder(-1, options.levels, options.grid, this.#rng);
    this.setTouch(options.touch);
    this.bids.takeChanges();
    this.asks.takeChanges();
  }

  /** Withdraws what the touch has passed and puts the touch on top. */
  setTouch(touch: Touch): void {
    this.bids.setBest(touch.bid_tick, touch.bid_steps);
    this.asks.setBest(touch.ask_tick, touch.ask_steps);
  }

  /** Changes `count` levels below the touch. */
  churn(count: number): void {
    for (let change = 0; change < count; change++) {
      (this.#rng.uniform() < 0.5 ? this.bids : this.asks).churn();
    }
  }
}

/** One side. Slots form a ring from the farthest to the best price; an empty slot (0 steps) is no level. */
class Ladder {
  /** 1: higher is better (bids); −1: lower is better (asks). */
  readonly #sign: 1 | -1;
  readonly #levels: number;
  readonly #grid: Grid;
  readonly #rng: Rng;
  readonly #mask: number;
  readonly #ticks: Float64Array;
  readonly #steps: Float64Array;
  readonly #changed = new Map<number, number>();
  #first = 0;
  #slots = 0;
  #filled = 0;

  constructor(sign: 1 | -1, levels: number, grid: Grid, rng: Rng) {
    this.#sign = sign;
    this.#levels = levels;
    this.#grid = grid;
    this.#rng = rng;
    const capacity = 2 ** Math.ceil(Math.log2(4 * (levels + LEVELS_SLACK)));
    this.#mask = capacity - 1;
    this.#ticks = new Float64Array(capacity);
    this.#steps = new Float64Array(capacity);
  }

  setBest(tick: number, steps: number): void {
    const best = this.#slots === 0 ? undefined : this.#at(this.#slots - 1);
    if (best !== undefined && this.#ticks[best] === tick) {
      if (this.#steps[best] !== steps) this.#set(best, steps);
      return;
    }
    let passed = best;
    while (passed !== undefined && this.#sign * (this.#ticks[passed]! - tick) > 0) {
      this.#set(passed, 0);
      this.#slots--;
      passed = this.#slots === 0 ? undefined : this.#at(this.#slots - 1);
    }
    if (passed === undefined || this.#ticks[passed] !== tick) {
      // An overtaken best keeps no more than any other level has.
      if (passed !== undefined && passed === best) this.#set(passed, this.#drawSteps());
      if (this.#slots > this.#mask) this.#dropFarthest();
      passed = this.#at(this.#slots++);
      this.#ticks[passed] = tick;
      this.#steps[passed] = 0;
    }
    this.#set(passed, steps);
    this.#keepDepth();
  }

  /** Changes one level below the best, near ones more often: its quantity, or whether it is there. */
  churn(): void {
    if (this.#slots < 2) return;
    const depth = 1 + Math.floor((this.#slots - 1) * this.#rng.uniform() ** 4);
    const slot = this.#at(this.#slots - 1 - depth);
    const withdrawn = this.#steps[slot]! > 0 && this.#rng.uniform() < WITHDRAWN_SHARE;
    this.#set(slot, withdrawn ? 0 : this.#drawSteps());
    this.#keepDepth();
  }

  /** All levels, best first, as flat pairs price_e8, qty_e8. */
  levels(): number[] {
    const flat: number[] = [];
    for (let index = this.#slots - 1; index >= 0; index--) {
      const slot = this.#at(index);
      if (this.#steps[slot]! > 0) this.#push(flat, this.#ticks[slot]!, this.#steps[slot]!);
    }
    return flat;
  }

  /** The levels changed since the last call, with what they hold now, as flat pairs price_e8, qty_e8. */
  takeChanges(): number[] {
    const flat: number[] = [];
    for (const [tick, steps] of this.#changed) this.#push(flat, tick, steps);
    this.#changed.clear();
    return flat;
  }

  #keepDepth(): void {
    while (this.#filled < this.#levels) {
      const farthest = this.#ticks[this.#first]!;
      const tick = farthest - this.#sign * (1 + Math.floor(this.#rng.exponential(GAP_TICKS)));
      if (tick <= 0 || this.#slots > this.#mask) return;
      this.#first = (this.#first - 1) & this.#mask;
      this.#slots++;
      this.#ticks[this.#first] = tick;
      this.#steps[this.#first] = 0;
      this.#set(this.#first, this.#drawSteps());
    }
    while (this.#filled > this.#levels + LEVELS_SLACK) this.#dropFarthest();
  }

  #dropFarthest(): void {
    this.#set(this.#first, 0);
    this.#first = (this.#first + 1) & this.#mask;
    this.#slots--;
  }

  #set(slot: number, steps: number): void {
    const before = this.#steps[slot]!;
    if (before === 0 && steps === 0) return;
    this.#filled += (steps > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    this.#steps[slot] = steps;
    this.#changed.set(this.#ticks[slot]!, steps);
  }

  #drawSteps(): number {
    const dust = this.#rng.uniform() < DUST_SHARE;
    const qty = (dust ? DUST_QTY : MAKER_QTY) * Math.exp(this.#rng.normal());
    return Math.max(1, Math.round((qty * 1e8) / this.#grid.step_e8));
  }

  #push(flat: number[], tick: number, steps: number): void {
    flat.push(tick * this.#grid.tick_e8, steps * this.#grid.step_e8);
  }

  #at(index: number): number {
    return (this.#first + index) & this.#mask;
  }
}
