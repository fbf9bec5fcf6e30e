/**
 * What the service asks of its store. Long answers come page by page through a cursor, so that memory stays
 * bounded whatever the range. A range is `from_us ≤ ts < to_us`. Every method rejects with STORE_UNREACHABLE
 * or STORE_QUERY where the database does not answer.
 */

import { and, asc, desc, eq, gt, gte, isNull, lt, lte, or, type SQL } from "drizzle-orm";
import { LIMITS } from "../base/limits.ts";
import { type Micros, type TradeId, tradeId } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../binance/events.ts";
import type { Database } from "./database.ts";
import type { AbsentRange, FillHistory, Received, StoredTrade } from "./fill_history.ts";
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
import { asked, askedByPage } from "./sql/asked.ts";
import { exactNumber } from "./sql/columns.ts";
import { disconnects, features_live, quotes, trades } from "./sql/schema.ts";
import { microsFromText, textFromMicros } from "./sql/time_text.ts";

export interface TimeRange {
  readonly symbol: string;
  readonly from_us: Micros;
  readonly to_us: Micros;
}

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

  /** By epoch and trade id, which is the order of trades. As the next two, without aggregates: they are no events. */
  tradesSince(symbol: string, from_us: Micros): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and ts >= $2 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by epoch, trade_id`;
    return this.#stream(text, [symbol, textFromMicros(from_us)], storedTrade);
  }

  tradesBetween(range: TimeRange): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and ts >= $2 and ts < $3 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by epoch, trade_id`;
    return this.#stream(text, parametersOf(range), storedTrade);
  }

  /** Trades with from ≤ id ≤ to. */
  tradesById(symbol: string, from: TradeId, to: TradeId): AsyncGenerator<StoredTrade> {
    const where = "symbol = $1 and trade_id between $2 and $3 and first_trade_id is null";
    const text = `select ${TRADE_COLUMNS} from trades where ${where} order by epoch, trade_id`;
    return this.#stream(text, [symbol, String(from), String(to)], storedTrade);
  }

  /** By epoch and update id. Without those no bar of the live path holds: late ones and those set aside. */
  quotesSince(symbol: string, from_us: Micros): AsyncGenerator<QuoteEvent> {
    const where = "symbol = $1 and ts >= $2 and not late and set_aside is null";
    const text = `select ${QUOTE_COLUMNS} from quotes where ${where} order by epoch, update_id`;
    return this.#stream(text, [symbol, textFromMicros(from_us)], quoteEvent);
  }

  /** By epoch and update id, late ones and those set aside too. */
  quotesBetween(range: TimeRange): AsyncGenerator<QuoteEvent> {
    const where = "symbol = $1 and ts >= $2 and ts < $3";
    const text = `select ${QUOTE_COLUMNS} from quotes where ${where} order by epoch, update_id`;
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

  async lastTrade(symbol: string, before_us?: Micros, own?: Received): Promise<TradeEvent | undefined> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(trades)
        .where(
          and(
            eq(trades.symbol, symbol),
            isNull(trades.set_aside),
            before_us === undefined ? undefined : lt(trades.ts_us, before_us),
            own && or(lt(trades.received_us, own.from_us), gt(trades.received_us, own.until_us)),
          ),
        )
        .orderBy(desc(trades.ts_us), desc(trades.epoch), desc(trades.trade_id))
        .limit(1),
    );
    if (!rows[0]) return undefined;
    const { late: _, set_aside: __, ...trade } = rows[0];
    return { kind: "trade", ...trade };
  }

  async lastQuote(symbol: string, before_us?: Micros, own?: Received): Promise<QuoteEvent | undefined> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(quotes)
        .where(
          and(
            eq(quotes.symbol, symbol),
            isNull(quotes.set_aside),
            before_us === undefined ? undefined : lt(quotes.ts_us, before_us),
            own && or(lt(quotes.received_us, own.from_us), gt(quotes.received_us, own.until_us)),
          ),
        )
        .orderBy(desc(quotes.ts_us), desc(quotes.epoch), desc(quotes.update_id))
        .limit(1),
    );
    if (!rows[0]) return undefined;
    const { late: _, set_aside: __, ...quote } = rows[0];
    return { kind: "quote", ...quote };
  }

  async absentTrades(symbol: string): Promise<AbsentRange[]> {
    const rows = await asked(
      this.#database.sql<{ epoch: number; from_id: string; to_id: string }[]>`
        select epoch, from_id, to_id
        from absent_trades
        where symbol = ${symbol} and answers >= ${LIMITS.repair_absent_answers}
        order by epoch, from_id`,
    );
    return rows.map(({ epoch, from_id, to_id }) => ({
      ...{ epoch, from: tradeId(Number(from_id)), to: tradeId(Number(to_id)) },
    }));
  }

  async lastVectorAt(symbol: string, before_us?: Micros): Promise<Micros | undefined> {
    const rows = await asked(
      this.#database.db
        .select({ ts_us: features_live.ts_us })
        .from(features_live)
        .where(
          and(
            eq(features_live.symbol, symbol),
            before_us === undefined ? undefined : lte(features_live.ts_us, before_us),
          ),
        )
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

  /** Those that end or begin at `from_us` or later; by time, then by when they were noticed. */
  async disconnectsSince(symbol: string, from_us: Micros): Promise<DisconnectEvent[]> {
    const { ts_us, until_us } = disconnects;
    const where = and(eq(disconnects.symbol, symbol), or(gte(ts_us, from_us), gte(until_us, from_us)));
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

  async #disconnects(where: SQL | undefined): Promise<StoredDisconnect[]> {
    const rows = await asked(
      this.#database.db
        .select()
        .from(disconnects)
        .where(where)
        .orderBy(asc(disconnects.ts_us), asc(disconnects.received_us)),
    );
    return rows.map(({ filled_us, until_us, noticed_us, stream, fillable, ...event }) => ({
      event: {
        kind: "disconnect",
        ...event,
        ...(stream === "all" ? {} : { stream }),
        ...(until_us === null ? {} : { until_us }),
        ...(noticed_us === null ? {} : { noticed_us }),
        ...(fillable ? {} : { fillable }),
      },
      filled_us,
    }));
  }

  async *#stream<Row extends object, Item>(
    text: string,
    parameters: string[],
    itemOf: (row: Row) => Item,
  ): AsyncGenerator<Item> {
    for await (const row of askedByPage<Row>(this.#database.sql, text, parameters)) yield itemOf(row);
  }
}

function parametersOf({ symbol, from_us, to_us }: TimeRange): string[] {
  return [symbol, textFromMicros(from_us), textFromMicros(to_us)];
}
