/** Stored signals with their quotes, oldest first, page by page: what paper trading is computed from. */

import type { Sql } from "postgres";
import { type Micros, type PriceE8, priceE8, type UnixSec, unixSec } from "../../base/units.ts";
import type { LedgerTick } from "../../judge/signal/ledger.ts";
import { askedByPage } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";

export interface StoredSignalQuery {
  readonly symbol: string;
  /** Signals with from_us ≤ ts < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
}

interface Row extends Omit<LedgerTick, "ts_sec" | "bid_price_e8" | "ask_price_e8"> {
  readonly ts_sec: string;
  readonly bid_price_e8: string | null;
  readonly ask_price_e8: string | null;
}

export interface StoredSignal extends LedgerTick {
  readonly ts_sec: UnixSec;
  readonly bid_price_e8: PriceE8 | null;
  readonly ask_price_e8: PriceE8 | null;
}

/** Rejects with STORE_UNREACHABLE or STORE_QUERY. */
export async function* storedSignals(sql: Sql, query: StoredSignalQuery): AsyncGenerator<StoredSignal> {
  const text = `
    select
      us_of(ts) / 1000000 as ts_sec,
      horizon_s,
      direction,
      recommendation,
      position_multiplier,
      bid_price_e8,
      ask_price_e8
    from signals
    where symbol = $1
      and ts >= $2
      and ts < $3
    order by ts`;
  const parameters = [query.symbol, textFromMicros(query.from_us), textFromMicros(query.to_us)];
  for await (const { ts_sec, bid_price_e8, ask_price_e8, ...row } of askedByPage<Row>(
    sql,
    text,
    parameters,
  )) {
    yield {
      ...row,
      ts_sec: unixSec(Number(ts_sec)),
      bid_price_e8: priceOf(bid_price_e8),
      ask_price_e8: priceOf(ask_price_e8),
    };
  }
}

const priceOf = (text: string | null): PriceE8 | null => (text === null ? null : priceE8(Number(text)));
