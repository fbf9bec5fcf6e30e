/**
 * The REST endpoints of the paper exchange, one row each: which parameters, what weight, what answer. Field
 * names, types, order and decimals are Binance's (rest-api.md, "Market Data endpoints").
 */

import { formatE8 } from "../../../base/units.ts";
import type { Levels } from "../../../binance/events.ts";
import type { PaperMarket } from "../market.ts";
import { exchangeInfo } from "./info.ts";
import { formatBigE8, formatQuote, klines, type TimeFormat, ticker24h } from "./klines.ts";
import type { ParamName, ParamRules, Query, Refusal } from "./params.ts";
import type { AggregateTrade, PaperTrade } from "./trades.ts";

export interface Asked {
  readonly query: Query;
  readonly market: PaperMarket;
  readonly market_us: number;
  readonly server_us: number;
  readonly time: TimeFormat;
  readonly weight_per_minute: number;
  /** The symbol's status. */
  readonly status: string;
}

export interface Endpoint extends ParamRules {
  readonly weight: (query: Query) => number;
  /** A combination of parameters that is not allowed. */
  readonly refuse?: (query: Query) => Refusal | undefined;
  readonly answer: (asked: Asked) => unknown;
}

const ROWS_DEFAULT = 500;
const ROWS_MAX = 1_000;
const DEPTH_DEFAULT = 100;
const DEPTH_MAX = 5_000;

const BAD_COMBINATION: Refusal = { code: -1128, msg: "Combination of optional parameters invalid." };

const rows = (query: Query): number => Math.min(ROWS_MAX, query.limit ?? ROWS_DEFAULT);

export const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  ping: endpoint([], [], 1, () => ({})),
  time: endpoint([], [], 1, ({ time, server_us }) => ({ serverTime: time(server_us) })),
  exchangeInfo: {
    ...endpoint(["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"], [], 20, info),
    refuse: (query) => (query.symbol_status && namesSymbols(query) ? BAD_COMBINATION : bothSymbols(query)),
  },
  depth: {
    ...endpoint(["symbol", "limit", "symbolStatus"], ["symbol"], 5, depth),
    weight: (query) => depthWeight(query.limit ?? DEPTH_DEFAULT),
  },
  trades: endpoint(["symbol", "limit"], ["symbol"], 25, ({ query, market, time }) =>
    market.history.recent(rows(query)).map((trade) => tradeRow(trade, time)),
  ),
  historicalTrades: endpoint(["symbol", "limit", "fromId"], ["symbol"], 25, ({ query, market, time }) => {
    const { from_id } = query;
    const { history } = market;
    const trades = from_id === undefined ? history.recent(rows(query)) : history.fromId(from_id, rows(query));
    return trades.map((trade) => tradeRow(trade, time));
  }),
  aggTrades: {
    ...endpoint(["symbol", "fromId", "startTime", "endTime", "limit"], ["symbol"], 4, aggregates),
    refuse: ({ from_id, start_us, end_us }) =>
      from_id !== undefined && (start_us ?? end_us) !== undefined ? BAD_COMBINATION : undefined,
  },
  klines: klineEndpoint(),
  uiKlines: klineEndpoint(),
  "ticker/24hr": tickerEndpoint(["type"], [2, 80, 2], ({ market, market_us, query, time }) =>
    ticker24h(market, market_us, query.mini === true, time),
  ),
  "ticker/price": tickerEndpoint([], [2, 4, 4], ({ market }) => ({
    symbol: market.symbol,
    price: formatE8(market.history.trades.last?.price_e8 ?? 0),
  })),
  "ticker/bookTicker": tickerEndpoint([], [2, 4, 4], ({ market }) => {
    const quote = market.quote();
    return {
      symbol: market.symbol,
      bidPrice: formatE8(quote.bid_price_e8),
      bidQty: formatE8(quote.bid_qty_e8),
      askPrice: formatE8(quote.ask_price_e8),
      askQty: formatE8(quote.ask_qty_e8),
    };
  }),
};

function endpoint(
  allowed: readonly ParamName[],
  required: readonly ParamName[],
  weight: number,
  answer: (asked: Asked) => unknown,
): Endpoint {
  return { allowed, required, weight: () => weight, answer };
}

/** A ticker of one symbol, of a list, or of all; one object or an array of them. Weights in that order. */
function tickerEndpoint(
  more: readonly ParamName[],
  [one, all, list]: readonly [one: number, all: number, list: number],
  row: (asked: Asked) => unknown,
): Endpoint {
  return {
    allowed: ["symbol", "symbols", ...more, "symbolStatus"],
    required: [],
    weight: (query) => (query.symbol ? one : query.symbols ? list : all),
    refuse: bothSymbols,
    answer: (asked) => {
      if (asked.query.symbol) return row(asked);
      return (asked.query.symbol_status ?? "TRADING") === "TRADING" ? [row(asked)] : [];
    },
  };
}

function klineEndpoint(): Endpoint {
  const allowed = ["symbol", "interval", "startTime", "endTime", "timeZone", "limit"] as const;
  return endpoint(allowed, ["symbol", "interval"], 2, ({ query, market, market_us, time }) => {
    const { interval, start_us, end_us } = query;
    if (!interval) return [];
    const window = {
      interval,
      limit: rows(query),
      ...(start_us === undefined ? {} : { start_us }),
      ...(end_us === undefined ? {} : { end_us }),
    };
    return klines(market.bars, window, market_us, time);
  });
}

function info({ query, market, market_us, time, weight_per_minute, status }: Asked): unknown {
  return exchangeInfo({
    symbol: market.symbol,
    server_time: time(market_us),
    weight_per_minute,
    status,
    with_symbol: (query.symbol_status ?? status) === status,
    show_permission_sets: query.show_permission_sets ?? true,
  });
}

function depth({ query, market }: Asked): unknown {
  const book = market.depth(Math.min(DEPTH_MAX, query.limit ?? DEPTH_DEFAULT));
  return { lastUpdateId: book.last_update_id, bids: levelRows(book.bids), asks: levelRows(book.asks) };
}

function depthWeight(limit: number): number {
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1_000 ? 50 : 250;
}

function levelRows(levels: Levels): [price: string, qty: string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < levels.length; i += 2) result.push([formatE8(levels[i]!), formatE8(levels[i + 1]!)]);
  return result;
}

function tradeRow(trade: PaperTrade, time: TimeFormat): unknown {
  return {
    id: trade.trade_id,
    price: formatE8(trade.price_e8),
    qty: formatE8(trade.qty_e8),
    quoteQty: formatQuote(BigInt(trade.price_e8) * BigInt(trade.qty_e8)),
    time: time(trade.ts_us),
    isBuyerMaker: trade.is_buyer_maker,
    isBestMatch: true,
  };
}

function aggregates({ query, market, market_us, time }: Asked): unknown {
  const { from_id, start_us, end_us } = query;
  const found =
    from_id === undefined
      ? market.history.aggregatesBetween(start_us, end_us, rows(query), market_us)
      : market.history.aggregatesFromId(from_id, rows(query), market_us);
  return found.map((aggregate) => aggregateRow(aggregate, time));
}

function aggregateRow(aggregate: AggregateTrade, time: TimeFormat): unknown {
  return {
    a: aggregate.aggregate_id,
    p: formatE8(aggregate.price_e8),
    q: formatBigE8(aggregate.qty_e8),
    f: aggregate.first_trade_id,
    l: aggregate.last_trade_id,
    T: time(aggregate.ts_us),
    m: aggregate.is_buyer_maker,
    M: true,
  };
}

function namesSymbols(query: Query): boolean {
  return query.symbol !== undefined || query.symbols !== undefined;
}

function bothSymbols(query: Query): Refusal | undefined {
  return query.symbol !== undefined && query.symbols !== undefined ? BAD_COMBINATION : undefined;
}
