/** Rows of a made-up market, times in ms after START_US, and what a belief makes of them. */

import { micros, priceE8, qtyE8, tradeId, updateId } from "../../../src/base/units.ts";
import { Belief } from "../../../src/binance/belief/belief.ts";
import type { Row } from "../../../src/binance/belief/stream_checks.ts";
import type { DepthDiffEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { TradeLedger } from "../../../src/binance/trade_ledger.ts";

export const START_US = 1_700_000_100_000_000;
/** Way and distance of the clocks of what comes (ms). */
const DELAY_MS = 5;

/** `at`: exchange time; `came`: receive time, where it is not the usual delay later (ms). */
interface When {
  readonly at: number;
  readonly came?: number;
}

const times = ({ at, came = at + DELAY_MS }: When) => ({
  ts_us: micros(START_US + Math.round(at * 1_000)),
  received_us: micros(START_US + Math.round(came * 1_000)),
});

export function trade(id: number, when: When, price = 100): TradeEvent {
  return {
    ...{ kind: "trade" as const, symbol: "BTCUSDT", epoch: 0, ...times(when) },
    ...{ trade_id: tradeId(id), price_e8: priceE8(price * 1e8), qty_e8: qtyE8(1e8), is_buyer_maker: false },
  };
}

export function quote(id: number, when: When, bid = 100, ask = bid + 1): QuoteEvent {
  return {
    ...{ kind: "quote" as const, symbol: "BTCUSDT", epoch: 0, ...times(when), update_id: updateId(id) },
    ...{ bid_price_e8: priceE8(bid * 1e8), bid_qty_e8: qtyE8(1e8) },
    ...{ ask_price_e8: priceE8(ask * 1e8), ask_qty_e8: qtyE8(1e8) },
  };
}

export function diff(first: number, last: number, when: When): DepthDiffEvent {
  const ids = { first_update_id: updateId(first), last_update_id: updateId(last) };
  const levels = { bids: new Float64Array(), asks: new Float64Array() };
  return { kind: "depth_diff", symbol: "BTCUSDT", epoch: 0, ...times(when), ...ids, ...levels };
}

const idOf = (row: Row): number => {
  if (row.kind === "trade") return row.trade_id;
  return row.kind === "depth_diff" ? row.last_update_id : row.update_id;
};

/** A belief and what comes out of it, as "kind id" or "kind id@epoch"; "− kind id reason" where it is set aside. */
export function believing() {
  const out: string[] = [];
  const rows: Row[] = [];
  let doubts = 0;
  const ledger = new TradeLedger();
  const belief = new Belief({
    streams: ["trade", "bestBidAsk", "depth"],
    ledger,
    output: {
      believed: (row) => {
        rows.push(row);
        if (row.kind === "trade") ledger.accept(row.trade_id);
        const epoch = row.kind === "depth_snapshot" || row.epoch === 0 ? "" : `@${row.epoch}`;
        out.push(`${row.kind} ${idOf(row)}${epoch}`);
      },
      setAside: (row, reason) => out.push(`− ${row.kind} ${idOf(row)} ${reason}`),
      timeDoubted: () => {
        doubts += 1;
      },
    },
  });
  const take = (...all: Row[]): void => {
    for (const row of all) belief.take(row);
  };
  return { belief, ledger, out, rows, take, doubts: () => doubts };
}

/** `seconds` of an orderly market: ten quotes a second, two trades, five diffs; ids from the second on. */
export function orderly(from_s: number, to_s: number, shift_ms = 0): Row[] {
  const rows: Row[] = [];
  for (let step = Math.round(from_s * 10); step < Math.round(to_s * 10); step++) {
    const when = { at: step * 100 + shift_ms, came: step * 100 + DELAY_MS };
    rows.push(quote(10 * step + 10, when));
    if (step % 2 === 0) rows.push(diff(5 * step + 1, 5 * step + 10, when));
    if (step % 5 === 0) rows.push(trade(step / 5, when));
  }
  return rows;
}

/** What was set aside. */
export const aside = (out: readonly string[]): string[] => out.filter((text) => text.startsWith("−"));
