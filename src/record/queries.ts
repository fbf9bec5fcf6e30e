/**
 * What the service asks of its store. Long answers come page by page through a cursor, so that memory stays
 * bounded whatever the range. A range is `from_us ≤ ts < to_us`. Every method rejects with STORE_UNREACHABLE
 * or STORE_QUERY where the database does not answer.
 */

import { and, asc, desc, eq, gte, lt, type SQL } from "drizzle-orm";
import { LIMITS } from "../base/limits.ts";
import { type Micros, secondOf, type TradeId, tradeId } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent } from "../binance/events.ts";
import type { Outcome, Prediction } from "../predict/prediction.ts";
import { exactNumber } from "./columns.ts";
import type { Database } from "./database.ts";
import type { FillHistory, StoredTrade } from "./fill.ts";
import {
  QUOTE_COLUMNS,
  quoteEvent,
  type StoredDisconnect,
  type StoredVector,
  storedTrade,
  storedVector,
  TRADE_COLUMNS,
  type VectorRow,
} from "./market_rows.ts";
import { disconnects, features_live, prediction_outcomes, quotes, trades } from "./schema.ts";
import { storeError } from "./store_errors.ts";
import { microsFromText, textFromMicros } from "./time_text.ts";

export interface TimeRange {
  readonly symbol: string;
  readonly from_us: Micros;
  readonly to_us: Micros;
}

/** A prediction and what came of it; both realised fields are null until it is known, and across a gap. */
export type StoredPrediction = Prediction & Pick<Outcome, "realized_log_return_10s" | "realized_price">;

/** Ids from `from` to `to` are not stored, though those on either side are. */
export interface TradeIdGap {
  readonly from: TradeId;
  readonly to: TradeId;
  readonly before_us: Micros;
  readonly after_us: Micros;
}

export class Queries implements FillHistory {
  readonly #database: Pick<Database, "db" | "sql">;

  constructor(database: Pick<Database, "db" | "sql">) {
    this.#database = database;
  }

  /** The newest `limit` predictions with their outcomes, oldest first. */
  latestPredictions(query: { symbol: string; limit: number }): Promise<StoredPrediction[]> {
    return this.#predictions(eq(prediction_outcomes.symbol, query.symbol), query.limit);
  }

  /** The newest `limit` predictions of the range with their outcomes, oldest first. */
  predictions(query: TimeRange & { readonly limit: number }): Promise<StoredPrediction[]> {
    const { symbol, ts_us } = prediction_outcomes;
    const range = and(eq(symbol, query.symbol), gte(ts_us, query.from_us), lt(ts_us, query.to_us));
    return this.#predictions(range, query.limit);
  }

  /** By trade id, which is the order of trades. As the next two, without aggregates: they are no events. */
  tradesSince(symbol: string, from_us: Micros): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and ts >= $2 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by trade_id`;
    return this.#stream(text, [symbol, textFromMicros(from_us)], storedTrade);
  }

  tradesBetween(range: TimeRange): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and ts >= $2 and ts < $3 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by trade_id`;
    return this.#stream(text, parametersOf(range), storedTrade);
  }

  /** Trades with from ≤ id ≤ to. */
  tradesById(symbol: string, from: TradeId, to: TradeId): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and trade_id between $2 and $3 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by trade_id`;
    return this.#stream(text, [symbol, String(from), String(to)], storedTrade);
  }

  /** By update id. Without those that came after their second was closed: no bar of the live path holds them. */
  quotesSince(symbol: string, from_us: Micros): AsyncGenerator<QuoteEvent> {
    const where = "symbol = $1 and ts >= $2 and not late";
    const text = `select ${QUOTE_COLUMNS} from quotes where ${where} order by update_id`;
    return this.#stream(text, [symbol, textFromMicros(from_us)], quoteEvent);
  }

  /** By update id, late ones too. */
  quotesBetween(range: TimeRange): AsyncGenerator<QuoteEvent> {
    const where = "symbol = $1 and ts >= $2 and ts < $3";
    const text = `select ${QUOTE_COLUMNS} from quotes where ${where} order by update_id`;
    return this.#stream(text, parametersOf(range), quoteEvent);
  }

  /** By time. */
  featureVectors(query: TimeRange & { readonly feature_set: string }): AsyncGenerator<StoredVector> {
    const text = `
      select symbol, ts, feature_set, set_hash, warm, values, closed_at
      from features_live
      where symbol = $1 and ts >= $2 and ts < $3 and feature_set = $4
      order by ts, set_hash`;
    return this.#stream<VectorRow, StoredVector>(
      text,
      [...parametersOf(query), query.feature_set],
      storedVector,
    );
  }

  async lastQuote(symbol: string): Promise<QuoteEvent | undefined> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(quotes)
        .where(eq(quotes.symbol, symbol))
        .orderBy(desc(quotes.ts_us), desc(quotes.update_id))
        .limit(1),
    );
    if (!rows[0]) return undefined;
    const { late: _, ...quote } = rows[0];
    return { kind: "quote", ...quote };
  }

  async lastVectorAt(symbol: string): Promise<Micros | undefined> {
    const rows = await asked(
      this.#database.db
        .select({ ts_us: features_live.ts_us })
        .from(features_live)
        .where(eq(features_live.symbol, symbol))
        .orderBy(desc(features_live.ts_us))
        .limit(1),
    );
    return rows[0]?.ts_us;
  }

  async highestTradeId(symbol: string): Promise<TradeId | undefined> {
    const rows = await asked(
      this.#database.db
        .select({ trade_id: trades.trade_id })
        .from(trades)
        .where(eq(trades.symbol, symbol))
        .orderBy(desc(trades.trade_id))
        .limit(1),
    );
    return rows[0]?.trade_id;
  }

  /** By time, then by when they were noticed. */
  async disconnectsSince(symbol: string, from_us: Micros): Promise<DisconnectEvent[]> {
    const where = and(eq(disconnects.symbol, symbol), gte(disconnects.ts_us, from_us));
    return (await this.#disconnects(where)).map(({ event }) => event);
  }

  disconnectsBetween({ symbol, from_us, to_us }: TimeRange): Promise<StoredDisconnect[]> {
    const { ts_us } = disconnects;
    return this.#disconnects(and(eq(disconnects.symbol, symbol), gte(ts_us, from_us), lt(ts_us, to_us)));
  }

  /** Missing ids between the first and the last trade stored in the range. */
  async tradeIdGaps(range: TimeRange): Promise<TradeIdGap[]> {
    const text = `
      select before_id, before_ts, trade_id, ts
      from (
        select
          coalesce(first_trade_id, trade_id) as trade_id,
          ts,
          lag(trade_id) over by_id as before_id,
          lag(ts) over by_id as before_ts
        from trades
        where symbol = $1 and ts >= $2 and ts < $3
        window by_id as (order by trades.trade_id)
      ) as neighbours
      where trade_id > before_id + 1
      order by trade_id`;
    const rows = await asked(
      this.#database.sql.unsafe<{ before_id: string; before_ts: string; trade_id: string; ts: string }[]>(
        text,
        parametersOf(range),
      ),
    );
    return rows.map((row) => ({
      from: tradeId(exactNumber(row.before_id) + 1),
      to: tradeId(exactNumber(row.trade_id) - 1),
      before_us: microsFromText(row.before_ts),
      after_us: microsFromText(row.ts),
    }));
  }

  async #predictions(where: SQL | undefined, limit: number): Promise<StoredPrediction[]> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(prediction_outcomes)
        .where(where)
        .orderBy(desc(prediction_outcomes.ts_us), desc(prediction_outcomes.model_version))
        .limit(Math.min(limit, LIMITS.query_rows_max)),
    );
    return rows.reverse().map(({ ts_us, error: _, hit: __, joined_us: ___, ...row }) => ({
      ...row,
      ts_sec: secondOf(ts_us),
    }));
  }

  async #disconnects(where: SQL | undefined): Promise<StoredDisconnect[]> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(disconnects)
        .where(where)
        .orderBy(asc(disconnects.ts_us), asc(disconnects.received_us)),
    );
    return rows.map(({ filled_us, ...event }) => ({ event: { kind: "disconnect", ...event }, filled_us }));
  }

  /** Rows one by one, fetched page by page. The query ends where the consumer stops. */
  async *#stream<Row extends object, Item>(
    text: string,
    parameters: string[],
    itemOf: (row: Row) => Item,
  ): AsyncGenerator<Item> {
    try {
      const pages = this.#database.sql.unsafe<Row[]>(text, parameters).cursor(LIMITS.cursor_rows_max);
      for await (const page of pages) for (const row of page) yield itemOf(row as unknown as Row);
    } catch (error) {
      throw storeError(error, "STORE_QUERY");
    }
  }
}

function parametersOf({ symbol, from_us, to_us }: TimeRange): string[] {
  return [symbol, textFromMicros(from_us), textFromMicros(to_us)];
}

async function asked<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw storeError(error, "STORE_QUERY");
  }
}
