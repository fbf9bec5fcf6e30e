/**
 * The tables as drizzle sees them, for typed queries. The truth about them, with keys, indexes and
 * hypertables, is `sql/migrations/`; a test compares the two column by column.
 */

import { boolean, doublePrecision, integer, pgTable, pgView, primaryKey, text } from "drizzle-orm/pg-core";
import type { ModelVersion, PriceE8, QtyE8, SetHash, TradeId, UpdateId } from "../base/units.ts";
import type { InferenceSource } from "../model/model.ts";
import { exactInt8, timestampUs } from "./columns.ts";

export const trades = pgTable(
  "trades",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    trade_id: exactInt8("trade_id").$type<TradeId>().notNull(),
    price_e8: exactInt8("price_e8").$type<PriceE8>().notNull(),
    qty_e8: exactInt8("qty_e8").$type<QtyE8>().notNull(),
    is_buyer_maker: boolean("is_buyer_maker").notNull(),
    late: boolean("late").notNull().default(false),
    received_us: timestampUs("received_at").notNull(),
    first_trade_id: exactInt8("first_trade_id").$type<TradeId>(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.trade_id, table.ts_us] })],
);

export const quotes = pgTable(
  "quotes",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    update_id: exactInt8("update_id").$type<UpdateId>().notNull(),
    bid_price_e8: exactInt8("bid_price_e8").$type<PriceE8>().notNull(),
    bid_qty_e8: exactInt8("bid_qty_e8").$type<QtyE8>().notNull(),
    ask_price_e8: exactInt8("ask_price_e8").$type<PriceE8>().notNull(),
    ask_qty_e8: exactInt8("ask_qty_e8").$type<QtyE8>().notNull(),
    late: boolean("late").notNull().default(false),
    received_us: timestampUs("received_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.update_id, table.ts_us] })],
);

export const disconnects = pgTable(
  "disconnects",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    reason: text("reason").notNull(),
    received_us: timestampUs("received_at").notNull(),
    filled_us: timestampUs("filled_at"),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us, table.received_us] })],
);

export const features_live = pgTable(
  "features_live",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    feature_set: text("feature_set").notNull(),
    set_hash: text("set_hash").$type<SetHash>().notNull(),
    warm: boolean("warm").notNull(),
    values: doublePrecision("values").array().$type<(number | null)[]>().notNull(),
    closed_us: timestampUs("closed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us, table.feature_set, table.set_hash] })],
);

export const predictions = pgTable(
  "predictions",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    model_version: text("model_version").$type<ModelVersion>().notNull(),
    horizon_s: integer("horizon_s").notNull(),
    yhat_log_return_10s: doublePrecision("yhat_log_return_10s").notNull(),
    current_price: doublePrecision("current_price").notNull(),
    predicted_price: doublePrecision("predicted_price").notNull(),
    feature_set: text("feature_set").notNull(),
    set_hash: text("set_hash").$type<SetHash>().notNull(),
    source: text("source").$type<InferenceSource>().notNull(),
    features_age_ms: doublePrecision("features_age_ms").notNull(),
    latency_ms: doublePrecision("latency_ms").notNull(),
    warm: boolean("warm").notNull(),
    emitted_at_us: timestampUs("emitted_at").notNull(),
    mid_sum_e8: exactInt8("mid_sum_e8").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us, table.model_version] })],
);

export const outcomes = pgTable(
  "outcomes",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    model_version: text("model_version").$type<ModelVersion>().notNull(),
    realized_log_return_10s: doublePrecision("realized_log_return_10s"),
    realized_price: doublePrecision("realized_price"),
    joined_us: timestampUs("joined_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us, table.model_version] })],
);

export const prediction_outcomes = pgView("prediction_outcomes", {
  symbol: text("symbol").notNull(),
  ts_us: timestampUs("ts").notNull(),
  model_version: text("model_version").$type<ModelVersion>().notNull(),
  horizon_s: integer("horizon_s").notNull(),
  yhat_log_return_10s: doublePrecision("yhat_log_return_10s").notNull(),
  realized_log_return_10s: doublePrecision("realized_log_return_10s"),
  error: doublePrecision("error"),
  hit: boolean("hit"),
  current_price: doublePrecision("current_price").notNull(),
  predicted_price: doublePrecision("predicted_price").notNull(),
  realized_price: doublePrecision("realized_price"),
  feature_set: text("feature_set").notNull(),
  set_hash: text("set_hash").$type<SetHash>().notNull(),
  source: text("source").$type<InferenceSource>().notNull(),
  features_age_ms: doublePrecision("features_age_ms").notNull(),
  latency_ms: doublePrecision("latency_ms").notNull(),
  warm: boolean("warm").notNull(),
  emitted_at_us: timestampUs("emitted_at").notNull(),
  joined_us: timestampUs("joined_at"),
  mid_sum_e8: exactInt8("mid_sum_e8").notNull(),
}).existing();
