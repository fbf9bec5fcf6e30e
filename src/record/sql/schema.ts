/**
 * The tables as drizzle sees them, for typed queries. The truth about them, with keys, indexes and
 * hypertables, is `sql/migrations/`; a test compares the two column by column.
 */

import { boolean, doublePrecision, integer, pgTable, pgView, primaryKey, text } from "drizzle-orm/pg-core";
import type { ModelVersion, PriceE8, SetHash, TradeId, UpdateId } from "../../base/units.ts";
import type { BrokenStream, SetAside } from "../../binance/events.ts";
import type { Label } from "../../features/label.ts";
import type { Direction, Recommendation, RiskLevel } from "../../judge/signal/signal_of.ts";
import type { Role } from "../../model/role.ts";
import type { ForecastSource } from "../../predict/source.ts";
import { exactInt8, qtyInt8, timestampUs } from "./columns.ts";

export const trades = pgTable(
  "trades",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    trade_id: exactInt8("trade_id").$type<TradeId>().notNull(),
    price_e8: exactInt8("price_e8").$type<PriceE8>().notNull(),
    qty_e8: qtyInt8("qty_e8").notNull(),
    is_buyer_maker: boolean("is_buyer_maker").notNull(),
    late: boolean("late").notNull().default(false),
    received_us: timestampUs("received_at").notNull(),
    first_trade_id: exactInt8("first_trade_id").$type<TradeId>(),
    epoch: integer("epoch").notNull().default(0),
    set_aside: text("set_aside").$type<SetAside>(),
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
    bid_qty_e8: qtyInt8("bid_qty_e8").notNull(),
    ask_price_e8: exactInt8("ask_price_e8").$type<PriceE8>().notNull(),
    ask_qty_e8: qtyInt8("ask_qty_e8").notNull(),
    late: boolean("late").notNull().default(false),
    received_us: timestampUs("received_at").notNull(),
    epoch: integer("epoch").notNull().default(0),
    set_aside: text("set_aside").$type<SetAside>(),
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
    until_us: timestampUs("until"),
    noticed_us: timestampUs("noticed"),
    stream: text("stream").$type<BrokenStream>().notNull().default("all"),
    fillable: boolean("fillable").notNull().default(true),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us, table.received_us, table.stream] })],
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
    yhat_log_return: doublePrecision("yhat_log_return").notNull(),
    current_price: doublePrecision("current_price").notNull(),
    predicted_price: doublePrecision("predicted_price").notNull(),
    feature_set: text("feature_set").notNull(),
    set_hash: text("set_hash").$type<SetHash>().notNull(),
    source: text("source").$type<ForecastSource>().notNull(),
    features_age_ms: doublePrecision("features_age_ms").notNull(),
    latency_ms: doublePrecision("latency_ms").notNull(),
    warm: boolean("warm").notNull(),
    emitted_at_us: timestampUs("emitted_at").notNull(),
    mid_sum_e8: exactInt8("mid_sum_e8"),
    venue: text("venue").notNull().default("binance"),
    role: text("role").$type<Role>().notNull().default("champion"),
    label: text("label").$type<Label>().notNull().default("mid"),
    close_e8: exactInt8("close_e8"),
    served: boolean("served"),
    lower_price: doublePrecision("lower_price"),
    upper_price: doublePrecision("upper_price"),
    interval_coverage: doublePrecision("interval_coverage"),
    p_up: doublePrecision("p_up"),
    confidence: doublePrecision("confidence"),
    volatility: doublePrecision("volatility"),
    lower_log_return: doublePrecision("lower_log_return"),
    upper_log_return: doublePrecision("upper_log_return"),
  },
  ({ venue, symbol, ts_us, model_version, horizon_s }) => [
    primaryKey({ columns: [venue, symbol, ts_us, model_version, horizon_s] }),
  ],
);

export const outcomes = pgTable(
  "outcomes",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    model_version: text("model_version").$type<ModelVersion>().notNull(),
    realized_log_return: doublePrecision("realized_log_return"),
    realized_price: doublePrecision("realized_price"),
    joined_us: timestampUs("joined_at").notNull(),
    venue: text("venue").notNull().default("binance"),
    horizon_s: integer("horizon_s").notNull(),
    realized_other_log_return: doublePrecision("realized_other_log_return"),
    role: text("role").$type<Role>(),
    label: text("label").$type<Label>(),
    yhat_log_return: doublePrecision("yhat_log_return"),
    lower_log_return: doublePrecision("lower_log_return"),
    upper_log_return: doublePrecision("upper_log_return"),
    source: text("source").$type<ForecastSource>(),
  },
  ({ venue, symbol, ts_us, model_version, horizon_s }) => [
    primaryKey({ columns: [venue, symbol, ts_us, model_version, horizon_s] }),
  ],
);

export const signals = pgTable(
  "signals",
  {
    symbol: text("symbol").notNull(),
    ts_us: timestampUs("ts").notNull(),
    model_version: text("model_version").$type<ModelVersion>().notNull(),
    role: text("role").$type<Role>().notNull(),
    horizon_s: integer("horizon_s").notNull(),
    direction: text("direction").$type<Direction>().notNull(),
    confidence: doublePrecision("confidence").notNull(),
    p_buy: doublePrecision("p_buy").notNull(),
    p_hold: doublePrecision("p_hold").notNull(),
    p_sell: doublePrecision("p_sell").notNull(),
    recommendation: text("recommendation").$type<Recommendation>().notNull(),
    position_multiplier: doublePrecision("position_multiplier").notNull(),
    risk_level: text("risk_level").$type<RiskLevel>().notNull(),
    cost_bp: doublePrecision("cost_bp").notNull(),
    weights_applied: boolean("weights_applied").notNull(),
    bid_price_e8: exactInt8("bid_price_e8").$type<PriceE8>(),
    ask_price_e8: exactInt8("ask_price_e8").$type<PriceE8>(),
    emitted_at_us: timestampUs("emitted_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.ts_us] })],
);

export const prediction_outcomes = pgView("prediction_outcomes", {
  venue: text("venue").notNull(),
  symbol: text("symbol").notNull(),
  ts_us: timestampUs("ts").notNull(),
  model_version: text("model_version").$type<ModelVersion>().notNull(),
  role: text("role").$type<Role>().notNull(),
  horizon_s: integer("horizon_s").notNull(),
  label: text("label").$type<Label>().notNull(),
  yhat_log_return: doublePrecision("yhat_log_return").notNull(),
  realized_log_return: doublePrecision("realized_log_return"),
  realized_mid_log_return: doublePrecision("realized_mid_log_return"),
  realized_last_log_return: doublePrecision("realized_last_log_return"),
  yhat_log_return_10s: doublePrecision("yhat_log_return_10s"),
  realized_log_return_10s: doublePrecision("realized_log_return_10s"),
  yhat_log_return_60s: doublePrecision("yhat_log_return_60s"),
  realized_log_return_60s: doublePrecision("realized_log_return_60s"),
  error: doublePrecision("error"),
  hit: boolean("hit"),
  current_price: doublePrecision("current_price").notNull(),
  predicted_price: doublePrecision("predicted_price").notNull(),
  realized_price: doublePrecision("realized_price"),
  feature_set: text("feature_set").notNull(),
  set_hash: text("set_hash").$type<SetHash>().notNull(),
  source: text("source").$type<ForecastSource>().notNull(),
  features_age_ms: doublePrecision("features_age_ms").notNull(),
  latency_ms: doublePrecision("latency_ms").notNull(),
  warm: boolean("warm").notNull(),
  emitted_at_us: timestampUs("emitted_at").notNull(),
  joined_us: timestampUs("joined_at"),
  mid_sum_e8: exactInt8("mid_sum_e8"),
  close_e8: exactInt8("close_e8"),
  served: boolean("served").notNull(),
  lower_price: doublePrecision("lower_price"),
  upper_price: doublePrecision("upper_price"),
  interval_coverage: doublePrecision("interval_coverage"),
  p_up: doublePrecision("p_up"),
  confidence: doublePrecision("confidence"),
  volatility: doublePrecision("volatility"),
  inside: boolean("inside"),
  lower_log_return: doublePrecision("lower_log_return"),
  upper_log_return: doublePrecision("upper_log_return"),
}).existing();
