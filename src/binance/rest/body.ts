/**
 * What the REST API answers, checked field by field at the edge: decimal strings become integers at 1e-8
 * without passing through a float, times must be microseconds. Source:
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
 */

import { z } from "zod";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import {
  type Int64,
  type Micros,
  micros,
  type PriceE8,
  parseE8,
  parseQtyE8,
  priceE8,
  type QtyE8,
  type TradeId,
  tradeId,
  updateId,
} from "../../base/units.ts";
import { type Levels, levelsOf } from "../events.ts";

/** Runs a unit's constructor inside a schema: its refusal becomes the field's. */
function checked<In, Out>(convert: (value: In) => Out): (value: In, context: z.RefinementCtx<In>) => Out {
  return (value, context) => {
    try {
      return convert(value);
    } catch (error) {
      const params = { code: error instanceof ForetickError ? error.code : undefined };
      context.addIssue({ code: "custom", message: describeError(error), params });
      return z.NEVER;
    }
  };
}

// 1e14 µs is 1973; the same moment in milliseconds is the year 5138. Nothing real is between.
const MICROS_MIN = 1e14;

const price = z.string().transform(checked<string, PriceE8>((text) => priceE8(parseE8("price", text))));
const qty = z.string().transform(checked<string, QtyE8>((text) => parseQtyE8("quantity", text)));
const trade_id = z.int().transform(checked<number, TradeId>(tradeId));
const time = z
  .int()
  .min(MICROS_MIN, "expected microseconds: the server did not honour X-MBX-TIME-UNIT")
  .transform(checked<number, Micros>(micros));

/** An unbounded sum (a day's quote volume passes 2^53 at 1e-8). */
const volume = z
  .string()
  .regex(/^\d+(\.\d{0,8})?$/, "expected a decimal with at most 8 places")
  .transform((text) => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(8, "0"));
  });

export const tradesBody = z.array(
  z.object({ id: trade_id, price, qty, time, isBuyerMaker: z.boolean() }).transform((row) => ({
    trade_id: row.id,
    ts_us: row.time,
    price_e8: row.price,
    qty_e8: row.qty,
    is_buyer_maker: row.isBuyerMaker,
  })),
);

export const aggTradesBody = z.array(
  z.object({ a: z.int(), p: price, q: qty, f: trade_id, l: trade_id, T: time, m: z.boolean() }).transform(
    (row): AggTrade => ({
      agg_trade_id: row.a,
      ts_us: row.T,
      price_e8: row.p,
      qty_e8: row.q,
      first_trade_id: row.f,
      last_trade_id: row.l,
      is_buyer_maker: row.m,
    }),
  ),
);

/** Trades of one taker order at one price. */
export interface AggTrade {
  /** Not a trade id: its own sequence. */
  readonly agg_trade_id: number;
  readonly ts_us: Micros;
  readonly price_e8: PriceE8;
  readonly qty_e8: QtyE8;
  readonly first_trade_id: TradeId;
  readonly last_trade_id: TradeId;
  readonly is_buyer_maker: boolean;
}

/** One bar of the exchange's own making. Volumes are e8 bigints: a day's does not fit a number. */
export interface Kline {
  readonly open_time_us: Micros;
  readonly close_time_us: Micros;
  readonly open_price_e8: PriceE8;
  readonly high_price_e8: PriceE8;
  readonly low_price_e8: PriceE8;
  readonly close_price_e8: PriceE8;
  readonly volume_e8: bigint;
  readonly quote_volume_e8: bigint;
  readonly taker_buy_volume_e8: bigint;
  readonly taker_buy_quote_volume_e8: bigint;
  readonly trade_count: number;
}

export const klinesBody = z.array(
  z
    .tuple([time, price, price, price, price, volume, time, volume, z.int(), volume, volume, z.unknown()])
    .transform(
      (row): Kline => ({
        open_time_us: row[0],
        open_price_e8: row[1],
        high_price_e8: row[2],
        low_price_e8: row[3],
        close_price_e8: row[4],
        volume_e8: row[5],
        close_time_us: row[6],
        quote_volume_e8: row[7],
        trade_count: row[8],
        taker_buy_volume_e8: row[9],
        taker_buy_quote_volume_e8: row[10],
      }),
    ),
);

// Up to 10,000 levels: flat numbers at once, instead of a validated tuple each.
const levels = z.array(z.unknown()).transform((rows, context): Levels => {
  const flat: Int64[] = [];
  for (let index = 0; index < rows.length; index += 1) {
    const row: unknown = rows[index];
    const pair: readonly unknown[] = Array.isArray(row) ? row : [];
    const [price_text, qty_text] = pair;
    if (typeof price_text !== "string" || typeof qty_text !== "string") {
      context.addIssue({ code: "custom", path: [index], message: "expected [price, quantity] as strings" });
      return z.NEVER;
    }
    try {
      flat.push(priceE8(parseE8("price", price_text)), parseQtyE8("quantity", qty_text));
    } catch (error) {
      context.addIssue({ code: "custom", path: [index], message: describeError(error) });
      return z.NEVER;
    }
  }
  return levelsOf(flat);
});

export const depthBody = z.object({
  lastUpdateId: z.int().transform(checked(updateId)),
  bids: levels,
  asks: levels,
});

export const serverTimeBody = z.object({ serverTime: time });

export interface BookTicker {
  readonly bid_price_e8: PriceE8;
  readonly bid_qty_e8: QtyE8;
  readonly ask_price_e8: PriceE8;
  readonly ask_qty_e8: QtyE8;
}

export const bookTickerBody = z
  .object({ bidPrice: price, bidQty: qty, askPrice: price, askQty: qty })
  .transform(
    (row): BookTicker => ({
      bid_price_e8: row.bidPrice,
      bid_qty_e8: row.bidQty,
      ask_price_e8: row.askPrice,
      ask_qty_e8: row.askQty,
    }),
  );

/** What a day has seen, until now. */
export interface DayTicker {
  /** Exchange time of the answer. */
  readonly at_us: Micros;
  readonly last_e8: PriceE8;
  readonly bid_e8: PriceE8;
  readonly ask_e8: PriceE8;
  /** Volume-weighted price of the day (e8). */
  readonly mean_e8: PriceE8;
  /** Change over the day, in percent. */
  readonly change_pct: number;
  /** Traded over the day (base asset). */
  readonly volume: number;
}

const approximate = z
  .string()
  .transform(Number)
  .refine(Number.isFinite, { error: "expected a number as a string" });

export const dayTickerBody = z
  .object({
    lastPrice: price,
    bidPrice: price,
    askPrice: price,
    weightedAvgPrice: price,
    priceChangePercent: approximate,
    volume: approximate,
    closeTime: time,
  })
  .transform(
    (row): DayTicker => ({
      at_us: row.closeTime,
      last_e8: row.lastPrice,
      bid_e8: row.bidPrice,
      ask_e8: row.askPrice,
      mean_e8: row.weightedAvgPrice,
      change_pct: row.priceChangePercent,
      volume: row.volume,
    }),
  );

export const exchangeInfoBody = z.object({
  rateLimits: z.array(
    z.object({ rateLimitType: z.string(), interval: z.string(), intervalNum: z.int(), limit: z.int() }),
  ),
  symbols: z.array(
    z.object({
      symbol: z.string(),
      status: z.string(),
      filters: z.array(
        z.object({ filterType: z.string(), tickSize: price.optional(), stepSize: qty.optional() }),
      ),
    }),
  ),
});

export const refusalBody = z.object({ code: z.number(), msg: z.string() });

/**
 * An answer's text as what the schema says.
 * @throws ForetickError REST_BODY: no JSON, or naming the first field that is not what it should be.
 */
export function readBodyText<T>(schema: z.ZodType<T>, text: string, url: string): T {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    const start = JSON.stringify(text.slice(0, 80));
    return fail("REST_BODY", `expected JSON from ${url}, was ${start}; is this the exchange?`, { cause });
  }
  return readBody(schema, body, url);
}

function readBody<T>(schema: z.ZodType<T>, body: unknown, url: string): T {
  const result = parsedBy(schema, body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.length ? issue.path.join(".") : "the body";
  const refused = issue?.code === "custom" ? issue.params?.code : undefined;
  return fail("REST_BODY", `${field} of ${url}: ${issue?.message ?? "expected another shape"}`, {
    details: { field, url, ...(refused === undefined ? {} : { refused }) },
  });
}
