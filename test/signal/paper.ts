/** Paper trading told plainly: the trades as a list, then each figure of the list. What the ledger is held against. */

import { type Rng, seededRng } from "../../src/base/rng.ts";
import type { LedgerTick } from "../../src/judge/signal/ledger.ts";
import type { Strategy } from "../../src/judge/signal/strategies.ts";

export interface PaperTrade {
  readonly closed_sec: number;
  readonly net: number;
  readonly moves: number;
  readonly fees: number;
}

export function paperTrades(ticks: readonly LedgerTick[], strategy: Strategy, fee_bp: number): PaperTrade[] {
  const quoted = ticks.filter((tick) => tick.bid_price_e8 !== null && tick.ask_price_e8 !== null);
  const trades: PaperTrade[] = [];
  let next = 0;
  while (next < quoted.length) {
    const opens = quoted[next]!;
    const size = strategy.stakes(opens);
    if (size === 0) {
      next++;
      continue;
    }
    const closes_at = quoted.findIndex(
      (tick, at) =>
        at > next &&
        (tick.ts_sec - opens.ts_sec >= opens.horizon_s ||
          (strategy.stakes(tick) > 0 && tick.direction !== opens.direction)),
    );
    if (closes_at < 0) break;
    trades.push(tradeOf(opens, quoted[closes_at]!, size, fee_bp));
    next = closes_at;
  }
  return trades;
}

function tradeOf(opens: LedgerTick, closes: LedgerTick, size: number, fee_bp: number): PaperTrade {
  const long = opens.direction === "BUY";
  const paid = long ? opens.ask_price_e8! : opens.bid_price_e8!;
  const got = long ? closes.bid_price_e8! : closes.ask_price_e8!;
  const mid = (tick: LedgerTick): number => (tick.bid_price_e8! + tick.ask_price_e8!) / 2;
  const fees = size * (fee_bp / 10_000) * (1 + got / paid);
  const change = (then: number, now: number): number => (long ? now / then - 1 : 1 - now / then);
  return {
    closed_sec: closes.ts_sec,
    net: size * change(paid, got) - fees,
    moves: size * change(mid(opens), mid(closes)),
    fees,
  };
}

export function figuresOf(ticks: readonly LedgerTick[], trades: readonly PaperTrade[]) {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const nets = trades.map(({ net }) => net);
  const winners = nets.filter((net) => net > 0);
  const losers = nets.filter((net) => net <= 0);
  const curve = nets.map((_, at) => sum(nets.slice(0, at + 1)));
  const falls = curve.map((value, at) => Math.max(0, ...curve.slice(0, at)) - value);
  const quoted = ticks.filter((tick) => tick.bid_price_e8 !== null && tick.ask_price_e8 !== null);
  const minutes = [...new Set(quoted.map(({ ts_sec }) => Math.floor(ts_sec / 60)))].map((minute) =>
    sum(trades.filter(({ closed_sec }) => Math.floor(closed_sec / 60) === minute).map(({ net }) => net)),
  );
  const mean = sum(minutes) / minutes.length;
  const deviation = Math.sqrt(sum(minutes.map((value) => (value - mean) ** 2)) / (minutes.length - 1));
  return {
    trades: trades.length,
    net: sum(nets),
    moves: sum(trades.map(({ moves }) => moves)),
    fees: sum(trades.map(({ fees }) => fees)),
    win_rate: winners.length / nets.length,
    profit_factor: sum(winners) / -sum(losers),
    max_drawdown: Math.max(0, ...falls),
    sharpe: (mean / deviation) * Math.sqrt(365 * 1_440),
  };
}

/** A walk of quotes with signals at random, gaps, and now and then no quote. */
export function randomTicks(seed: number, count: number, from_sec: number): LedgerTick[] {
  const rng: Rng = seededRng(seed);
  let [sec, mid] = [from_sec, 6e12];
  return Array.from({ length: count }, () => {
    sec += rng.below(50) === 0 ? 1 + rng.below(90) : 1;
    mid *= 1 + 2e-4 * rng.normal();
    const half = 1e6 * (1 + rng.below(3_000));
    const direction = (["BUY", "HOLD", "SELL"] as const)[rng.below(3)]!;
    const strengths = [`STRONG_${direction}`, direction, `WEAK_${direction}`, "AVOID"] as const;
    const known = rng.below(40) > 0;
    return {
      ...{ ts_sec: sec, horizon_s: 10, direction, recommendation: strengths[rng.below(4)]! },
      position_multiplier: direction === "HOLD" ? 0 : [0.5, 1, 1.5, 2][rng.below(4)]!,
      bid_price_e8: known ? Math.round(mid - half) : null,
      ask_price_e8: known ? Math.round(mid + half) : null,
    };
  });
}
