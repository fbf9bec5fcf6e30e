/**
 * Binance's public REST API: snapshots, trade history, the facts of a symbol. Answers are checked field by
 * field before they are used; how requests wait and are tried again is the transport's. Source:
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api
 */

import type { z } from "zod";
import { fail } from "../../base/errors.ts";
import { type Micros, micros, type PriceE8, type QtyE8, type TradeId } from "../../base/units.ts";
import type { DepthSnapshotEvent, TradeEvent } from "../events.ts";
import {
  type AggTrade,
  aggTradesBody,
  type BookTicker,
  bookTickerBody,
  type DayTicker,
  dayTickerBody,
  depthBody,
  exchangeInfoBody,
  type Kline,
  klinesBody,
  readBodyText,
  serverTimeBody,
  tradesBody,
} from "./body.ts";
import { type RestCounters, type RestLoad, type RestOptions, RestTransport } from "./transport.ts";

export interface SymbolInfo {
  readonly symbol: string;
  /** "TRADING" where it trades. */
  readonly status: string;
  readonly tick_size_e8: PriceE8;
  readonly step_size_e8: QtyE8;
  /** What the exchange allows an address (weight a minute). */
  readonly weight_per_min: number;
}

/** Where a page starts and ends. Ids and times exclude each other (the exchange refuses both at once). */
export interface Page {
  readonly from_id?: number;
  readonly start_us?: Micros;
  readonly end_us?: Micros;
  readonly limit?: number;
}

const PAGE_ROWS = 1_000;

type Query = Readonly<Record<string, string | number | undefined>>;

export class RestClient {
  readonly #origin: string;
  readonly #transport: RestTransport;
  readonly #signal: AbortSignal | undefined;
  readonly #options: RestOptions;

  constructor(options: RestOptions, shared?: { transport: RestTransport; signal: AbortSignal }) {
    this.#origin = options.origin;
    this.#options = options;
    this.#transport = shared?.transport ?? new RestTransport(options);
    this.#signal = shared?.signal;
  }

  /** The same client, its queue and budget too; requests made through it end with CANCELLED at `signal`. */
  until(signal: AbortSignal): RestClient {
    return new RestClient(this.#options, { transport: this.#transport, signal });
  }

  get counters(): Readonly<RestCounters> {
    return this.#transport.counters;
  }

  /** Requests waiting, and weight spent of the weight we allow ourselves (a minute). */
  get load(): RestLoad {
    return this.#transport.load;
  }

  /** The book as it is now; `limit` levels per side, at most 5,000. It has no time: `ts_us` is 0. */
  async depth(symbol: string, limit: number): Promise<DepthSnapshotEvent> {
    const weight = limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
    const { body, received_us } = await this.#get("/api/v3/depth", { symbol, limit }, weight, depthBody);
    return {
      kind: "depth_snapshot",
      symbol,
      ts_us: micros(0),
      received_us,
      update_id: body.lastUpdateId,
      bids: body.bids,
      asks: body.asks,
    };
  }

  /** The newest trades, oldest first; `limit` at most 1,000. */
  trades(symbol: string, limit: number): Promise<TradeEvent[]> {
    return this.#trades("/api/v3/trades", symbol, { limit });
  }

  /**
   * Trades from an id on, oldest first; `limit` at most 1,000. The first may have a higher id than asked for
   * where the exchange has not kept so old a one: use `tradesBetween`, which checks.
   */
  historicalTrades(symbol: string, from_id: TradeId, limit: number): Promise<TradeEvent[]> {
    return this.#trades("/api/v3/historicalTrades", symbol, { fromId: from_id, limit });
  }

  /**
   * Pages of trades from one id to another, both included; ends early at the newest trade there is.
   *
   * @throws ForetickError REST_BODY where the exchange's history starts after `from_id`, or runs backwards.
   */
  async *tradesBetween(
    symbol: string,
    from_id: TradeId,
    to_id: TradeId,
    page_rows: number = PAGE_ROWS,
  ): AsyncGenerator<readonly TradeEvent[], void, void> {
    let next: number = from_id;
    while (next <= to_id) {
      const limit = Math.min(page_rows, to_id - next + 1);
      const page = await this.historicalTrades(symbol, next as TradeId, limit); // a safe integer ≤ to_id
      const first = page[0];
      if (!first) return;
      checkPage(symbol, next, page, next === from_id);
      const wanted = page.filter((trade) => trade.trade_id <= to_id);
      if (wanted.length > 0) yield wanted;
      next = page[page.length - 1]!.trade_id + 1;
    }
  }

  async aggTrades(symbol: string, page: Page = {}): Promise<AggTrade[]> {
    const query = { symbol, ...pageQuery(page) };
    return (await this.#get("/api/v3/aggTrades", query, 4, aggTradesBody)).body;
  }

  /** Bars of the exchange; the last may still be open. `interval` e.g. "1s", "1m". */
  async klines(symbol: string, interval: string, page: Omit<Page, "from_id"> = {}): Promise<Kline[]> {
    const query = { symbol, interval, ...pageQuery(page) };
    return (await this.#get("/api/v3/klines", query, 2, klinesBody)).body;
  }

  async bookTicker(symbol: string): Promise<BookTicker> {
    return (await this.#get("/api/v3/ticker/bookTicker", { symbol }, 2, bookTickerBody)).body;
  }

  /** Its best bid and ask are those of `bookTicker`. */
  async ticker24h(symbol: string): Promise<DayTicker> {
    return (await this.#get("/api/v3/ticker/24hr", { symbol }, 2, dayTickerBody)).body;
  }

  async serverTime(): Promise<Micros> {
    return (await this.#get("/api/v3/time", {}, 1, serverTimeBody)).body.serverTime;
  }

  /** Tick, step and the weight limit, which this client keeps to from then on. */
  async exchangeInfo(symbol: string): Promise<SymbolInfo> {
    const path = "/api/v3/exchangeInfo";
    const { body } = await this.#get(path, { symbol }, 20, exchangeInfoBody);
    const info = body.symbols.find((entry) => entry.symbol === symbol);
    const tick_size_e8 = info?.filters.find((filter) => filter.filterType === "PRICE_FILTER")?.tickSize;
    const step_size_e8 = info?.filters.find((filter) => filter.filterType === "LOT_SIZE")?.stepSize;
    if (!info || tick_size_e8 === undefined || step_size_e8 === undefined) {
      return fail("REST_BODY", `expected ${symbol} with PRICE_FILTER and LOT_SIZE in ${path}, was without`);
    }
    const limit = body.rateLimits.find(
      (entry) =>
        entry.rateLimitType === "REQUEST_WEIGHT" && entry.interval === "MINUTE" && entry.intervalNum === 1,
    )?.limit;
    if (limit !== undefined && limit > 0) this.#transport.weight_per_min = limit;
    const { weight_per_min } = this.#transport;
    return { symbol, status: info.status, tick_size_e8, step_size_e8, weight_per_min };
  }

  /** Refuses what waits, aborts what is on its way. May be called twice. */
  async close(): Promise<void> {
    this.#transport.close();
  }

  async #trades(path: string, symbol: string, query: Query): Promise<TradeEvent[]> {
    const { body, received_us } = await this.#get(path, { symbol, ...query }, 25, tradesBody);
    return body.map((row): TradeEvent => ({ kind: "trade", symbol, epoch: 0, received_us, ...row }));
  }

  async #get<T>(
    path: string,
    query: Query,
    weight: number,
    schema: z.ZodType<T>,
  ): Promise<{ body: T; received_us: Micros }> {
    const url = urlOf(this.#origin, path, query);
    const { text, received_us } = await this.#transport.get(url, weight, this.#signal);
    return { body: readBodyText(schema, text, url), received_us };
  }
}

function urlOf(origin: string, path: string, query: Query): string {
  const url = new URL(path, origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function pageQuery(page: Page): Query {
  return { fromId: page.from_id, startTime: page.start_us, endTime: page.end_us, limit: page.limit };
}

/** The exchange starts silently later where it has not kept the id asked for: that must not look like data. */
function checkPage(symbol: string, from_id: number, page: readonly TradeEvent[], is_first: boolean): void {
  let last = from_id - 1;
  for (const trade of page) {
    if (trade.trade_id <= last) {
      fail("REST_BODY", `${symbol} trades expected an id above ${last}, was ${trade.trade_id}`);
    }
    last = trade.trade_id;
  }
  const first = page[0]?.trade_id;
  if (is_first && first !== from_id) {
    const message =
      `${symbol} trades from id ${from_id}: the exchange's history starts at ${first}; ` +
      "take older trades from the archives at data.binance.vision";
    fail("REST_BODY", message, { details: { from_id, first_id: first } });
  }
}
