/**
 * The simulated market, a second at a time: the second's return is drawn, its orders are planned, and orders
 * and quotes then happen at instants that cluster, each written as the exchange would send it.
 */

import { LIMITS } from "../../base/limits.ts";
import { purposeRng, type Rng } from "../../base/rng.ts";
import { E8, US_PER_SEC } from "../../base/units.ts";
import type { SourceMessage, SourceSnapshot } from "../../binance/capture/market_source.ts";
import { type Grid, SimBook } from "./book.ts";
import { MarketMessages } from "./messages.ts";
import { FILLS_PER_ORDER, OrderFlow, poisson } from "./order_flow.ts";
import type { PlantedSignal } from "./planted_signal.ts";
import { type OnFill, Quoting } from "./quoting.ts";
import type { SimulatorSettings } from "./settings.ts";
import { STILL_SHARE, Tempo } from "./tempo.ts";

/** Share of a second's noise that comes with the surprise in its order flow (its root is the correlation). */
const IMPACT_SHARE = 0.5;
/** Share of makers' quotes, where the price moves at all, that follow a move of the fair price. */
const MOVING_QUOTE_SHARE = 0.4;
/** Makers quote at this share of their usual rate even in a silence. */
const QUOTE_RATE_MIN = 0.15;
/** Changes of the book below the touch between two quotes: 0 … this. */
const CHURN_MAX = 4;
/** Events fill this much of a second; what they cause (sending, diffs) then still falls into it (µs). */
const EVENTFUL_US = 995_000;
/** Diffs come at 19, 39, … 999 ms of a second (µs). */
const DIFF_INTERVAL_US = 20_000;
const DIFF_OFFSET_US = 19_000;
/** From a trade to its event (µs): at least, and at most this much more. */
const TRADE_DELAY_US = 60;
const TRADE_DELAY_SPREAD_US = 340;

const QUOTES_PER_S_MAX = LIMITS.simulator_quotes_per_s_max;

/**
 * Ids begin at the start's second times this: far more than a market numbers in a second, so that of two
 * markets the later one has the higher ids, and a client that has seen both confuses no trade of theirs.
 */
const IDS_PER_S = 10_000;

export class SimulatedMarket {
  readonly #settings: SimulatorSettings;
  readonly #rng: Rng;
  readonly #signal: PlantedSignal;
  readonly #impact: number;
  readonly #tempo: Tempo;
  readonly #flow: OrderFlow;
  readonly #quoting: Quoting;
  readonly #book: SimBook;
  readonly #messages: MarketMessages;
  readonly #ticks_per_unit: number;
  readonly #maker_quotes_per_s: number;
  #ts_sec: number;
  #log_price: number;
  #update_id: number;
  #diffed_update_id: number;
  /** When the next diff is due; Infinity while the book has not changed since the last. */
  #diff_due_us = Number.POSITIVE_INFINITY;
  readonly #gaps = new Float64Array(LIMITS.simulator_fills_per_s_max + QUOTES_PER_S_MAX + 2);

  /** `signal` in its state at the market's beginning; the market moves it on. */
  constructor(settings: SimulatorSettings, signal: PlantedSignal) {
    const { seed, symbol, trades_per_s } = settings;
    const grid: Grid = { tick_e8: settings.tick_e8, step_e8: settings.step_e8 };
    const steps_per_unit = E8 / grid.step_e8;
    this.#settings = settings;
    this.#rng = purposeRng(seed, "market");
    this.#signal = signal;
    // Noise that goes with the flow would go with a later drift made of it: the R² would not be the stated one.
    this.#impact = settings.signal === "flow" ? 0 : IMPACT_SHARE;
    this.#tempo = new Tempo(seed);
    this.#flow = new OrderFlow({ seed, trades_per_s, steps_per_unit });
    this.#ticks_per_unit = E8 / grid.tick_e8;
    this.#ts_sec = settings.start_sec;
    this.#log_price = Math.log(settings.price);
    const fair_ticks = settings.price * this.#ticks_per_unit;
    this.#quoting = new Quoting({ seed, steps_per_unit, fair_ticks, imbalance: this.#signal.imbalance });
    this.#book = new SimBook({ seed, levels: settings.levels, grid, touch: this.#quoting.touch });
    const first_id = settings.start_sec * IDS_PER_S;
    this.#update_id = first_id;
    this.#diffed_update_id = first_id;
    this.#messages = new MarketMessages({ symbol, grid, first_trade_id: first_id });
    this.#maker_quotes_per_s = Math.max(0, settings.quotes_per_s - trades_per_s / FILLS_PER_ORDER - 1);
  }

  /** The book as it is now. */
  snapshot(): SourceSnapshot {
    const { bids, asks } = this.#book;
    return { last_update_id: this.#update_id, bids: bids.levels(), asks: asks.levels() };
  }

  /** All messages of the next second, at least one. */
  nextSecond(): SourceMessage[] {
    this.#tempo.advance(this.#ts_sec);
    this.#drawReturn();
    this.#flow.plan(this.#tempo.rate, this.#signal.flow);
    this.#playSecond();
    this.#ts_sec++;
    return this.#messages.take();
  }

  /** The signal moves to the second's end; its drift from before, and noise, are the second's return. */
  #drawReturn(): void {
    const { still, variance } = this.#tempo;
    const drift = still ? 0 : this.#signal.drift / (1 - STILL_SHARE);
    this.#signal.advance();
    const sd = this.#settings.volatility_1s * Math.sqrt(variance);
    const noise =
      Math.sqrt(this.#impact) * this.#signal.flow_surprise + Math.sqrt(1 - this.#impact) * this.#rng.normal();
    this.#log_price += drift + sd * noise;
    const fair_ticks = Math.exp(this.#log_price) * this.#ticks_per_unit;
    this.#quoting.begin(fair_ticks, sd * fair_ticks, this.#signal.imbalance);
  }

  #playSecond(): void {
    const begin_us = this.#ts_sec * US_PER_SEC;
    const quote_rate = Math.max(QUOTE_RATE_MIN, this.#tempo.rate);
    const quotes = Math.min(poisson(this.#rng, this.#maker_quotes_per_s * quote_rate), QUOTES_PER_S_MAX);
    const events = this.#flow.count + quotes + 1;
    const total = this.#drawGaps(events);
    let orders_done = 0;
    let passed = 0;
    for (let event = 0; event < events; event++) {
      passed += this.#gaps[event]!;
      const elapsed = passed / total;
      const time_us = begin_us + Math.floor(EVENTFUL_US * elapsed);
      this.#sendDueDiff(time_us);
      const left = events - 1 - event;
      const orders_left = this.#flow.count - orders_done;
      if (left === 0) this.#settle(time_us);
      else if (this.#rng.uniform() * left < orders_left) this.#trade(orders_done++, time_us);
      else this.#quote(elapsed, time_us);
    }
    this.#sendDueDiff(begin_us + US_PER_SEC);
  }

  /** Gaps between the second's events, and after the last: fourth powers of uniforms, so events cluster. */
  #drawGaps(events: number): number {
    let total = 0;
    for (let event = 0; event <= events; event++) {
      const draw = this.#rng.uniform();
      const gap = draw * draw * draw * draw;
      this.#gaps[event] = gap;
      total += gap;
    }
    return total;
  }

  #trade(order: number, time_us: number): void {
    const flow = this.#flow;
    const bought = flow.bought[order] === 1;
    const end = flow.fills_end[order]!;
    for (let fill = order === 0 ? 0 : flow.fills_end[order - 1]!; fill < end; fill++) {
      this.#quoting.take(bought, flow.qty_steps[fill]!, this.#onFill);
    }
    this.#touchChanged(time_us);
    this.#messages.trades(time_us, TRADE_DELAY_US + this.#rng.below(TRADE_DELAY_SPREAD_US));
  }

  readonly #onFill: OnFill = (tick, steps, bought) => this.#messages.fill(tick, steps, bought);

  #quote(elapsed: number, time_us: number): void {
    if (!this.#tempo.still && this.#rng.uniform() < MOVING_QUOTE_SHARE) this.#quoting.wander(elapsed);
    this.#quoting.quote(elapsed);
    this.#touchChanged(time_us);
  }

  #settle(time_us: number): void {
    this.#quoting.settle();
    this.#touchChanged(time_us);
  }

  /** The book below changes first, so that a quote's update id is that of the book with this touch. */
  #touchChanged(time_us: number): void {
    const churned = this.#rng.below(CHURN_MAX + 1);
    this.#update_id += churned + 1;
    if (this.#settings.depth) {
      this.#book.churn(churned);
      this.#book.setTouch(this.#quoting.touch);
      if (this.#diff_due_us === Number.POSITIVE_INFINITY) this.#diff_due_us = nextDiffTime(time_us);
    }
    this.#messages.quote(time_us, this.#update_id, this.#quoting.touch);
  }

  #sendDueDiff(now_us: number): void {
    if (this.#diff_due_us > now_us) return;
    this.#messages.diff(this.#diff_due_us, this.#diffed_update_id + 1, this.#update_id, {
      bids: this.#book.bids.takeChanges(),
      asks: this.#book.asks.takeChanges(),
    });
    this.#diffed_update_id = this.#update_id;
    this.#diff_due_us = Number.POSITIVE_INFINITY;
  }
}

/** The first instant of the diffs' rhythm at or after `time_us`. */
function nextDiffTime(time_us: number): number {
  const into = time_us % US_PER_SEC;
  const slot = Math.ceil((into - DIFF_OFFSET_US) / DIFF_INTERVAL_US);
  return time_us - into + Math.max(0, slot) * DIFF_INTERVAL_US + DIFF_OFFSET_US;
}
