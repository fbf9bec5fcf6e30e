/**
 * The referee of set trades: columns 1 to 19 are those of v1's referee, the others are written from
 * docs/features.md by loops over seconds. It shares nothing with the algebra.
 */

import { imbalance, Market, ratio, total, type World } from "./market.ts";
import { NaiveV1, V1_NAMES } from "./naive.ts";
import { evaluated, HOUR_SIN, type Referee } from "./sets.ts";

export function naiveTrades(world: World): Referee {
  const market = new Market(world);
  const v1 = new NaiveV1(world.events, Number.NEGATIVE_INFINITY);
  const start = (t: number): number => Math.min(t - 301, Math.floor((t - 299) / 300) * 300 - 300);
  const at = (t: number) => {
    const { values } = v1.at(t);
    const shared = Object.fromEntries(V1_NAMES.slice(0, 19).map((name, index) => [name, values[index]!]));
    return { ...shared, ...evaluated(furtherAt(market, t)) };
  };
  return { window_s: 301, start, at };
}

function furtherAt(market: Market, t: number) {
  const bought = (k: number) => market.over(t, k, ({ buy }) => buy);
  const sold = (k: number) => market.over(t, k, ({ sell }) => sell);
  const flow = (k: number) => () => Number(bought(k) - sold(k)) / 1e8;
  const volatility = (k: number) => () => {
    const moves = market.bars(t, k, 1, (at) => market.close(at) - market.close(at - 1));
    return Math.sqrt(Number(total(moves.map((move) => move * move)))) / Number(market.close(t));
  };
  const hour = new Date(t * 1_000).getUTCHours();
  return {
    flow_1s: flow(1),
    flow_5s: flow(5),
    flow_10s: flow(10),
    flow_30s: flow(30),
    flow_60s: flow(60),
    tvi_10s: () => imbalance(bought(10), sold(10)),
    tvi_60s: () => imbalance(bought(60), sold(60)),
    realised_vol_10s: volatility(10),
    realised_vol_60s: volatility(60),
    realised_vol_300s: volatility(300),
    size_tail_60s: () => {
      const sizes = market.bars(t, 60, 1, (at) => market.second(at).sizes).flat();
      const largest = sizes.reduce((a, b) => (a > b ? a : b), 0n);
      return ratio(largest, market.largeSize(t));
    },
    time_since_large_trade_s: () => {
      for (let ago = 0; ago < 300; ago++) if (market.hasLargeTrade(t - ago)) return ago;
      return 300;
    },
    side_run_s: () => lastLed(market, t, 1) - lastLed(market, t, -1),
    hour_sin: () => HOUR_SIN[hour]!,
    hour_cos: () => HOUR_SIN[(hour + 6) % 24]!,
    is_us_hours: () => (hour >= 13 && hour < 21 ? 1 : 0),
    is_asia_hours: () => (hour < 8 ? 1 : 0),
  };
}

/** The last t of a minute whose second takers of one side (1: buyers) led, against t; −60 without one. */
function lastLed(market: Market, t: number, side: 1 | -1): number {
  for (let ago = 0; ago < 60; ago++) {
    const { buy, sell } = market.second(t - ago);
    if (side === 1 ? buy > sell : sell > buy) return -ago;
  }
  return -60;
}
