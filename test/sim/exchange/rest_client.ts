/** A paper exchange after two minutes of market, asked by REST, and its trades straight from the source. */

import type { ManualClock } from "../../../src/base/clock.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import type { WeightLimits } from "../../../src/sim/exchange/rest/weights.ts";
import { allOf, simulatedSeconds } from "../markets.ts";

export const HISTORY_S = 130;

export interface Trade {
  readonly id: number;
  readonly price: number;
  readonly qty: number;
  readonly time_us: number;
  readonly is_buyer_maker: boolean;
}

/** The trades of the source's first seconds, straight from its messages. */
export function tradesBefore(seconds: number): Trade[] {
  const source = simulatedSeconds(HISTORY_S);
  return allOf(source)
    .filter(({ at_us }) => at_us < source.start_us + seconds * 1e6)
    .flatMap(({ message }) =>
      message.kind !== "trades"
        ? []
        : message.trades.map((trade) => ({
            id: Number(trade.id),
            price: Number(trade.price),
            qty: Number(trade.qty),
            time_us: Number(message.transact_time_us),
            is_buyer_maker: trade.is_buyer_maker,
          })),
    );
}

export async function exchangeAt(clock: ManualClock, limits: WeightLimits = {}) {
  const exchange = new PaperExchange({
    source: simulatedSeconds(HISTORY_S + 10),
    speed: 1,
    history_s: HISTORY_S,
    start_on: "play",
    clock,
    limits: { weight_per_minute: 1_000_000, ...limits },
  });
  const { rest_origin } = await exchange.start();
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${rest_origin}/api/v3/${path}`, { headers });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text ? JSON.parse(text) : undefined,
    };
  };
  return { exchange, get, origin: rest_origin };
}
