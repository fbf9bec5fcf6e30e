/** The tables that are written, column by column, and the one statement that writes each. */

import { believable, leased, type TableName, table, US, type WriteTable } from "./table.ts";

/**
 * A break is written again when it has ended and when its trades have been fetched: then, and only then, the
 * row changes.
 */
function disconnects(): WriteTable {
  const base = table("disconnects", {
    symbol: "text",
    ts: "us",
    reason: "text",
    received_at: "us",
    filled_at: "us",
    stream: "text",
    until: "us",
    noticed: "us",
    fillable: "bool",
  });
  const insert = `insert into disconnects (symbol, ts, reason, received_at, filled_at, stream, until, noticed, fillable)
select
  row.symbol,
  timestamptz 'epoch' + row.ts * ${US},
  min(row.reason),
  timestamptz 'epoch' + row.received_at * ${US},
  timestamptz 'epoch' + min(row.filled_at) * ${US},
  coalesce(row.stream, 'all'),
  timestamptz 'epoch' + min(row.until) * ${US},
  timestamptz 'epoch' + min(row.noticed) * ${US},
  coalesce(bool_and(row.fillable), true)
from unnest($1::text[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::text[], $7::int8[], $8::int8[], $9::bool[])
  as row(symbol, ts, reason, received_at, filled_at, stream, until, noticed, fillable)
where ${leased(base.columns.map(({ name }) => name))}
group by row.symbol, row.ts, row.received_at, coalesce(row.stream, 'all')
on conflict (symbol, ts, received_at, stream) do update
set
  filled_at = coalesce(disconnects.filled_at, excluded.filled_at),
  until = coalesce(disconnects.until, excluded.until),
  noticed = coalesce(disconnects.noticed, excluded.noticed),
  fillable = disconnects.fillable and excluded.fillable
where (disconnects.filled_at is null and excluded.filled_at is not null)
  or (disconnects.until is null and excluded.until is not null)
  or (disconnects.noticed is null and excluded.noticed is not null)
  or (disconnects.fillable and not excluded.fillable)`;
  return { ...base, insert };
}

/**
 * A break that is noticed late makes an outcome unknown that was taken for known: then, and only then, the row
 * changes. Whichever of the two is written first, null stays.
 */
function outcomes(): WriteTable {
  const base = table("outcomes", {
    venue: "text",
    symbol: "text",
    ts: "us",
    model_version: "text",
    horizon_s: "int4",
    realized_log_return: "float8",
    realized_price: "float8",
    joined_at: "us",
    realized_other_log_return: "float8",
    role: "text",
    label: "text",
    yhat_log_return: "float8",
    lower_log_return: "float8",
    upper_log_return: "float8",
    source: "text",
  });
  const insert = `insert into outcomes (
  venue, symbol, ts, model_version, horizon_s, realized_log_return, realized_price, joined_at, realized_other_log_return,
  role, label, yhat_log_return, lower_log_return, upper_log_return, source
)
select distinct on (1, 2, 3, 4, 5)
  coalesce(row.venue, 'binance'),
  row.symbol,
  timestamptz 'epoch' + row.ts * ${US},
  row.model_version,
  coalesce(row.horizon_s, 10),
  row.realized_log_return,
  row.realized_price,
  timestamptz 'epoch' + row.joined_at * ${US},
  row.realized_other_log_return,
  row.role,
  row.label,
  row.yhat_log_return,
  row.lower_log_return,
  row.upper_log_return,
  row.source
from unnest(
  $1::text[], $2::text[], $3::int8[], $4::text[], $5::int4[], $6::float8[], $7::float8[], $8::int8[], $9::float8[],
  $10::text[], $11::text[], $12::float8[], $13::float8[], $14::float8[], $15::text[]
) as row(
  venue, symbol, ts, model_version, horizon_s, realized_log_return, realized_price, joined_at, realized_other_log_return,
  role, label, yhat_log_return, lower_log_return, upper_log_return, source
)
where ${leased(base.columns.map(({ name }) => name))}
order by 1, 2, 3, 4, 5, 6 nulls first, 9 nulls first
on conflict (venue, symbol, ts, model_version, horizon_s) do update
set
  realized_log_return = case when excluded.realized_log_return is not null then outcomes.realized_log_return end,
  realized_price = case when excluded.realized_log_return is not null then outcomes.realized_price end,
  joined_at = excluded.joined_at,
  realized_other_log_return = case
    when excluded.realized_other_log_return is not null then outcomes.realized_other_log_return
  end
where (outcomes.realized_log_return is not null and excluded.realized_log_return is null)
  or (outcomes.realized_other_log_return is not null and excluded.realized_other_log_return is null)`;
  return { ...base, insert };
}

const TRADES = believable(
  table(
    "trades",
    {
      symbol: "text",
      ts: "us",
      trade_id: "int8",
      price_e8: "int8",
      qty_e8: "int8",
      is_buyer_maker: "bool",
      late: "bool",
      received_at: "us",
      epoch: "int4",
      set_aside: "text",
    },
    { epoch: "0" },
  ),
  ["symbol", "trade_id", "ts"],
);

const QUOTES = believable(
  table(
    "quotes",
    {
      symbol: "text",
      ts: "us",
      update_id: "int8",
      bid_price_e8: "int8",
      bid_qty_e8: "int8",
      ask_price_e8: "int8",
      ask_qty_e8: "int8",
      late: "bool",
      received_at: "us",
      epoch: "int4",
      set_aside: "text",
    },
    { epoch: "0" },
  ),
  ["symbol", "update_id", "ts"],
);

export const WRITE_TABLES: Readonly<Record<TableName, WriteTable>> = {
  trades: TRADES,
  quotes: QUOTES,
  disconnects: disconnects(),
  look_backs: table("look_backs", {
    symbol: "text",
    taken_at: "us",
    asked_at: "us",
    complete_from: "us",
    epoch: "int4",
    first_trade_id: "int8",
    reason: "text",
  }),
  book_1s: table("book_1s", {
    symbol: "text",
    sec: "us",
    bid_qty_top5_e8: "int8",
    ask_qty_top5_e8: "int8",
    bid_qty_top20_e8: "int8",
    ask_qty_top20_e8: "int8",
    received_at: "us",
    exact_e8: "numerics",
  }),
  features_live: table("features_live", {
    symbol: "text",
    ts: "us",
    feature_set: "text",
    set_hash: "text",
    warm: "bool",
    values: "floats",
    closed_at: "us",
  }),
  predictions: table(
    "predictions",
    {
      venue: "text",
      symbol: "text",
      ts: "us",
      model_version: "text",
      role: "text",
      horizon_s: "int4",
      yhat_log_return: "float8",
      current_price: "float8",
      predicted_price: "float8",
      feature_set: "text",
      set_hash: "text",
      source: "text",
      features_age_ms: "float8",
      latency_ms: "float8",
      warm: "bool",
      emitted_at: "us",
      mid_sum_e8: "int8",
      label: "text",
      close_e8: "int8",
      served: "bool",
      lower_price: "float8",
      upper_price: "float8",
      interval_coverage: "float8",
      p_up: "float8",
      confidence: "float8",
      volatility: "float8",
      lower_log_return: "float8",
      upper_log_return: "float8",
    },
    { venue: "'binance'", role: "'champion'", label: "'mid'" },
  ),
  outcomes: outcomes(),
  signals: table("signals", {
    symbol: "text",
    ts: "us",
    model_version: "text",
    role: "text",
    horizon_s: "int4",
    direction: "text",
    confidence: "float8",
    p_buy: "float8",
    p_hold: "float8",
    p_sell: "float8",
    recommendation: "text",
    position_multiplier: "float8",
    risk_level: "text",
    cost_bp: "float8",
    weights_applied: "bool",
    bid_price_e8: "int8",
    ask_price_e8: "int8",
    emitted_at: "us",
  }),
};

/** What journal lines of an earlier version call a column. */
export const EARLIER_NAMES: Partial<Record<TableName, Readonly<Record<string, string>>>> = {
  predictions: { yhat_log_return: "yhat_log_return_10s" },
  outcomes: { realized_log_return: "realized_log_return_10s" },
};
