/**
 * The referees of gold, minute and indicators: each column written a second time from docs/features.md. They
 * share nothing with the algebra.
 */

import type { BookSums } from "../../../src/features/algebra/columns.ts";
import {
  added,
  imbalance,
  known,
  Market,
  orNull,
  ratio,
  ratioOr,
  sampleDeviation,
  total,
  type World,
} from "./market.ts";
import type { Sifted } from "./naive.ts";

/** What all of them are: columns by name, in order, and how far back they look. */
export interface Referee {
  readonly window_s: number;
  /** Where the look-back of t starts, if blocks reach further than the window. */
  start?(t: number): number;
  at(t: number): Record<string, number | null>;
}

/** Uninterrupted over the whole look-back. */
export function naiveWarm(referee: Referee, { markers_us }: Sifted, data_from_sec: number, t: number) {
  const start = referee.start?.(t) ?? t - referee.window_s;
  return data_from_sec <= start && !markers_us.some((us) => us >= start * 1e6 && us < t * 1e6);
}

/** Sines of 0, 15, … 345 degrees. */
export const HOUR_SIN = [
  0,
  0.25881904510252074,
  0.5,
  Math.SQRT1_2,
  0.8660254037844386,
  0.9659258262890683,
  1,
  0.9659258262890683,
  0.8660254037844386,
  Math.SQRT1_2,
  0.5,
  0.25881904510252074,
  0,
  -0.25881904510252074,
  -0.5,
  -Math.SQRT1_2,
  -0.8660254037844386,
  -0.9659258262890683,
  -1,
  -0.9659258262890683,
  -0.8660254037844386,
  -Math.SQRT1_2,
  -0.5,
  -0.25881904510252074,
];

type Columns = Record<string, () => number>;

export const evaluated = (columns: Columns): Record<string, number | null> =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, orNull(column)]));

export function naiveGold(world: World): Referee {
  const market = new Market(world);
  return { window_s: 31, at: (t) => evaluated(goldAt(market, t)) };
}

function goldAt(market: Market, t: number): Columns {
  const { n, buy, sell, pq } = market.second(t);
  const q = buy + sell;
  const q5 = market.q(t, 5);
  const close = () => market.close(t);
  const mid2 = () => market.quote(t).bid + market.quote(t).ask;
  const book = (column: keyof BookSums) => BigInt(known(market.second(t).book)[column]);
  const side5 = (of: "buy" | "sell") => market.over(t, 5, (second) => second[of]);
  const vwapDev = (k: number) => {
    const pq = market.pq(t, k);
    return pq === 0n ? 0 : ratio(close() * market.q(t, k) - pq, pq);
  };
  const volatility = () => sampleDeviation(market.bars(t, 10, 1, (at) => market.ret(at, 1)));
  const momentum = () => market.ret(t, 30);
  const spreadBp = () => ratio(20_000n * (market.quote(t).ask - market.quote(t).bid), mid2());
  const obImbalance = () => imbalance(book("bid_qty_top20_e8"), book("ask_qty_top20_e8"));
  const inVolatilities = (ret: number) => {
    const deviation = volatility();
    return deviation === 0 ? 0 : ret / deviation;
  };
  const hour = new Date(t * 1_000).getUTCHours();
  return {
    price: () => Number(close()) / 1e8,
    mid_price: () => Number(mid2()) / 2e8,
    ret_1s: () => market.ret(t, 1),
    ret_5s: () => market.ret(t, 5),
    ret_10s: () => market.ret(t, 10),
    volume_1s: () => Number(q) / 1e8,
    volume_5s: () => Number(q5) / 1e8,
    vol_imbalance_1s: () => imbalance(buy, sell),
    vol_imbalance_5s: () => imbalance(side5("buy"), side5("sell")),
    spread_bp: spreadBp,
    ob_imbalance: obImbalance,
    bid_strength: () => Number(book("bid_qty_top5_e8")) / 1e8,
    ask_strength: () => Number(book("ask_qty_top5_e8")) / 1e8,
    trade_intensity_1s: () => Number(n),
    avg_trade_size_1s: () => ratioOr(0, q, n * 100_000_000n),
    dollar_volume_1s: () => Number(pq) / 1e16,
    vwap_dev_1s: () => vwapDev(1),
    vwap_dev_5s: () => vwapDev(5),
    price_volatility: volatility,
    momentum,
    price_acceleration: () => market.ret(t, 1) - market.ret(t - 1, 1),
    volume_momentum: () => ratioOr(0, 5n * q, q5),
    vol_adj_ret_1s: () => inVolatilities(market.ret(t, 1)),
    vol_adj_ret_5s: () => inVolatilities(market.ret(t, 5)),
    volume_change_5s: () => ratioOr(0, q5 - market.q(t - 5, 5), market.q(t - 5, 5)),
    dollar_intensity: () => (n === 0n ? 0 : Number(pq) / 1e16 / Number(n)),
    trade_size_trend: () => ratioOr(0, q * market.n(t, 5), n * q5),
    spread_adj_imbalance: () => obImbalance() / (1 + spreadBp()),
    bid_ask_ratio: () => ratioOr(0, book("bid_qty_top5_e8"), book("ask_qty_top5_e8")),
    mid_last_diff: () => Number(mid2() - 2n * close()) / 2e8,
    hour_sin: () => HOUR_SIN[hour]!,
    hour_cos: () => HOUR_SIN[(hour + 6) % 24]!,
    is_us_hours: () => (hour >= 13 && hour < 21 ? 1 : 0),
    is_asia_hours: () => (hour < 8 ? 1 : 0),
    price_volume_int: () => market.ret(t, 1) * (Number(q) / 1e8),
    spread_momentum_int: () => spreadBp() * momentum(),
    vol_imbalance_int: () => volatility() * obImbalance(),
  };
}

export function naiveMinute(world: World): Referee {
  const market = new Market(world);
  return { window_s: 341, at: (t) => evaluated(minuteAt(market, t)) };
}

function minuteAt(market: Market, t: number): Columns {
  return {
    current_price: () => Number(market.close(t)) / 1e8,
    price_change_1m: () => market.ret(t, 60),
    price_change_5m: () => market.ret(t, 300),
    vwap: () => market.meanPrice(t, 60),
    volume: () => Number(market.q(t, 1)) / 1e8,
    volume_avg_1m: () => Number(market.q(t, 60)) / 60e8,
    trade_intensity: () => Number(market.n(t, 60)) / 60,
    bid_ask_spread: () => Number(market.quote(t).ask - market.quote(t).bid) / 1e8,
    order_book_imbalance: () => imbalance(market.quote(t).bid_qty, market.quote(t).ask_qty),
    rsi_5m: () => market.rsi(t, 60, 5),
    macd_signal: () => market.macdSignal(t, 5) / 1e8,
    bollinger_position: () => {
      const { sum, d } = market.bollinger(t, 20, 5);
      return d === 0 ? 0.5 : (Number(20n * market.close(t) - sum) + 2 * d) / (4 * d);
    },
  };
}

/** On bars of `s` seconds; the product's are minutes. */
export function naiveIndicators(world: World, s: number): Referee {
  const market = new Market(world);
  return { window_s: 99 * s + 1, at: (t) => evaluated(indicatorsAt(market, t, s)) };
}

function indicatorsAt(market: Market, t: number, s: number): Columns {
  const index = (at: number) =>
    market.once("directional index", at, () => market.directionalIndex(at, 14, s));
  const stochastic = (at: number) => market.stochastic(at, 14, s);
  const band = (sign: 1 | -1) => {
    const { sum, d } = market.bollinger(t, 20, s);
    return (Number(sum) + sign * (2 * d)) / 20 / 1e8;
  };
  return {
    adx_value: () => added(market.bars(t, 14, s, index)) / 14,
    rsi_value: () => market.rsi(t, 14, s),
    ema_12: () => market.ema(t, 12, s) / 1e8,
    ema_21: () => market.ema(t, 21, s) / 1e8,
    ema_50: () => market.ema(t, 50, s) / 1e8,
    vwap: () => market.meanPrice(t, 60 * s),
    atr_value: () => Number(total(market.bars(t, 14, s, (at) => market.trueRange(at, s)))) / 14e8,
    bollinger_upper: () => band(1),
    bollinger_lower: () => band(-1),
    stoch_k: () => stochastic(t),
    stoch_d: () => added(market.bars(t, 3, s, stochastic)) / 3,
    macd_line: () => market.macd(t, s) / 1e8,
    macd_signal: () => market.macdSignal(t, s) / 1e8,
    volume_ma: () => Number(market.q(t, 20 * s)) / 20e8,
    price_change_pct: () => ratio(100n * (market.close(t) - market.close(t - s)), market.close(t - s)),
    volatility: () => sampleDeviation(market.bars(t, 20, s, (at) => market.ret(at, s))),
  };
}
