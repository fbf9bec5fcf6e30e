/**
 * A market as that of a token worth a thousandth of a cent: any source's, its prices a millionth at the exchange's
 * smallest tick, its quantities ten thousand million times as large, in whole tokens. Orders of a hundredth become
 * more than 2^53 at 1e-8.
 */

import { type Int64, narrowed } from "../../src/base/units.ts";
import type { MarketSource, SourceMessage } from "../../src/binance/capture/market_source.ts";
import { type Levels, levelsOf } from "../../src/binance/events.ts";
import type { SbeMessage } from "../../src/binance/sbe/messages.ts";

/** The exchange's largest order of such a token. */
const LARGEST_E8 = 4_611_686_041_400_000_000n;

/** The simulator's tick is a cent, 1e6 at 1e-8. */
const priceOf = (price: Int64): Int64 => Number(price) / 1e6;
/** The simulator's step is 1e-5, a thousand at 1e-8: a hundred thousand tokens. */
const qtyOf = (qty: Int64): Int64 => {
  const tokens_e8 = BigInt(qty) * 10_000_000_000n;
  return narrowed(tokens_e8 < LARGEST_E8 ? tokens_e8 : LARGEST_E8);
};

export function tokenMarket(source: MarketSource): MarketSource {
  const { snapshot } = source;
  return {
    ...source,
    symbol: "PEPEUSDT",
    snapshot: { ...snapshot, bids: levels(snapshot.bids), asks: levels(snapshot.asks) },
    messages: () => {
      const all = source.messages();
      return {
        next: (): IteratorResult<SourceMessage> => {
          const step = all.next();
          if (step.done) return step;
          return { done: false, value: { at_us: step.value.at_us, message: tokens(step.value.message) } };
        },
      };
    },
  };
}

const levels = (flat: Levels): Levels =>
  levelsOf(Array.from(flat, (value: Int64, i) => (i % 2 === 0 ? priceOf(value) : qtyOf(value))));

function tokens(message: SbeMessage): SbeMessage {
  const symbol = "PEPEUSDT";
  switch (message.kind) {
    case "trades":
      return {
        ...message,
        symbol,
        trades: message.trades.map((one) => ({ ...one, price: priceOf(one.price), qty: qtyOf(one.qty) })),
      };
    case "best_bid_ask":
      return {
        ...message,
        symbol,
        bid_price: priceOf(message.bid_price),
        bid_qty: qtyOf(message.bid_qty),
        ask_price: priceOf(message.ask_price),
        ask_qty: qtyOf(message.ask_qty),
      };
    default:
      return {
        ...message,
        symbol,
        bids: levels(message.bids as Levels),
        asks: levels(message.asks as Levels),
      };
  }
}
