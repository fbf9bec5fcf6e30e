/**
 * The market as the paper exchange knows it: book, trades, bars and latest quote, all made from the messages
 * its streams send. REST answers from here, and so always agrees with the streams.
 */

import { assert } from "../../base/errors.ts";
import { type Int64, micros, updateId } from "../../base/units.ts";
import type { SourceSnapshot } from "../../binance/capture/market_source.ts";
import type { Levels } from "../../binance/events.ts";
import type {
  BestBidAskMessage,
  DepthDiffMessage,
  SbeMessage,
  TradesMessage,
  WireLevels,
} from "../../binance/sbe/messages.ts";
import { OrderBook } from "../../book/order_book.ts";
import { BarHistory } from "./bars.ts";
import { paperTrades, TradeHistory } from "./rest/trades.ts";

export interface PaperQuote {
  readonly bid_price_e8: number;
  readonly bid_qty_e8: Int64;
  readonly ask_price_e8: number;
  readonly ask_qty_e8: Int64;
}

export interface PaperDepth {
  readonly last_update_id: number;
  /** Best first. */
  readonly bids: Levels;
  readonly asks: Levels;
}

export class PaperMarket {
  readonly symbol: string;
  history = new TradeHistory();
  readonly bars = new BarHistory();
  readonly #book = new OrderBook();
  #quote: PaperQuote | undefined;

  constructor(symbol: string, snapshot: SourceSnapshot) {
    this.symbol = symbol;
    const { bids, asks } = snapshot;
    const update_id = updateId(snapshot.last_update_id);
    this.#book.applySnapshot({ kind: "depth_snapshot", symbol, ...UNTIMED, update_id, bids, asks });
  }

  get last_update_id(): number {
    return this.#book.update_id ?? 0;
  }

  apply(message: SbeMessage, at_us: number): void {
    assert(message.symbol === this.symbol, "a source's messages are all of its one symbol");
    assert(message.price_exponent === -8 && message.qty_exponent === -8, "a source's exponents are −8");
    if (message.kind === "trades") this.#applyTrades(message, at_us);
    else if (message.kind === "best_bid_ask") this.#applyQuote(message);
    else if (message.kind === "depth_diff") this.#applyDiff(message);
  }

  /** The exchange begins to count from the start again: older trades have no ids in it. */
  forgetIds(): void {
    this.history = new TradeHistory();
    this.#book.update_id = undefined;
  }

  depth(limit: number): PaperDepth {
    return { last_update_id: this.last_update_id, ...this.#book.depth(limit) };
  }

  /** The latest quote sent, or the book's best before the first. */
  quote(): PaperQuote {
    return this.#quote ?? this.#book.best() ?? NO_QUOTE;
  }

  #applyTrades(message: TradesMessage, at_us: number): void {
    for (const trade of paperTrades(message)) {
      this.history.add(trade, at_us);
      this.bars.add(trade);
    }
  }

  #applyQuote(message: BestBidAskMessage): void {
    this.#quote = {
      bid_price_e8: Number(message.bid_price),
      bid_qty_e8: message.bid_qty,
      ask_price_e8: Number(message.ask_price),
      ask_qty_e8: message.ask_qty,
    };
  }

  /** A diff that ends before the book's id is older than the snapshot and changes nothing. */
  #applyDiff(message: DepthDiffMessage): void {
    const last = Number(message.last_book_update_id);
    if (last <= this.last_update_id) return;
    this.#book.applyDiff({
      kind: "depth_diff",
      epoch: 0,
      symbol: this.symbol,
      ...UNTIMED,
      first_update_id: updateId(Number(message.first_book_update_id)),
      last_update_id: updateId(last),
      bids: safeLevels(message.bids),
      asks: safeLevels(message.asks),
    });
  }
}

/** The book needs no times. */
const UNTIMED = { ts_us: micros(0), received_us: micros(0) } as const;

const NO_QUOTE: PaperQuote = { bid_price_e8: 0, bid_qty_e8: 0, ask_price_e8: 0, ask_qty_e8: 0 };

/** At exponent −8 a mantissa is the e8 number itself; a price beyond 2^53 has no place in a book. */
function safeLevels(levels: WireLevels): Levels {
  const safe =
    levels instanceof Float64Array || levels.every((value, i) => i % 2 === 1 || typeof value === "number");
  assert(safe, "prices of a source fit 2^53 − 1 at 1e-8");
  return levels;
}
