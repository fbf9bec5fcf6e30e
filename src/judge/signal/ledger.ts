/**
 * What a strategy would have earned: paper trading at the quotes that stood when signals were given out. A signal opens a
 * position at the ask (BUY) or the bid (SELL); it is held for the forecast's horizon, or until a signal opens the
 * opposite one, and closed at the other side of the quote, the first there is then. One position at a time, each of so
 * many usual stakes, whatever was won or lost before. Both sides pay the fee on what changes hands.
 *
 * A fold over ticks and nothing else: the same ticks in the same order give the same figures to the bit, live or read
 * from the database. Sharpe ratio: Sharpe (1994), "The Sharpe ratio"; of minutes, those without a trade too,
 * annualised by the minutes of a year. Of few hours it says nothing.
 */

import type { Acted, Strategy } from "./strategies.ts";

/** A signal and its quote. Prices in quote units at 1e-8; null where no quote was known: then nothing is done. */
export interface LedgerTick extends Acted {
  readonly ts_sec: number;
  readonly horizon_s: number;
  readonly bid_price_e8: number | null;
  readonly ask_price_e8: number | null;
}

/** Money is in usual stakes: 0.01 is one per cent of a stake. Null where undefined. */
export interface LedgerFigures {
  readonly strategy: string;
  /** Ticks with a quote, and the first and last second of them; null before any. */
  readonly ticks: number;
  readonly from_sec: number | null;
  readonly to_sec: number | null;
  /** Closed positions. One that is open counts nowhere until it is closed. */
  readonly trades: number;
  readonly is_open: boolean;
  /** net = moves − spread − fees: how the mid moved in favour, half the spread at either end, the fees. */
  readonly net: number;
  readonly moves: number;
  readonly spread: number;
  readonly fees: number;
  /** Share of trades that earned something after all costs. */
  readonly win_rate: number | null;
  /** What winners earned ÷ what the others lost; null without a loss. */
  readonly profit_factor: number | null;
  /** Deepest fall of the sum of `net` below its highest before. */
  readonly max_drawdown: number;
  /** Annualised, 365 days of 1,440 minutes; null below two minutes, and where all are alike. */
  readonly sharpe: number | null;
}

interface Position {
  /** 1 long, −1 short. */
  readonly side: 1 | -1;
  readonly stakes: number;
  readonly due_sec: number;
  readonly price: number;
  readonly mid: number;
}

const BP = 1e-4;
const MINUTE_S = 60;
const MINUTES_A_YEAR = 365 * 1_440;

export class Ledger {
  readonly strategy: Strategy;
  readonly #fee: number;
  #position: Position | undefined;
  #ticks = 0;
  #from_sec: number | null = null;
  #to_sec: number | null = null;
  #trades = 0;
  #wins = 0;
  #gained = 0;
  #lost = 0;
  #moves = 0;
  #spread = 0;
  #fees = 0;
  #net = 0;
  #peak = 0;
  #max_drawdown = 0;
  /** Minutes that are over, their sum of net and of its square; and that of the minute under way. */
  #minutes = 0;
  #sum = 0;
  #sum2 = 0;
  #minute_net = 0;

  /** @param fee_bp of what changes hands, at either end. */
  constructor(strategy: Strategy, fee_bp: number) {
    this.strategy = strategy;
    this.#fee = fee_bp * BP;
  }

  /** In the order of time; one that is not later than the last is passed over. */
  add(tick: LedgerTick): void {
    const { ts_sec, bid_price_e8: bid, ask_price_e8: ask } = tick;
    if (bid === null || ask === null || ts_sec <= (this.#to_sec ?? Number.NEGATIVE_INFINITY)) return;
    this.#endMinute(ts_sec);
    this.#ticks++;
    this.#from_sec ??= ts_sec;
    this.#to_sec = ts_sec;
    const stakes = this.strategy.stakes(tick);
    const side = tick.direction === "BUY" ? 1 : -1;
    const held = this.#position;
    if (held && (ts_sec >= held.due_sec || (stakes > 0 && side !== held.side))) this.#close(held, bid, ask);
    if (this.#position || stakes === 0) return;
    const price = side === 1 ? ask : bid;
    this.#position = { side, stakes, due_sec: ts_sec + tick.horizon_s, price, mid: (bid + ask) / 2 };
  }

  figures(): LedgerFigures {
    return {
      ...{ strategy: this.strategy.name, ticks: this.#ticks, from_sec: this.#from_sec, to_sec: this.#to_sec },
      ...{ trades: this.#trades, is_open: this.#position !== undefined },
      ...{ net: this.#net, moves: this.#moves, spread: this.#spread, fees: this.#fees },
      win_rate: this.#trades > 0 ? this.#wins / this.#trades : null,
      profit_factor: this.#lost > 0 ? this.#gained / this.#lost : null,
      max_drawdown: this.#max_drawdown,
      sharpe: this.#sharpe(),
    };
  }

  #close({ side, stakes, price, mid }: Position, bid: number, ask: number): void {
    const last = side === 1 ? bid : ask;
    const earned = (stakes * side * (last - price)) / price;
    const moved = (stakes * side * ((bid + ask) / 2 - mid)) / mid;
    const fees = stakes * this.#fee * (1 + last / price);
    const net = earned - fees;
    this.#position = undefined;
    this.#trades++;
    if (net > 0) this.#wins++;
    if (net > 0) this.#gained += net;
    else this.#lost -= net;
    this.#moves += moved;
    this.#spread += moved - earned;
    this.#fees += fees;
    this.#net += net;
    this.#minute_net += net;
    this.#peak = Math.max(this.#peak, this.#net);
    this.#max_drawdown = Math.max(this.#max_drawdown, this.#peak - this.#net);
  }

  /** Minutes without a tick count nowhere: nothing could be traded. */
  #endMinute(ts_sec: number): void {
    const last = this.#to_sec;
    if (last === null || Math.floor(last / MINUTE_S) === Math.floor(ts_sec / MINUTE_S)) return;
    this.#minutes++;
    this.#sum += this.#minute_net;
    this.#sum2 += this.#minute_net ** 2;
    this.#minute_net = 0;
  }

  #sharpe(): number | null {
    const n = this.#minutes + 1;
    if (n < 2 || this.#trades === 0) return null;
    const mean = (this.#sum + this.#minute_net) / n;
    const variance = (this.#sum2 + this.#minute_net ** 2 - n * mean ** 2) / (n - 1);
    return variance > 1e-12 * mean ** 2 ? (mean / Math.sqrt(variance)) * Math.sqrt(MINUTES_A_YEAR) : null;
  }
}
